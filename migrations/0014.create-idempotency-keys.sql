-- A tablet on flaky wifi may send an order twice; with a key the repeat returns the first order. The first answer is
-- stored, because the order may be voided or archived before the repeat. Keys outlive every token (16 h) and are pruned a
-- day after their creation.
-- depends: 0013.create-order-voids

CREATE TABLE idempotency_keys (
    session_id      uuid NOT NULL,
    idempotency_key varchar(255) NOT NULL,
    store_id        integer NOT NULL REFERENCES stores (store_id) ON DELETE CASCADE,
    request_hash    bytea NOT NULL,
    answer          json NOT NULL,
    created_at      timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (session_id, idempotency_key)
);

CREATE INDEX idx_idempotency_keys_age ON idempotency_keys (store_id, created_at);
