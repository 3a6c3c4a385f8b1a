-- A table shows its current session: set when a session starts, cleared when it ends.
-- depends: 0002.create-indexes

CREATE FUNCTION update_table_current_session() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.is_active THEN
        UPDATE tables SET current_session_id = NEW.session_id WHERE table_id = NEW.table_id;
    END IF;
    RETURN NULL;
END;
$$;

CREATE FUNCTION clear_table_current_session() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.is_active AND NOT NEW.is_active THEN
        UPDATE tables SET current_session_id = NULL WHERE table_id = NEW.table_id;
    END IF;
    RETURN NULL;
END;
$$;

CREATE TRIGGER trigger_update_table_current_session
    AFTER INSERT ON table_sessions
    FOR EACH ROW EXECUTE FUNCTION update_table_current_session();

CREATE TRIGGER trigger_clear_table_current_session
    AFTER UPDATE ON table_sessions
    FOR EACH ROW EXECUTE FUNCTION clear_table_current_session();
