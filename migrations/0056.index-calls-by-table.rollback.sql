-- transactional: false

DROP INDEX CONCURRENTLY IF EXISTS idx_calls_table_id;
