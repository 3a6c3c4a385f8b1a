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
    SELECT sent.item - 1 AS item, sent.menu_id, sent.quantity, sent.options, sent.note, sent.expected_unit_price
      FROM ROWS FROM (jsonb_to_recordset(%(items)s::jsonb)
                      AS (menu_id int, quantity int, options jsonb, note text, expected_unit_price int)) WITH ORDINALITY
           AS sent (menu_id, quantity, options, note, expected_unit_price, item)
), repeated AS (
    SELECT request_hash = %(request_hash)s::bytea AS same, answer
      FROM idempotency_keys
     WHERE session_id = %(session_id)s::uuid AND idempotency_key = %(key)s::text
), session AS MATERIALIZED (
    SELECT table_sessions.session_id, table_sessions.table_id, table_sessions.store_id, tables.table_number,
           menu_versions.version AS menu_version, menu_versions.period IS NOT NULL AS has_dayparts
      FROM table_sessions
      JOIN tables ON tables.table_id = table_sessions.table_id
      JOIN menu_versions ON menu_versions.store_id = table_sessions.store_id
     WHERE table_sessions.session_id = %(session_id)s::uuid
       AND table_sessions.table_id = %(table_id)s::int
       AND table_sessions.is_active
       AND NOT EXISTS (SELECT FROM repeated)
), room AS MATERIALIZED (
    SELECT session_problem(%(session_id)s::uuid, count(*), %(order_rate)s::int, %(session_orders)s::int,
                           %(session_lines)s::int) AS problem
      FROM sent
), chosen AS MATERIALIZED (
    SELECT sent.*, menu.menu_name, menu.price, menu.is_available, menu.category_id, menu.category_name,
           CASE WHEN %(wanted)s::text[] IS NOT NULL
                THEN display_name_of(menu.translations, %(wanted)s::text[], menu.menu_name) END AS display_name,
           CASE WHEN sent.options IS NOT NULL
                     OR (SELECT true FROM menu_option_groups WHERE menu_option_groups.menu_id = menu.menu_id LIMIT 1)
                THEN choose_options(menu.menu_id, sent.options, %(wanted)s::text[]) END AS choice
      FROM sent
      LEFT JOIN LATERAL (
          SELECT menus.menu_id, menus.menu_name, menus.price, menus.is_available, menus.translations,
                 categories.category_id, categories.category_name
            FROM menus
            JOIN categories ON categories.category_id = menus.category_id
           WHERE menus.menu_id = sent.menu_id AND menus.deleted_at IS NULL
           LIMIT 1  -- so each menu is looked up by its id; else all menus of the store were read
      ) AS menu ON true
), locked AS MATERIALIZED (
    SELECT lock_stock((SELECT jsonb_agg(to_jsonb(chosen)) FROM chosen)) AS stock
     WHERE EXISTS (SELECT FROM stock)
       AND EXISTS (SELECT FROM session)
       AND (SELECT problem IS NULL FROM room)
), not_served AS MATERIALIZED (
    SELECT service.menu_id, jsonb_build_object('code', 'menu_not_served', 'next_from', service.next_from) AS problem
      FROM (SELECT array_agg(menu_id) AS menus, array_agg(category_id) AS categories FROM chosen) AS asked
     CROSS JOIN LATERAL menu_service((SELECT store_id FROM session), asked.menus, asked.categories, now()) AS service
     WHERE (SELECT has_dayparts FROM session) AND NOT service.served_now
), lines AS MATERIALIZED (
    SELECT chosen.*, COALESCE(chosen.choice -> 'options', '[]') AS chosen_options, cost.unit_price,
           CASE WHEN chosen.menu_name IS NULL THEN '{"code": "menu_not_found"}'
                WHEN NOT chosen.is_available THEN '{"code": "menu_sold_out"}'
                WHEN chosen.menu_id IN (SELECT menu_id FROM not_served)
                THEN (SELECT problem FROM not_served WHERE not_served.menu_id = chosen.menu_id LIMIT 1)
                WHEN jsonb_typeof(chosen.choice -> 'problem') = 'object' THEN chosen.choice -> 'problem'
                WHEN cost.unit_price < 1 THEN '{"code": "line_price_too_low"}'
                ELSE (SELECT stock_problem(locked.stock, chosen.menu_id, chosen.choice) FROM locked) END AS problem
      FROM chosen
     CROSS JOIN LATERAL (
         SELECT CASE WHEN chosen.choice IS NULL THEN chosen.price
                     ELSE order_item_price(chosen.price, chosen.choice -> 'options') END AS unit_price
     ) AS cost
), priced AS MATERIALIZED (
    SELECT sum(unit_price::bigint * quantity) AS total, bool_and(problem IS NULL) AS orderable,
           %(expected_total)s::int IS NOT NULL OR bool_or(expected_unit_price IS NOT NULL) AS quoted,
           %(expected_total)s::int <> sum(unit_price::bigint * quantity) IS TRUE
           OR bool_or(expected_unit_price <> unit_price) IS TRUE AS differs
      FROM lines
), placed AS (
    INSERT INTO orders AS placed (session_id, table_id, store_id, total_amount, note, menu_version)
    SELECT session.session_id, session.table_id, session.store_id, priced.total::int, %(note)s::text, session.menu_version
      FROM session, priced, room
     WHERE room.problem IS NULL AND priced.orderable AND NOT (priced.quoted AND priced.differs) AND priced.total <= 2147483647
    RETURNING order_id, store_id, placed
), itemized AS (
    INSERT INTO order_items (order_id, store_id, menu_id, menu_name, display_name, category_name, quantity, base_price,
                             options, unit_price, note)
    SELECT placed.order_id, placed.store_id, lines.menu_id, lines.menu_name, lines.display_name, lines.category_name,
           lines.quantity, lines.price, lines.chosen_options, lines.unit_price, lines.note
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
            WHEN room.problem IS NOT NULL THEN room.problem ->> 'code'
            WHEN priced.quoted AND (priced.differs OR NOT priced.orderable) THEN 'quote_mismatch'
            WHEN NOT priced.orderable
            THEN (SELECT problem ->> 'code' FROM lines WHERE problem IS NOT NULL ORDER BY item LIMIT 1)
            WHEN priced.total > 2147483647 THEN 'total_too_large' END AS refusal,
       CASE WHEN room.problem IS NOT NULL THEN room.problem - 'code'
            WHEN priced.quoted AND (priced.differs OR NOT priced.orderable)
            THEN (SELECT jsonb_build_object(
                             'expected_total', %(expected_total)s::int,
                             'total', CASE WHEN priced.orderable THEN priced.total END,
                             'menu_version', (SELECT menu_version FROM session),
                             'lines', jsonb_agg(jsonb_build_object(
                                          'item', item,
                                          'menu_id', menu_id,
                                          'expected_unit_price', expected_unit_price,
                                          'unit_price', unit_price,
                                          'problem', problem) ORDER BY item))
                    FROM lines)
            WHEN NOT priced.orderable
            THEN (SELECT problem - 'code' || jsonb_build_object('item', item, 'menu_id', menu_id)
                    FROM lines
                   WHERE problem IS NOT NULL
                   ORDER BY item
                   LIMIT 1) END AS details,
       set_config('app.placed_order', (SELECT order_id || ' ' || document FROM answered), true),
       (SELECT sell_stock(locked.stock, placed.store_id, placed.order_id) FROM locked, placed)
  FROM priced, room;

-- name: orders_of_session
-- The tablet's view: a session's orders, newest first, a page of them from just after `before`.
WITH found AS MATERIALIZED (
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
     LIMIT %(limit)s::int + 1
), page AS (
    SELECT order_id, order_time, document
      FROM found
     ORDER BY order_time DESC, order_id DESC
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
                            WHERE (SELECT count(*) FROM found) > %(limit)s::int
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
    SELECT order_id, status FROM orders WHERE order_id = %(order_id)s::bigint FOR UPDATE
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
-- `keeps` is null for the whole order, or [{"order_item_id", "keep"}, …]: the quantities that remain. The order, its
-- lines and the stock that it has taken are locked before anything is decided. An approval is of one order, so who holds
-- that holds the approval, too; what it is used for deletes it.
SELECT FROM orders WHERE order_id = %(order_id)s::bigint FOR UPDATE;

SELECT FROM order_items WHERE order_id = %(order_id)s::bigint ORDER BY order_item_id FOR UPDATE;

SELECT
  FROM stock
 WHERE stock_id IN (SELECT stock_id FROM stock_moves WHERE order_id = %(order_id)s::bigint)
 ORDER BY stock_id
   FOR UPDATE;

WITH present AS MATERIALIZED (
    SELECT orders.order_id, orders.session_id, orders.table_id, orders.store_id, orders.status, tables.table_number,
           order_document(orders, tables.table_number, (
               SELECT json_agg(order_item_document(order_items) ORDER BY order_items.order_item_id)
                 FROM order_items
                WHERE order_items.order_id = orders.order_id))::jsonb AS document
      FROM orders
      JOIN tables ON tables.table_id = orders.table_id
     WHERE orders.order_id = %(order_id)s::bigint
), kept AS MATERIALIZED (
    SELECT order_item_id, keep
      FROM jsonb_to_recordset(%(keeps)s::jsonb) AS kept (order_item_id bigint, keep int)
), lines AS MATERIALIZED (
    SELECT order_items.order_item_id, order_items.menu_id, order_items.quantity, order_items.unit_price,
           order_items.options,
           CASE WHEN %(keeps)s::jsonb IS NULL THEN 0 ELSE COALESCE(kept.keep, order_items.quantity) END AS keep,
           order_item_document(order_items)::jsonb AS document
      FROM order_items
      LEFT JOIN kept ON kept.order_item_id = order_items.order_item_id
     WHERE order_items.order_id = %(order_id)s::bigint
), gone AS MATERIALIZED (
    SELECT kept.order_item_id, kept.keep,
           EXISTS (SELECT
                     FROM order_voids
                    WHERE order_voids.order_id = %(order_id)s::bigint
                      AND order_voids.lines @> jsonb_build_array(
                              jsonb_build_object('order_item_id', kept.order_item_id))) AS was_there
      FROM kept
     WHERE NOT EXISTS (SELECT FROM lines WHERE lines.order_item_id = kept.order_item_id)
), approved AS MATERIALIZED (
    SELECT find_approval(%(approval)s::bytea, 'void', %(order_id)s::bigint) AS approved_by
      FROM present
     WHERE status <> '대기중'
       AND NOT %(may_void_later)s::boolean
       AND EXISTS (SELECT FROM lines WHERE keep < quantity)
), refused AS MATERIALIZED (
    SELECT CASE WHEN %(approval)s::bytea IS NULL THEN 'approval_required' ELSE 'approval_invalid' END AS refusal,
           jsonb_build_object('action', 'void') AS details
      FROM approved
     WHERE approved_by IS NULL
     UNION ALL
    SELECT 'order_item_not_found', jsonb_build_object('order_item_id', order_item_id)
      FROM gone
     WHERE NOT was_there
     UNION ALL
    SELECT 'keep_too_large', jsonb_build_object('order_item_id', order_item_id, 'quantity', quantity)
      FROM lines
     WHERE keep > quantity
     UNION ALL
    SELECT 'keep_too_large', jsonb_build_object('order_item_id', order_item_id, 'quantity', 0)
      FROM gone
     WHERE was_there AND keep > 0
), verdict AS MATERIALIZED (
    SELECT present.*,
           NOT EXISTS (SELECT FROM lines WHERE keep > 0) AS is_whole,
           EXISTS (SELECT FROM lines WHERE keep < quantity) AS is_changed,
           present.status = '대기중' OR %(restock)s::boolean AS restocks
      FROM present
     WHERE NOT EXISTS (SELECT FROM refused)
), booked AS (
    INSERT INTO order_voids (store_id, order_id, session_id, table_id, table_number, voided_by, approved_by, reason,
                             voided_order, kind, status, lines)
    SELECT store_id, order_id, session_id, table_id, table_number, %(username)s::text,
           (SELECT approved_by FROM approved), %(reason)s::text, document,
           CASE WHEN is_whole THEN 'order' ELSE 'lines' END, status,
           (SELECT jsonb_agg(lines.document || jsonb_build_object('voided_quantity', quantity - keep)
                             ORDER BY order_item_id)
              FROM lines
             WHERE keep < quantity)
      FROM verdict
     WHERE is_changed
), used AS (
    DELETE FROM approvals USING verdict, approved WHERE approvals.token_hash = %(approval)s::bytea
), deleted AS (
    DELETE FROM orders USING verdict WHERE orders.order_id = verdict.order_id AND verdict.is_whole
), shortened AS (
    UPDATE orders
       SET total_amount = (SELECT sum(unit_price::bigint * keep) FROM lines)
      FROM verdict
     WHERE orders.order_id = verdict.order_id AND verdict.is_changed AND NOT verdict.is_whole
    RETURNING orders.order_id, orders AS shortened
), removed AS (
    DELETE FROM order_items
     USING lines, shortened
     WHERE order_items.order_item_id = lines.order_item_id AND lines.keep = 0
), reduced AS (
    UPDATE order_items
       SET quantity = lines.keep
      FROM lines, shortened
     WHERE order_items.order_item_id = lines.order_item_id AND lines.keep BETWEEN 1 AND lines.quantity - 1
), freed AS (
    SELECT stock_id, sum(quantity) AS quantity
      FROM (SELECT stock.stock_id, lines.quantity - lines.keep AS quantity
              FROM lines
              JOIN stock ON stock.menu_id = lines.menu_id
             UNION ALL
            SELECT stock.stock_id, (lines.quantity - lines.keep) * (option ->> 'quantity')::int
              FROM lines
             CROSS JOIN jsonb_array_elements(lines.options) AS option
              JOIN stock ON stock.option_id = (option ->> 'option_id')::int) AS each
     GROUP BY stock_id
), returned AS MATERIALIZED (
    SELECT stock.stock_id, stock.store_id, stock.epoch, stock.remaining,
           LEAST(freed.quantity, -sum(stock_moves.delta), 2147483647 - stock.remaining) AS quantity
      FROM verdict
      JOIN stock_moves ON stock_moves.order_id = verdict.order_id
      JOIN stock ON stock.stock_id = stock_moves.stock_id AND stock.epoch = stock_moves.epoch
      JOIN freed ON freed.stock_id = stock.stock_id
     WHERE verdict.restocks AND stock.remaining IS NOT NULL
     GROUP BY stock.stock_id, stock.store_id, stock.epoch, stock.remaining, freed.quantity
    HAVING LEAST(freed.quantity, -sum(stock_moves.delta), 2147483647 - stock.remaining) > 0
), restocked AS (
    UPDATE stock
       SET remaining = returned.remaining + returned.quantity
      FROM returned
     WHERE stock.stock_id = returned.stock_id
), moved AS (
    INSERT INTO stock_moves (store_id, stock_id, epoch, delta, reason, order_id, moved_by)
    SELECT store_id, stock_id, epoch, quantity, 'voided', %(order_id)s::bigint, %(username)s::text FROM returned
)
SELECT present.table_id,
       (SELECT is_whole FROM verdict) AS is_whole,
       (SELECT refusal FROM refused ORDER BY refusal DESC, details LIMIT 1) AS refusal,
       (SELECT details FROM refused ORDER BY refusal DESC, details LIMIT 1) AS details,
       CASE WHEN NOT (SELECT is_whole FROM verdict) THEN
           order_document(COALESCE((SELECT shortened FROM shortened), orders), present.table_number, (
               SELECT json_agg((lines.document
                                || jsonb_build_object('quantity', keep, 'subtotal', unit_price::bigint * keep))
                               ORDER BY order_item_id)
                 FROM lines
                WHERE keep > 0))::text END AS document
  FROM present
  JOIN orders ON orders.order_id = present.order_id;
