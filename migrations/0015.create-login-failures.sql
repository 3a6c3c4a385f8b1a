-- Counts failed logins for all processes and hosts. A subject is an account or a client address. failed_at holds its
-- latest failures, newest last, and only as many as the limit needs.
-- depends: 0014.create-idempotency-keys

CREATE TABLE login_failures (
    subject        varchar(200) PRIMARY KEY,
    failed_at      timestamptz[] NOT NULL,
    last_failed_at timestamptz NOT NULL
);

CREATE INDEX idx_login_failures_age ON login_failures (last_failed_at);
