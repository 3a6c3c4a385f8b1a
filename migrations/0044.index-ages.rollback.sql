-- transactional: false

CREATE INDEX CONCURRENTLY IF NOT EXISTS idx_admin_keys_age ON admin_keys (store_id, created_at);

CREATE INDEX CONCURRENTLY IF NOT EXISTS idx_idempotency_keys_age ON idempotency_keys (store_id, created_at);

DROP INDEX CONCURRENTLY IF EXISTS idx_menus_retired;

DROP INDEX CONCURRENTLY IF EXISTS idx_table_sessions_ended;

DROP INDEX CONCURRENTLY IF EXISTS idx_stream_tickets_expiry;

DROP INDEX CONCURRENTLY IF EXISTS idx_admin_keys_created;

DROP INDEX CONCURRENTLY IF EXISTS idx_idempotency_keys_created;
