-- Two tablets that log in at the same moment must not split a table's bill: an index allows at most one active session
-- per table. If a table has several, its current session stays, or else the newest, and takes over the others' orders.
-- On an ended session these orders would be in no list and in no archive.
-- It blocks while it runs, because it is older than the first release: no restaurant was at work.
-- squawk-ignore-file
-- depends: 0006.keep-order-lines

WITH staying AS (
    SELECT DISTINCT ON (table_sessions.table_id) table_sessions.table_id, table_sessions.session_id
      FROM table_sessions
      JOIN tables ON tables.table_id = table_sessions.table_id
     WHERE table_sessions.is_active
     ORDER BY table_sessions.table_id,
              table_sessions.session_id = tables.current_session_id DESC NULLS LAST,
              table_sessions.start_time DESC, table_sessions.session_id
), ended AS (
    UPDATE table_sessions
       SET is_active = false, end_time = COALESCE(table_sessions.end_time, now())
      FROM staying
     WHERE staying.table_id = table_sessions.table_id
       AND table_sessions.is_active
       AND table_sessions.session_id <> staying.session_id
    RETURNING table_sessions.session_id, table_sessions.table_id
)
UPDATE orders
   SET session_id = staying.session_id
  FROM ended
  JOIN staying ON staying.table_id = ended.table_id
 WHERE orders.session_id = ended.session_id;

UPDATE tables
   SET current_session_id = (SELECT session_id
                               FROM table_sessions
                              WHERE table_sessions.table_id = tables.table_id AND is_active)
 WHERE current_session_id IS DISTINCT FROM (SELECT session_id
                                              FROM table_sessions
                                             WHERE table_sessions.table_id = tables.table_id AND is_active);

CREATE UNIQUE INDEX table_sessions_one_active_per_table ON table_sessions (table_id) WHERE is_active;
