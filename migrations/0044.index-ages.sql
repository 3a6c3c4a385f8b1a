-- Housekeeping looks for the oldest rows of all stores at once. Indexes that begin with the store are of no use to it;
-- those of the keys served nothing else.
-- depends: 0043.create-menu-documents
-- transactional: false

CREATE INDEX CONCURRENTLY IF NOT EXISTS idx_idempotency_keys_created ON idempotency_keys (created_at);

CREATE INDEX CONCURRENTLY IF NOT EXISTS idx_admin_keys_created ON admin_keys (created_at);

CREATE INDEX CONCURRENTLY IF NOT EXISTS idx_stream_tickets_expiry ON stream_tickets (expires_at);

CREATE INDEX CONCURRENTLY IF NOT EXISTS idx_table_sessions_ended ON table_sessions (end_time) WHERE NOT is_active;

CREATE INDEX CONCURRENTLY IF NOT EXISTS idx_menus_retired ON menus (deleted_at) WHERE deleted_at IS NOT NULL;

DROP INDEX CONCURRENTLY IF EXISTS idx_idempotency_keys_age;

DROP INDEX CONCURRENTLY IF EXISTS idx_admin_keys_age;
