ALTER TABLE tables DROP CONSTRAINT tables_current_session_id_fkey;
DROP TRIGGER trigger_clear_deleted_current_session ON table_sessions;
CREATE OR REPLACE FUNCTION clear_table_current_session() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.is_active AND NOT NEW.is_active THEN
        UPDATE tables SET current_session_id = NULL WHERE table_id = NEW.table_id;
    END IF;
    RETURN NULL;
END;
$$;

