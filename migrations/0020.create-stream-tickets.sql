-- EventSource in a browser cannot send headers, and a token must not be in a URL, because logs contain URLs. A ticket may:
-- it opens one stream, once, within half a minute. Only its hash is stored, with the token's claims.
-- depends: 0019.create-events

CREATE TABLE stream_tickets (
    ticket_hash bytea PRIMARY KEY,
    store_id    integer NOT NULL REFERENCES stores (store_id) ON DELETE CASCADE,
    claims      json NOT NULL,
    expires_at  timestamptz NOT NULL
);

CREATE INDEX idx_stream_tickets_age ON stream_tickets (store_id, expires_at);

ALTER TABLE stream_tickets OWNER TO tableorder_owner;

ALTER TABLE stream_tickets ENABLE ROW LEVEL SECURITY;

CREATE POLICY own_store ON stream_tickets
    USING (store_id = (SELECT NULLIF(current_setting('app.store_id', true), '')::integer));

GRANT SELECT, INSERT, UPDATE, DELETE ON stream_tickets TO tableorder;
