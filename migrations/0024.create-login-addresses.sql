-- An attacker who guesses passwords uses up an account's failures, and so would lock out the store's own tablets. This
-- table remembers the addresses that a store has logged in from; their failures are counted separately.
-- depends: 0023.announce-orders-after-the-commit

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
