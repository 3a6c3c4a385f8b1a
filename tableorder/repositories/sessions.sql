-- name: join_session
INSERT INTO table_sessions (store_id, table_id)
VALUES (%(store_id)s, %(table_id)s)
    ON CONFLICT (table_id) WHERE is_active DO NOTHING;

SELECT session_id::text FROM table_sessions WHERE table_id = %(table_id)s AND is_active;

-- name: end_session
-- First the table's session is locked against new orders, and then its orders against changes. The last statement acts
-- on that session alone: whoever has come to the table meanwhile is not touched.
SELECT set_config('app.locked_session', COALESCE((
           SELECT session_id::text
             FROM table_sessions
            WHERE table_id = %(table_id)s AND is_active
              FOR UPDATE), ''), true);

SELECT
  FROM orders
 WHERE session_id = NULLIF(current_setting('app.locked_session'), '')::uuid
 ORDER BY order_id
   FOR UPDATE;

SELECT
  FROM calls
 WHERE session_id = NULLIF(current_setting('app.locked_session'), '')::uuid
 ORDER BY call_id
   FOR UPDATE;

WITH repeated AS (
    SELECT request_hash = %(request_hash)s AS same, answer
      FROM admin_keys
     WHERE store_id = %(store_id)s
       AND action = 'end_session'
       AND subject_id = %(table_id)s
       AND idempotency_key = %(key)s
), locked AS (
    SELECT session_id, table_id, store_id
      FROM table_sessions
     WHERE session_id = NULLIF(current_setting('app.locked_session'), '')::uuid
), ended AS (
    UPDATE table_sessions
       SET is_active = false, end_time = clock_timestamp()
      FROM locked
     WHERE table_sessions.session_id = locked.session_id
       AND (%(session_id)s::uuid IS NULL OR locked.session_id = %(session_id)s::uuid)
       AND NOT EXISTS (SELECT FROM repeated)
    RETURNING table_sessions.session_id, table_sessions.table_id, table_sessions.store_id, table_sessions.end_time
), bill AS (
    SELECT COALESCE(sum(orders.total_amount), 0) AS total, count(*) AS order_count,
           COALESCE(jsonb_agg(order_document(orders, tables.table_number, (
                                  SELECT json_agg(order_item_document(order_items) ORDER BY order_items.order_item_id)
                                    FROM order_items
                                   WHERE order_items.order_id = orders.order_id))::jsonb
                              - '{table_id,table_number,session_id}'::text[]
                              || jsonb_build_object('voided_lines', (
                                     SELECT COALESCE(jsonb_agg(line ORDER BY void_id, position), '[]')
                                       FROM order_voids
                                      CROSS JOIN jsonb_array_elements(order_voids.lines) WITH ORDINALITY
                                                 AS voided (line, position)
                                      WHERE order_voids.order_id = orders.order_id AND order_voids.kind = 'lines'))
                              ORDER BY orders.order_time, orders.order_id), '[]') AS orders
      FROM orders
      JOIN ended ON ended.session_id = orders.session_id
      JOIN tables ON tables.table_id = orders.table_id
), answered_calls AS (
    SELECT COALESCE(jsonb_agg(jsonb_build_object(
                        'label', (SELECT string_agg(entry ->> 'label', ', ' ORDER BY position)
                                    FROM jsonb_array_elements(calls.items) WITH ORDINALITY AS each (entry, position)),
                        'times', calls.asked_times,
                        'seconds', GREATEST(0, extract(epoch FROM COALESCE(calls.closed_at, ended.end_time)
                                                                  - calls.asked_at)::int))
                    ORDER BY calls.call_id), '[]') AS calls
      FROM calls
      JOIN ended ON ended.session_id = calls.session_id
), closed_call AS (
    UPDATE calls
       SET closed_at = ended.end_time
      FROM ended
     WHERE calls.session_id = ended.session_id AND calls.closed_at IS NULL
), archived AS (
    INSERT INTO order_history (session_id, table_id, store_id, table_number, completed_time, archived_order_data)
    SELECT ended.session_id, ended.table_id, ended.store_id, tables.table_number, ended.end_time,
           jsonb_build_object(
               'orders', bill.orders, 'session_total', bill.total, 'calls', answered_calls.calls)
      FROM ended
      JOIN tables ON tables.table_id = ended.table_id
     CROSS JOIN bill
     CROSS JOIN answered_calls
), moved AS (
    DELETE FROM orders USING ended WHERE orders.session_id = ended.session_id
), answered AS (
    SELECT ended.store_id,
           json_build_object(
               'message', 'the session is over',
               'table_id', tables.table_id,
               'table_number', tables.table_number,
               'session_id', ended.session_id,
               'total_session_amount', bill.total,
               'order_count', bill.order_count) AS document
      FROM ended
      JOIN tables ON tables.table_id = ended.table_id
     CROSS JOIN bill
), kept AS (
    INSERT INTO admin_keys (store_id, action, subject_id, idempotency_key, request_hash, answer)
    SELECT store_id, 'end_session', %(table_id)s, %(key)s, %(request_hash)s, document
      FROM answered
     WHERE %(key)s IS NOT NULL
)
SELECT COALESCE((SELECT answer FROM repeated WHERE same), (SELECT document FROM answered))::text AS answer,
       CASE WHEN EXISTS (SELECT FROM repeated WHERE NOT same) THEN 'idempotency_key_reused'
            WHEN NOT EXISTS (SELECT FROM tables WHERE table_id = %(table_id)s) THEN 'table_not_found'
            WHEN NOT EXISTS (SELECT FROM locked) THEN 'no_active_session'
            WHEN NOT EXISTS (SELECT FROM ended) THEN 'session_changed' END AS refusal;
