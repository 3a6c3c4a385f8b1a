-- Failed logins are now counted by separate columns, and no longer by a name made of the client's text. An existing
-- account is counted by its id, an unknown one by a keyed hash of the requested name. A login makes its address familiar
-- to that account only. Both tables hold only rows of the last days. login_failures and login_addresses stay, because the
-- version before still uses them during the upgrade.
-- depends: 0031.index-lists

-- kind is 'address', a kind of account ('table', 'admin'), or 'unknown'. In an account's row the address '' stands for all
-- unfamiliar addresses together. failed_at has the latest failures, newest last.
CREATE TABLE failed_logins (
    kind           varchar(10) NOT NULL,
    account_id     bigint NOT NULL,
    address        varchar(50) NOT NULL,
    failed_at      timestamptz[] NOT NULL,
    last_failed_at timestamptz NOT NULL,
    PRIMARY KEY (kind, account_id, address)
);

CREATE INDEX idx_failed_logins_age ON failed_logins (last_failed_at);

CREATE TABLE familiar_addresses (
    kind          varchar(10) NOT NULL,
    account_id    bigint NOT NULL,
    address       varchar(50) NOT NULL,
    last_login_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (kind, account_id, address)
);

CREATE INDEX idx_familiar_addresses_address ON familiar_addresses (address, last_login_at);

CREATE INDEX idx_familiar_addresses_age ON familiar_addresses (last_login_at);

-- The seconds that a login to this account from this address must wait; NULL means no wait.
-- barred: before any password is checked. wrong: after a wrong password, instead of the plain refusal. Both depend only on
-- the counts, so they do not reveal whether the account exists. entry: before the right password is accepted.
CREATE FUNCTION login_standing(
    of_kind text, of_account bigint, from_address text, period integer,
    account_limit integer, familiar_limit integer, address_limit integer)
    RETURNS TABLE (is_known boolean, is_familiar boolean, barred integer, wrong integer, entry integer)
    LANGUAGE sql STABLE AS $$
    WITH familiar AS (
        SELECT familiar_addresses.address
          FROM familiar_addresses
         WHERE familiar_addresses.kind = of_kind
           AND familiar_addresses.account_id = of_account
           AND familiar_addresses.last_login_at > now() - interval '30 days'
    ), place AS (
        SELECT EXISTS (SELECT
                         FROM familiar_addresses
                        WHERE familiar_addresses.address = from_address
                          AND familiar_addresses.last_login_at > now() - interval '30 days') AS known,
               EXISTS (SELECT FROM familiar WHERE familiar.address = from_address) AS familiar
    ), failures AS (
        SELECT counted.address, failure.at,
               EXISTS (SELECT FROM familiar WHERE familiar.address = counted.address) AS is_familiar
          FROM failed_logins AS counted
         CROSS JOIN LATERAL unnest(counted.failed_at) AS failure (at)
         WHERE counted.kind = of_kind
           AND counted.account_id = of_account
           AND failure.at > now() - period * interval '1 second'
    ), decisive AS (
        SELECT place.known, place.familiar,
               GREATEST((SELECT failure.at
                           FROM failed_logins AS counted
                          CROSS JOIN LATERAL unnest(counted.failed_at) AS failure (at)
                          WHERE counted.kind = 'address'
                            AND counted.account_id = 0
                            AND counted.address = from_address
                            AND failure.at > now() - period * interval '1 second'
                          ORDER BY failure.at DESC
                         OFFSET address_limit - 1
                          LIMIT 1),
                        (SELECT failures.at
                           FROM failures
                          WHERE failures.address = CASE WHEN place.known THEN from_address ELSE '' END
                          ORDER BY failures.at DESC
                         OFFSET account_limit - 1
                          LIMIT 1),
                        (SELECT failures.at
                           FROM failures
                          WHERE failures.is_familiar AND place.familiar
                          ORDER BY failures.at DESC
                         OFFSET familiar_limit - 1
                          LIMIT 1)) AS barred_by,
               (SELECT failures.at FROM failures ORDER BY failures.at DESC OFFSET account_limit - 1 LIMIT 1) AS wrong_by,
               (SELECT failures.at
                  FROM failures
                 WHERE NOT failures.is_familiar AND NOT place.familiar
                 ORDER BY failures.at DESC
                OFFSET account_limit - 1
                 LIMIT 1) AS closed_by
          FROM place
    )
    SELECT decisive.known, decisive.familiar,
           ceil(extract(epoch FROM decisive.barred_by + period * interval '1 second' - now()))::integer,
           ceil(extract(epoch FROM decisive.wrong_by + period * interval '1 second' - now()))::integer,
           ceil(extract(epoch FROM decisive.closed_by + period * interval '1 second' - now()))::integer
      FROM decisive;
$$;

ALTER TABLE failed_logins OWNER TO tableorder_owner;

ALTER TABLE familiar_addresses OWNER TO tableorder_owner;

ALTER FUNCTION login_standing(text, bigint, text, integer, integer, integer, integer) OWNER TO tableorder_owner;

GRANT SELECT, INSERT, UPDATE, DELETE ON failed_logins, familiar_addresses TO tableorder;

-- A login renews its password's hash if the configured cost has risen. It changes no other column of a store.
GRANT UPDATE (admin_password_hash) ON stores TO tableorder;
