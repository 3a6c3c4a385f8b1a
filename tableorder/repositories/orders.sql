-- name: place_order
-- The session is locked before anything is read: an end-session under way is waited for, and one that comes later waits
-- for this order. Orders of one session follow one another, so a repeat sees the first and a limit is exact. Who orders
-- too often does not even wait for that, or one guest's orders kept the connections of all stores busy with waiting.
SELECT set_config('app.locked_session', COALESCE((
           SELECT session_id::text
             FROM table_sessions
            WHERE session_id = %(session_id)s::uuid AND table_id = %(table_id)s::int AND is_active
              AND (%(order_rate)s::int = 0
                   OR (SELECT count(*)
                         FROM orders
                        WHERE session_id = %(session_id)s::uuid
                          AND order_time > now() - interval '60 seconds') < %(order_rate)s::int)
              FOR NO KEY UPDATE), ''), true);

WITH sent AS (
    SELECT sent.item::int, sent.menu_id, sent.quantity
      FROM ROWS FROM (jsonb_to_recordset(%(lines)s::jsonb) AS (menu_id int, quantity int)) WITH ORDINALITY
           AS sent (menu_id, quantity, item)
), repeated AS (
    SELECT request_hash = %(request_hash)s::bytea AS same, answer
      FROM idempotency_keys
     WHERE session_id = %(session_id)s::uuid AND idempotency_key = %(key)s::text
), session AS MATERIALIZED (
    SELECT table_sessions.session_id, table_sessions.table_id, table_sessions.store_id, tables.table_number
      FROM table_sessions
      JOIN tables ON tables.table_id = table_sessions.table_id
     WHERE table_sessions.session_id = %(session_id)s::uuid
       AND table_sessions.table_id = %(table_id)s::int
       AND table_sessions.is_active
       AND NOT EXISTS (SELECT FROM repeated)
), used AS MATERIALIZED (
    SELECT count(*) AS orders,
           count(*) FILTER (WHERE order_time > now() - interval '60 seconds') AS recent,
           min(order_time) FILTER (WHERE order_time > now() - interval '60 seconds') AS recent_since
      FROM orders
     WHERE session_id = %(session_id)s::uuid
), room AS MATERIALIZED (
    SELECT CASE WHEN current_setting('app.locked_session') = '' THEN 'too_many_orders'
                WHEN %(order_rate)s::int > 0 AND used.recent >= %(order_rate)s::int THEN 'too_many_orders'
                WHEN %(session_orders)s::int > 0 AND used.orders >= %(session_orders)s::int THEN 'session_orders'
                WHEN %(session_lines)s::int > 0
                     AND 50 * (used.orders + 1) > %(session_lines)s::int
                     AND (SELECT count(*)
                            FROM order_items
                            JOIN orders ON orders.order_id = order_items.order_id
                           WHERE orders.session_id = %(session_id)s::uuid)
                         + (SELECT count(*) FROM sent) > %(session_lines)s::int THEN 'session_lines'
           END AS refusal,
           extract(epoch FROM used.recent_since + interval '60 seconds' - now()) AS wait
      FROM used
), lines AS MATERIALIZED (
    SELECT sent.item, sent.menu_id, sent.quantity, menus.menu_name, menus.price,
           CASE WHEN menus.menu_id IS NULL THEN 'menu_not_found'
                WHEN NOT menus.is_available THEN 'menu_sold_out' END AS refusal
      FROM sent
      LEFT JOIN menus ON menus.menu_id = sent.menu_id AND menus.deleted_at IS NULL
), priced AS MATERIALIZED (
    SELECT sum(price::bigint * quantity) AS total, bool_and(refusal IS NULL) AS orderable FROM lines
), placed AS (
    INSERT INTO orders AS placed (session_id, table_id, store_id, total_amount)
    SELECT session.session_id, session.table_id, session.store_id, priced.total::int
      FROM session, priced, room
     WHERE priced.orderable AND priced.total <= 2147483647 AND room.refusal IS NULL
    RETURNING order_id, store_id, placed
), itemized AS (
    INSERT INTO order_items (order_id, store_id, menu_id, menu_name, quantity, unit_price)
    SELECT placed.order_id, placed.store_id, lines.menu_id, lines.menu_name, lines.quantity, lines.price
      FROM placed, lines
     ORDER BY lines.item
    RETURNING order_item_id, order_item_document(order_items) AS document
), answered AS MATERIALIZED (
    SELECT placed.order_id, placed.store_id,
           order_document(placed.placed, session.table_number,
                          (SELECT json_agg(document ORDER BY order_item_id) FROM itemized)) AS document
      FROM placed, session
), kept AS (
    INSERT INTO idempotency_keys (session_id, idempotency_key, store_id, request_hash, answer)
    SELECT %(session_id)s::uuid, %(key)s::text, answered.store_id, %(request_hash)s::bytea, answered.document
      FROM answered
     WHERE %(key)s::text IS NOT NULL
)
SELECT COALESCE((SELECT answer FROM repeated WHERE same), (SELECT document FROM answered))::text AS answer,
       CASE WHEN EXISTS (SELECT FROM repeated WHERE NOT same) THEN 'idempotency_key_reused'
            WHEN NOT EXISTS (SELECT FROM session) THEN 'session_ended'
            WHEN room.refusal IS NOT NULL THEN room.refusal
            WHEN NOT priced.orderable
            THEN (SELECT refusal FROM lines WHERE refusal IS NOT NULL ORDER BY refusal <> 'menu_not_found', item LIMIT 1)
            WHEN priced.total > 2147483647 THEN 'total_too_large' END AS refusal,
       CASE WHEN room.refusal IS NULL
            THEN (SELECT json_build_object('item', item, 'menu_id', menu_id)
                    FROM lines
                   WHERE refusal IS NOT NULL
                   ORDER BY refusal <> 'menu_not_found', item
                   LIMIT 1)
            ELSE json_build_object(
                     'order_rate', %(order_rate)s::int,
                     'session_orders', %(session_orders)s::int,
                     'session_lines', %(session_lines)s::int,
                     'wait', room.wait)
       END AS details,
       set_config('app.placed_order', (SELECT order_id || ' ' || document FROM answered), true)
  FROM priced, room;

