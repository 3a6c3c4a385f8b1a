-- A table that is deleted takes its calls along. They are found by the store and the table: without this index all calls
-- of the store are read.
-- depends: 0055.create-calls
-- transactional: false

CREATE INDEX CONCURRENTLY IF NOT EXISTS idx_calls_table_id ON calls (store_id, table_id);
