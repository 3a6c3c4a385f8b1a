-- A counter repeats a request whose answer was lost, just as a tablet repeats an order. A key belongs to one action on one
-- object, such as ending a table's session. So a repeat stays a repeat even when the next guests have a session. Keys are
-- pruned a day after their creation.
-- depends: 0026.announce-session-start

CREATE TABLE admin_keys (
    store_id        integer NOT NULL REFERENCES stores (store_id) ON DELETE CASCADE,
    action          varchar(30) NOT NULL,
    subject_id      bigint NOT NULL,
    idempotency_key varchar(255) NOT NULL,
    request_hash    bytea NOT NULL,
    answer          json NOT NULL,
    created_at      timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (store_id, action, subject_id, idempotency_key)
);

CREATE INDEX idx_admin_keys_age ON admin_keys (store_id, created_at);

ALTER TABLE admin_keys OWNER TO tableorder_owner;

ALTER TABLE admin_keys ENABLE ROW LEVEL SECURITY;

CREATE POLICY own_store ON admin_keys
    USING (store_id = (SELECT NULLIF(current_setting('app.store_id', true), '')::integer));

GRANT SELECT, INSERT, UPDATE, DELETE ON admin_keys TO tableorder;