-- name: orders_of_session
-- The tablet's view: a session's orders, newest first, a page of them from just after `before`.
WITH page AS (
    SELECT orders.order_id, orders.order_time,
           order_document(orders, tables.table_number, (
               SELECT json_agg(order_item_document(order_items) ORDER BY order_items.order_item_id)
                 FROM order_items
                WHERE order_items.order_id = orders.order_id)) AS document
      FROM orders
      JOIN tables ON tables.table_id = orders.table_id
     WHERE orders.session_id = %(session_id)s::uuid
       AND (%(before_time)s::bigint IS NULL
            OR (orders.order_time, orders.order_id)
               < (timestamptz 'epoch' + %(before_time)s::bigint * interval '1 microsecond', %(before_id)s::bigint))
     ORDER BY orders.order_time DESC, orders.order_id DESC
     LIMIT %(limit)s::int
)
SELECT json_build_object(
           'session_id', table_sessions.session_id,
           'table_number', tables.table_number,
           'total_session_amount', (SELECT COALESCE(sum(total_amount), 0)
                                      FROM orders
                                     WHERE session_id = %(session_id)s::uuid),
           'orders', COALESCE((SELECT json_agg(document ORDER BY order_time DESC, order_id DESC)
                                 FROM page), '[]'),
           'next_cursor', (SELECT (extract(epoch FROM order_time) * 1000000)::bigint || '-' || order_id
                             FROM page
                            WHERE (SELECT count(*) FROM page) = %(limit)s::int
                            ORDER BY order_time, order_id
                            LIMIT 1))::text AS document,
       (SELECT up_to FROM event_position(%(store_id)s::int) WHERE %(with_position)s::boolean) AS position
  FROM table_sessions
  JOIN tables ON tables.table_id = table_sessions.table_id
 WHERE table_sessions.session_id = %(session_id)s::uuid AND table_sessions.is_active;

-- name: get_order
SELECT order_document(orders, tables.table_number, (
           SELECT json_agg(order_item_document(order_items) ORDER BY order_items.order_item_id)
             FROM order_items
            WHERE order_items.order_id = orders.order_id))::text
  FROM orders
  JOIN tables ON tables.table_id = orders.table_id
 WHERE orders.order_id = %(order_id)s;

