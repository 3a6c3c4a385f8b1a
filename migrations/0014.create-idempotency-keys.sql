-- A tablet on flaky wifi sends an order twice; the key it sends along makes the second the same as the first. The
-- first answer is kept as it was given, because the order may have been voided or archived by the time of the
-- repeat. Keys outlive every token (16 h) and are cleaned up a day after they were made.
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
