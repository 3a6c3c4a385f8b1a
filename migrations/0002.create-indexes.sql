-- Indexes of the first design: the foreign keys that queries follow, and the times that reports filter by.
-- It blocks while it runs, because it is older than the first release: no restaurant was at work.
-- squawk-ignore-file
-- depends: 0001.create-tables

CREATE INDEX idx_categories_store_id ON categories (store_id);
CREATE INDEX idx_menus_store_id ON menus (store_id);
CREATE INDEX idx_menus_category_id ON menus (category_id);
CREATE INDEX idx_tables_store_id ON tables (store_id);
CREATE INDEX idx_table_sessions_table_id ON table_sessions (table_id);
CREATE INDEX idx_table_sessions_active ON table_sessions (is_active) WHERE is_active;
CREATE INDEX idx_orders_session_id ON orders (session_id);
CREATE INDEX idx_orders_table_id ON orders (table_id);
CREATE INDEX idx_orders_store_id ON orders (store_id);
CREATE INDEX idx_orders_time ON orders (order_time);
CREATE INDEX idx_order_items_order_id ON order_items (order_id);
CREATE INDEX idx_order_history_store_id ON order_history (store_id);
CREATE INDEX idx_order_history_table_id ON order_history (table_id);
CREATE INDEX idx_order_history_time ON order_history (completed_time);