-- name: get_order_of_session
SELECT table_sessions.is_active,
       (SELECT order_document(orders, tables.table_number, (
                   SELECT json_agg(order_item_document(order_items) ORDER BY order_items.order_item_id)
                     FROM order_items
                    WHERE order_items.order_id = orders.order_id))::text
          FROM orders
          JOIN tables ON tables.table_id = orders.table_id
         WHERE orders.order_id = %(order_id)s AND orders.session_id = table_sessions.session_id)
  FROM table_sessions
 WHERE table_sessions.session_id = %(session_id)s;

-- name: orders_by_table
-- The counter's view unless its version is `known_version`, its position in the feed, and whether the table that was
-- asked for is known, all of one moment. What happens to an order or a session is an event of the same transaction, and
-- events are in commit order: whoever sees the latest one sees all before it.
SELECT present.version, present.up_to AS position,
       %(table_id)s::int IS NULL OR EXISTS (SELECT FROM tables WHERE table_id = %(table_id)s::int) AS table_known,
       CASE WHEN present.version = %(known_version)s::text THEN NULL ELSE (
           SELECT json_build_object(
                      'store_id', %(store_id)s::int,
                      'tables', COALESCE(json_agg(json_build_object(
                                             'table_id', tables.table_id,
                                             'table_number', tables.table_number,
                                             'session_id', tables.current_session_id,
                                             'total_amount', COALESCE(listed.total_amount, 0),
                                             'order_count', listed.order_count,
                                             'orders', COALESCE(listed.orders, '[]'))
                                         ORDER BY tables.table_number), '[]'))::text
             FROM tables
            CROSS JOIN LATERAL (
                SELECT sum(orders.total_amount) AS total_amount, count(*) AS order_count,
                       json_agg(order_document(orders, tables.table_number, (
                                    SELECT json_agg(order_item_document(order_items) ORDER BY order_items.order_item_id)
                                      FROM order_items
                                     WHERE order_items.order_id = orders.order_id))
                                ORDER BY orders.order_time DESC, orders.order_id DESC) AS orders
                  FROM orders
                 WHERE orders.session_id = tables.current_session_id
                   AND (%(status)s::text IS NULL OR orders.status = %(status)s::text)
            ) AS listed
            WHERE tables.store_id = %(store_id)s::int
              AND tables.current_session_id IS NOT NULL
              AND (%(table_id)s::int IS NULL OR tables.table_id = %(table_id)s::int)
       ) END AS document
  FROM event_position(%(store_id)s::int) AS present;

-- name: move_order
-- Locks the order first, so that of two at once the later one sees where the earlier one has moved it.
WITH present AS (
    SELECT order_id, status FROM orders WHERE order_id = %(order_id)s::int FOR UPDATE
), moved AS (
    UPDATE orders
       SET status = %(status)s::text
      FROM present
     WHERE orders.order_id = present.order_id
       AND array_position(%(statuses)s::text[], present.status::text)
           < array_position(%(statuses)s::text[], %(status)s::text)
)
SELECT status FROM present;

-- name: void_order
SELECT FROM orders WHERE order_id = %(order_id)s FOR UPDATE;

WITH document AS MATERIALIZED (
    SELECT orders.order_id, orders.session_id, orders.table_id, orders.store_id, tables.table_number,
           order_document(orders, tables.table_number, (
               SELECT json_agg(order_item_document(order_items) ORDER BY order_items.order_item_id)
                 FROM order_items
                WHERE order_items.order_id = orders.order_id)) AS voided_order
      FROM orders
      JOIN tables ON tables.table_id = orders.table_id
     WHERE orders.order_id = %(order_id)s
), voided AS (
    DELETE FROM orders USING document WHERE orders.order_id = document.order_id
)
INSERT INTO order_voids (store_id, order_id, session_id, table_id, table_number, voided_by, reason, voided_order)
SELECT store_id, order_id, session_id, table_id, table_number, %(username)s, %(reason)s, voided_order::jsonb
  FROM document
RETURNING table_id;
