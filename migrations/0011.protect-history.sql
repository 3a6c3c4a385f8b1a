-- The archive is the shop's books: one row per session, never changed. Only a retention job that sets app.retention to
-- 'on' in its transaction may delete rows. The archive keeps the table's number, so that it stays readable after the
-- table is deleted.
-- It blocks while it runs, because it is older than the first release: no restaurant was at work.
-- squawk-ignore-file
-- depends: 0010.guard-current-session

ALTER TABLE order_history
    ADD COLUMN table_number integer,
    ADD CONSTRAINT order_history_session_id_key UNIQUE (session_id);

UPDATE order_history
   SET table_number = tables.table_number
  FROM tables
 WHERE tables.table_id = order_history.table_id;

CREATE INDEX idx_order_history_page ON order_history (table_id, completed_time DESC, history_id DESC);

CREATE FUNCTION refuse_to_change_books() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND current_setting('app.retention', true) = 'on' THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION 'rows of % are never changed or deleted', TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation',
              HINT = 'A retention sets app.retention to ''on'' in its own transaction and deletes.';
END;
$$;

CREATE TRIGGER trigger_protect_order_history
    BEFORE UPDATE OR DELETE ON order_history
    FOR EACH ROW EXECUTE FUNCTION refuse_to_change_books();

CREATE TRIGGER trigger_protect_order_history_truncate
    BEFORE TRUNCATE ON order_history
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change_books();
