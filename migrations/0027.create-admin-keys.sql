-- A counter repeats a request whose answer was lost, just as a tablet repeats an order. Its key is of one action on one
-- thing (ending the session of a table, say): the next guests' session must not make the same request a new one.
-- Keys are forgotten a day after they were made.
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
