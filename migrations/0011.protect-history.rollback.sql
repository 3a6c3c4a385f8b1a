DROP TRIGGER trigger_protect_order_history_truncate ON order_history;
DROP TRIGGER trigger_protect_order_history ON order_history;
DROP FUNCTION refuse_to_change_books();
DROP INDEX idx_order_history_page;
ALTER TABLE order_history
    DROP CONSTRAINT order_history_session_id_key,
    DROP COLUMN table_number;
