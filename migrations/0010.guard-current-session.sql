-- A table's current session is always its one active session. The first trigger cleared it when any session ended, so
-- ending an old session could hide the present guests. It also ignored sessions that were re-opened, moved or deleted.
-- This migration corrects its errors. The foreign key is checked at commit, after the triggers.
-- It blocks while it runs, because it is older than the first release: no restaurant was at work.
-- squawk-ignore-file
-- depends: 0009.touch-updated-at

CREATE OR REPLACE FUNCTION clear_table_current_session() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.is_active AND (TG_OP = 'DELETE' OR NOT NEW.is_active OR NEW.table_id <> OLD.table_id) THEN
        UPDATE tables
           SET current_session_id = NULL
         WHERE table_id = OLD.table_id AND current_session_id = OLD.session_id;
    END IF;
    IF TG_OP = 'UPDATE' AND NEW.is_active AND (NOT OLD.is_active OR NEW.table_id <> OLD.table_id) THEN
        UPDATE tables SET current_session_id = NEW.session_id WHERE table_id = NEW.table_id;
    END IF;
    RETURN NULL;
END;
$$;

CREATE TRIGGER trigger_clear_deleted_current_session
    AFTER DELETE ON table_sessions
    FOR EACH ROW EXECUTE FUNCTION clear_table_current_session();

UPDATE tables
   SET current_session_id = (SELECT session_id
                               FROM table_sessions
                              WHERE table_sessions.table_id = tables.table_id AND is_active)
 WHERE current_session_id IS DISTINCT FROM (SELECT session_id
                                              FROM table_sessions
                                             WHERE table_sessions.table_id = tables.table_id AND is_active);

ALTER TABLE tables
    ADD CONSTRAINT tables_current_session_id_fkey
        FOREIGN KEY (table_id, current_session_id) REFERENCES table_sessions (table_id, session_id)
        DEFERRABLE INITIALLY DEFERRED;
