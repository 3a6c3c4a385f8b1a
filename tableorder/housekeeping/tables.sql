-- Each statement answers the number of rows that it removed, or no row if another process is at it. The lock is held to
-- the end of the transaction, so that it works behind a transaction pooler, too.

-- name: prune_events
SELECT prune_events(%(older_than)s * interval '1 second', %(at_most)s) WHERE pg_try_advisory_xact_lock(7283466);

-- name: prune_idempotency_keys
SELECT prune_idempotency_keys(%(at_most)s) WHERE pg_try_advisory_xact_lock(7283466);

-- name: prune_admin_keys
SELECT prune_admin_keys(%(at_most)s) WHERE pg_try_advisory_xact_lock(7283466);

-- name: prune_table_sessions
SELECT prune_table_sessions(%(at_most)s) WHERE pg_try_advisory_xact_lock(7283466);

-- name: prune_menus
SELECT prune_menus(%(at_most)s) WHERE pg_try_advisory_xact_lock(7283466);

-- name: prune_pictures
SELECT prune_pictures(%(at_most)s) WHERE pg_try_advisory_xact_lock(7283466);

-- name: prune_options
SELECT prune_options(%(at_most)s) WHERE pg_try_advisory_xact_lock(7283466);

-- name: prune_option_groups
SELECT prune_option_groups(%(at_most)s) WHERE pg_try_advisory_xact_lock(7283466);

-- name: prune_stream_tickets
SELECT prune_stream_tickets(%(at_most)s) WHERE pg_try_advisory_xact_lock(7283466);

-- name: prune_enrolments
SELECT prune_enrolments(%(at_most)s) WHERE pg_try_advisory_xact_lock(7283466);

-- name: prune_failed_logins
SELECT prune_failed_logins(%(window)s, %(at_most)s) WHERE pg_try_advisory_xact_lock(7283466);

-- name: prune_familiar_addresses
SELECT prune_familiar_addresses(%(at_most)s) WHERE pg_try_advisory_xact_lock(7283466);

-- name: prune_approvals
SELECT prune_approvals(%(at_most)s) WHERE pg_try_advisory_xact_lock(7283466);

-- name: prune_audit_log
SELECT prune_audit_log(%(older_than)s * interval '1 day', %(at_most)s) WHERE pg_try_advisory_xact_lock(7283466);
