-- Indexes for the pages of the books: by store, by table number, by table. The store is the first column because row
-- security filters by it. So the index alone can count entries, however many a table has.
-- depends: 0030.normalise-names
-- transactional: false

CREATE INDEX CONCURRENTLY IF NOT EXISTS idx_order_history_of_store
    ON order_history (store_id, completed_time DESC, history_id DESC);

CREATE INDEX CONCURRENTLY IF NOT EXISTS idx_order_history_of_number
    ON order_history (store_id, table_number, completed_time DESC, history_id DESC);

CREATE INDEX CONCURRENTLY IF NOT EXISTS idx_order_history_of_table
    ON order_history (store_id, table_id, completed_time DESC, history_id DESC);

DROP INDEX CONCURRENTLY IF EXISTS idx_order_history_page;
