CREATE TABLE login_failures (
    subject        varchar(200) PRIMARY KEY,
    failed_at      timestamptz[] NOT NULL,
    last_failed_at timestamptz NOT NULL
);

CREATE INDEX idx_login_failures_age ON login_failures (last_failed_at);

ALTER TABLE login_failures OWNER TO tableorder_owner;

GRANT SELECT, INSERT, UPDATE, DELETE ON login_failures TO tableorder;

CREATE TABLE login_addresses (
    store_id      integer NOT NULL REFERENCES stores (store_id) ON DELETE CASCADE,
    address       varchar(50) NOT NULL,
    last_login_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (store_id, address)
);

ALTER TABLE login_addresses OWNER TO tableorder_owner;

ALTER TABLE login_addresses ENABLE ROW LEVEL SECURITY;

CREATE POLICY own_store ON login_addresses
    USING (store_id = (SELECT NULLIF(current_setting('app.store_id', true), '')::integer));

GRANT SELECT, INSERT, UPDATE, DELETE ON login_addresses TO tableorder;
