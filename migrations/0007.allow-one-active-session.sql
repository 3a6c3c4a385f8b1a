-- Two tablets that log in at the same moment must not split a table's bill: at most one active session a table,
-- by an index and not by code. Of several active ones the table's current session stays, else the newest.
-- depends: 0006.keep-order-lines

UPDATE table_sessions
   SET is_active = false, end_time = COALESCE(end_time, now())
 WHERE is_active
   AND session_id <> (SELECT other.session_id
                        FROM table_sessions AS other
                        JOIN tables USING (table_id)
                       WHERE other.table_id = table_sessions.table_id
                         AND other.is_active
                       ORDER BY other.session_id = tables.current_session_id DESC NULLS LAST,
                                other.start_time DESC, other.session_id
                       LIMIT 1);

UPDATE tables
   SET current_session_id = (SELECT session_id
                               FROM table_sessions
                              WHERE table_sessions.table_id = tables.table_id AND is_active)
 WHERE current_session_id IS DISTINCT FROM (SELECT session_id
                                              FROM table_sessions
                                             WHERE table_sessions.table_id = tables.table_id AND is_active);

CREATE UNIQUE INDEX table_sessions_one_active_per_table ON table_sessions (table_id) WHERE is_active;
