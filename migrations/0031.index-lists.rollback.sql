CREATE INDEX idx_order_history_page ON order_history (table_id, completed_time DESC, history_id DESC);
DROP INDEX idx_order_history_of_table;
DROP INDEX idx_order_history_of_number;
DROP INDEX idx_order_history_of_store;
