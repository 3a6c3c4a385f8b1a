-- name: add_ticket
-- By the first two statements, of which one finds something, additions for one holder wait for each other, so that each
-- counts those before.
SELECT pg_advisory_xact_lock(7283465, %(store_id)s) WHERE %(session_id)s IS NULL;

SELECT FROM table_sessions WHERE session_id = %(session_id)s FOR NO KEY UPDATE;

WITH holder AS (
    SELECT
     WHERE %(session_id)s::uuid IS NULL
        OR EXISTS (SELECT FROM table_sessions
                    WHERE session_id = %(session_id)s AND table_id = %(table_id)s AND is_active)
), surplus AS (
    SELECT ticket_hash
      FROM stream_tickets
     WHERE store_id = %(store_id)s
       AND session_id IS NOT DISTINCT FROM %(session_id)s::uuid
     ORDER BY expires_at DESC
    OFFSET %(most)s - 1
       FOR UPDATE SKIP LOCKED
), removed AS (
    DELETE FROM stream_tickets
     WHERE ticket_hash IN (SELECT ticket_hash FROM surplus)
)
INSERT INTO stream_tickets (ticket_hash, store_id, session_id, claims, expires_at)
SELECT %(ticket_hash)s, %(store_id)s, %(session_id)s, %(claims)s,
       clock_timestamp() + %(lifetime)s * interval '1 second'
  FROM holder
RETURNING true;
