-- Invariants of the data. psql -f sql/checks.sql shows each rule with the rows that break it; a rule that holds shows
-- "(0 rows)". Run it as a role that sees every store, such as a member of tableorder_owner. Other roles get an error
-- instead of a false "(0 rows)".

SET row_security = off;

\echo order_total: the total of an order is the sum of its lines
SELECT orders.order_id, orders.total_amount, sum(order_items.unit_price::bigint * order_items.quantity) AS lines
  FROM orders
  LEFT JOIN order_items ON order_items.order_id = orders.order_id
 GROUP BY orders.order_id
HAVING sum(order_items.unit_price::bigint * order_items.quantity) IS DISTINCT FROM orders.total_amount;

\echo line_price: the price of a line is its base price and what its options add
SELECT order_item_id, base_price, options, unit_price
  FROM order_items
 WHERE unit_price IS DISTINCT FROM order_item_price(base_price, options);

\echo stock: what is left is what was counted last and what has moved since
SELECT stock.stock_id, stock.remaining, sum(stock_moves.delta) AS moved
  FROM stock
  LEFT JOIN stock_moves ON stock_moves.stock_id = stock.stock_id AND stock_moves.epoch = stock.epoch
 WHERE stock.remaining IS NOT NULL
 GROUP BY stock.stock_id
HAVING sum(stock_moves.delta) IS DISTINCT FROM stock.remaining;

\echo option_groups: a group that a menu has is there, and can be satisfied
SELECT menu_option_groups.menu_id, menu_option_groups.group_id
  FROM menu_option_groups
  JOIN menus ON menus.menu_id = menu_option_groups.menu_id
  JOIN option_groups ON option_groups.group_id = menu_option_groups.group_id
 WHERE menus.deleted_at IS NULL
   AND (option_groups.deleted_at IS NOT NULL
        OR group_is_unsatisfiable(option_groups.group_id, min_select, max_select, max_each));

\echo current_session: the current session of a table is its one active session
SELECT tables.table_id, tables.current_session_id, active.session_ids
  FROM tables
  LEFT JOIN (SELECT table_id, array_agg(session_id) AS session_ids
               FROM table_sessions
              WHERE is_active
              GROUP BY table_id) AS active ON active.table_id = tables.table_id
 WHERE ARRAY[tables.current_session_id] <> COALESCE(active.session_ids, ARRAY[NULL::uuid]);

\echo session_end: a session that is over has an end
SELECT session_id, table_id, start_time
  FROM table_sessions
 WHERE NOT is_active AND end_time IS NULL;

\echo live_orders: live orders are those of active sessions, the others have moved to the history
SELECT orders.order_id, orders.session_id
  FROM orders
  LEFT JOIN table_sessions ON table_sessions.session_id = orders.session_id
 WHERE table_sessions.is_active IS NOT TRUE;

\echo archived_session: a session that is in the history is over
SELECT table_sessions.session_id, order_history.history_id
  FROM table_sessions
  JOIN order_history ON order_history.session_id = table_sessions.session_id
 WHERE table_sessions.is_active;

\echo open_calls: an open call is of an active session
SELECT calls.call_id, calls.session_id
  FROM calls
  JOIN table_sessions ON table_sessions.session_id = calls.session_id
 WHERE calls.closed_at IS NULL AND NOT table_sessions.is_active;

\echo history_form: an archive has a total and a list of orders, each with its number, total and lines
SELECT history_id
  FROM order_history
 WHERE (jsonb_typeof(archived_order_data -> 'session_total'), jsonb_typeof(archived_order_data -> 'orders'))
       IS DISTINCT FROM ('number', 'array')
    OR EXISTS (SELECT
                 FROM jsonb_array_elements(CASE jsonb_typeof(archived_order_data -> 'orders')
                                                WHEN 'array' THEN archived_order_data -> 'orders'
                                                ELSE '[]' END) AS entry
                WHERE (jsonb_typeof(entry -> 'order_id'), jsonb_typeof(entry -> 'total_amount'),
                       jsonb_typeof(entry -> 'items'))
                      IS DISTINCT FROM ('number', 'number', 'array'));

\echo history_total: the total of an archive is the sum of its orders
SELECT history_id, archived_order_data -> 'session_total' AS session_total, orders
  FROM order_history
 CROSS JOIN LATERAL (SELECT COALESCE(sum(CASE jsonb_typeof(entry -> 'total_amount')
                                              WHEN 'number' THEN (entry -> 'total_amount')::numeric END), 0) AS orders
                       FROM jsonb_array_elements(CASE jsonb_typeof(archived_order_data -> 'orders')
                                                      WHEN 'array' THEN archived_order_data -> 'orders'
                                                      ELSE '[]' END) AS entry) AS listed
 WHERE archived_order_data -> 'session_total' IS DISTINCT FROM to_jsonb(orders);

\echo book_lines: the total of an archived or voided order is the sum of its lines
SELECT book, book_id, entry -> 'order_id' AS order_id, entry -> 'total_amount' AS total_amount, lines
  FROM (SELECT 'order_history' AS book, history_id AS book_id,
               jsonb_array_elements(CASE jsonb_typeof(archived_order_data -> 'orders')
                                         WHEN 'array' THEN archived_order_data -> 'orders'
                                         ELSE '[]' END) AS entry
          FROM order_history
         UNION ALL
        SELECT 'order_voids', void_id, voided_order
          FROM order_voids) AS books
 CROSS JOIN LATERAL (SELECT sum(CASE WHEN jsonb_typeof(line -> 'unit_price') = 'number'
                                      AND jsonb_typeof(line -> 'quantity') = 'number'
                                     THEN (line -> 'unit_price')::numeric * (line -> 'quantity')::numeric END) AS lines
                       FROM jsonb_array_elements(CASE jsonb_typeof(entry -> 'items')
                                                      WHEN 'array' THEN entry -> 'items'
                                                      ELSE '[]' END) AS line) AS listed
 WHERE entry -> 'total_amount' IS DISTINCT FROM to_jsonb(lines);

\echo void_form: a void holds the order that it names, from the session that it names
SELECT void_id, order_id
  FROM order_voids
 WHERE voided_order -> 'order_id' IS DISTINCT FROM to_jsonb(order_id)
    OR voided_order ->> 'session_id' IS DISTINCT FROM session_id::text;

\echo one_place: an order is in one place only, live or in the history or voided
SELECT order_id, array_agg(place) AS places
  FROM (SELECT to_jsonb(order_id) AS order_id, 'orders' AS place FROM orders
         UNION ALL
        SELECT to_jsonb(order_id), 'order_voids' FROM order_voids WHERE kind = 'order'
         UNION ALL
        SELECT jsonb_path_query(archived_order_data, '$.orders[*].order_id'), 'order_history'
          FROM order_history) AS places
 GROUP BY order_id
HAVING count(*) > 1;

\echo references: every reference leads to a row, and to one of the same store
SELECT 'menus' AS relation, menus.menu_id::text AS id, menus.store_id
  FROM menus
  LEFT JOIN categories ON categories.category_id = menus.category_id
 WHERE categories.store_id IS DISTINCT FROM menus.store_id
 UNION ALL
SELECT 'tables', tables.table_id::text, tables.store_id
  FROM tables
  LEFT JOIN stores ON stores.store_id = tables.store_id
 WHERE stores.store_id IS NULL
 UNION ALL
SELECT 'categories', categories.category_id::text, categories.store_id
  FROM categories
  LEFT JOIN stores ON stores.store_id = categories.store_id
 WHERE stores.store_id IS NULL
 UNION ALL
SELECT 'staff', staff.staff_id::text, staff.store_id
  FROM staff
  LEFT JOIN stores ON stores.store_id = staff.store_id
 WHERE stores.store_id IS NULL
 UNION ALL
SELECT 'call_items', call_items.call_item_id::text, call_items.store_id
  FROM call_items
  LEFT JOIN stores ON stores.store_id = call_items.store_id
 WHERE stores.store_id IS NULL
 UNION ALL
SELECT 'devices', devices.device_id::text, devices.store_id
  FROM devices
  LEFT JOIN tables ON tables.table_id = devices.table_id
 WHERE tables.store_id IS DISTINCT FROM devices.store_id
 UNION ALL
SELECT 'table_sessions', table_sessions.session_id::text, table_sessions.store_id
  FROM table_sessions
  LEFT JOIN tables ON tables.table_id = table_sessions.table_id
 WHERE tables.store_id IS DISTINCT FROM table_sessions.store_id
 UNION ALL
SELECT 'options', options.option_id::text, options.store_id
  FROM options
  LEFT JOIN option_groups ON option_groups.group_id = options.group_id
 WHERE option_groups.store_id IS DISTINCT FROM options.store_id
 UNION ALL
SELECT 'menu_option_groups', menu_option_groups.menu_id || ' ' || menu_option_groups.group_id,
       menu_option_groups.store_id
  FROM menu_option_groups
  LEFT JOIN menus ON menus.menu_id = menu_option_groups.menu_id
  LEFT JOIN option_groups ON option_groups.group_id = menu_option_groups.group_id
 WHERE (menus.store_id, option_groups.store_id)
       IS DISTINCT FROM (menu_option_groups.store_id, menu_option_groups.store_id)
 UNION ALL
SELECT 'dayparts', dayparts.daypart_id::text, dayparts.store_id
  FROM dayparts
  LEFT JOIN stores ON stores.store_id = dayparts.store_id
 WHERE stores.store_id IS NULL
 UNION ALL
SELECT 'menu_dayparts', menu_dayparts.menu_id || ' ' || menu_dayparts.daypart_id, menu_dayparts.store_id
  FROM menu_dayparts
  LEFT JOIN menus ON menus.menu_id = menu_dayparts.menu_id
  LEFT JOIN dayparts ON dayparts.daypart_id = menu_dayparts.daypart_id
 WHERE (menus.store_id, dayparts.store_id) IS DISTINCT FROM (menu_dayparts.store_id, menu_dayparts.store_id)
 UNION ALL
SELECT 'category_dayparts', category_dayparts.category_id || ' ' || category_dayparts.daypart_id,
       category_dayparts.store_id
  FROM category_dayparts
  LEFT JOIN categories ON categories.category_id = category_dayparts.category_id
  LEFT JOIN dayparts ON dayparts.daypart_id = category_dayparts.daypart_id
 WHERE (categories.store_id, dayparts.store_id)
       IS DISTINCT FROM (category_dayparts.store_id, category_dayparts.store_id)
 UNION ALL
SELECT 'stock', stock.stock_id::text, stock.store_id
  FROM stock
  LEFT JOIN menus ON menus.menu_id = stock.menu_id
  LEFT JOIN options ON options.option_id = stock.option_id
 WHERE COALESCE(menus.store_id, options.store_id) IS DISTINCT FROM stock.store_id
 UNION ALL
SELECT 'calls', calls.call_id::text, calls.store_id
  FROM calls
  LEFT JOIN table_sessions ON table_sessions.session_id = calls.session_id
 WHERE (table_sessions.store_id, table_sessions.table_id) IS DISTINCT FROM (calls.store_id, calls.table_id)
 UNION ALL
SELECT 'orders', orders.order_id::text, orders.store_id
  FROM orders
  LEFT JOIN table_sessions ON table_sessions.session_id = orders.session_id
 WHERE (table_sessions.store_id, table_sessions.table_id) IS DISTINCT FROM (orders.store_id, orders.table_id)
 UNION ALL
SELECT 'order_items', order_items.order_item_id::text, order_items.store_id
  FROM order_items
  LEFT JOIN orders ON orders.order_id = order_items.order_id
  LEFT JOIN menus ON menus.menu_id = order_items.menu_id
 WHERE (orders.store_id, menus.store_id) IS DISTINCT FROM (order_items.store_id, order_items.store_id);

\echo book_stores: an archive and a void are of the store of their table and of their session, while those are there
SELECT book, book_id, books.store_id
  FROM (SELECT 'order_history' AS book, history_id AS book_id, store_id, table_id, session_id FROM order_history
         UNION ALL
        SELECT 'order_voids', void_id, store_id, table_id, session_id FROM order_voids) AS books
  LEFT JOIN tables ON tables.table_id = books.table_id
  LEFT JOIN table_sessions ON table_sessions.session_id = books.session_id
 WHERE tables.store_id <> books.store_id
    OR table_sessions.store_id <> books.store_id;

\echo idempotency_keys: a key leads to an order of its store that is live, in the history or voided
SELECT keys.session_id, keys.idempotency_key, keys.answer ->> 'order_id' AS order_id
  FROM idempotency_keys AS keys
 WHERE NOT EXISTS (SELECT
                     FROM orders
                    WHERE orders.session_id = keys.session_id
                      AND orders.store_id = keys.store_id
                      AND orders.order_id::text = keys.answer ->> 'order_id')
   AND NOT EXISTS (SELECT
                     FROM order_voids
                    WHERE order_voids.session_id = keys.session_id
                      AND order_voids.store_id = keys.store_id
                      AND order_voids.order_id::text = keys.answer ->> 'order_id')
   AND NOT EXISTS (SELECT
                     FROM order_history
                    WHERE order_history.session_id = keys.session_id
                      AND order_history.store_id = keys.store_id
                      AND order_history.archived_order_data
                          @> jsonb_build_object('orders', jsonb_build_array(
                                 jsonb_build_object('order_id', (keys.answer -> 'order_id')::jsonb))));

\echo menu_versions: every store has a version of its menu
SELECT stores.store_id
  FROM stores
  LEFT JOIN menu_versions ON menu_versions.store_id = stores.store_id
 WHERE menu_versions.store_id IS NULL;

\echo menu_languages: the version of a menu knows the languages that the menu is in
SELECT store_id, languages, store_languages(store_id) AS present
  FROM menu_versions
 WHERE languages IS DISTINCT FROM store_languages(store_id);

\echo menu_periods: a store with dayparts has a period in which its menu is the same, the others have none
SELECT store_id, period
  FROM menu_versions
 WHERE (period IS NOT NULL) <> EXISTS (SELECT FROM dayparts WHERE dayparts.store_id = menu_versions.store_id);

\echo pictures: a menu's picture is there, and it is noted of each picture whether a menu shows it
SELECT store_id, encode(sha256, 'hex') AS sha256, pictures.webp IS NOT NULL AS is_there, shown.menu_id, unused_since
  FROM pictures
  FULL JOIN (SELECT store_id, picture_sha256 AS sha256, min(menu_id) AS menu_id
               FROM menus
              WHERE picture_sha256 IS NOT NULL
              GROUP BY store_id, picture_sha256) AS shown USING (store_id, sha256)
 WHERE pictures.webp IS NULL
    OR (shown.menu_id IS NULL) <> (unused_since IS NOT NULL);

\echo event_horizon: how far the events of the live feed were forgotten is noted once
SELECT count(*) AS notes
  FROM event_horizon
HAVING count(*) <> 1;

\echo sequences: the next number of a sequence was not given before
SELECT sequence, drawn, present
  FROM (SELECT 'stores_store_id_seq' AS sequence, max(store_id) AS present FROM stores
         UNION ALL SELECT 'categories_category_id_seq', max(category_id) FROM categories
         UNION ALL SELECT 'menus_menu_id_seq', max(menu_id) FROM menus
         UNION ALL SELECT 'option_groups_group_id_seq', max(group_id) FROM option_groups
         UNION ALL SELECT 'options_option_id_seq', max(option_id) FROM options
         UNION ALL SELECT 'dayparts_daypart_id_seq', max(daypart_id) FROM dayparts
         UNION ALL SELECT 'stock_stock_id_seq', max(stock_id) FROM stock
         UNION ALL SELECT 'stock_moves_move_id_seq', max(move_id) FROM stock_moves
         UNION ALL SELECT 'staff_staff_id_seq', max(staff_id) FROM staff
         UNION ALL SELECT 'devices_device_id_seq', max(device_id) FROM devices
         UNION ALL SELECT 'call_items_call_item_id_seq', max(call_item_id) FROM call_items
         UNION ALL SELECT 'calls_call_id_seq', max(call_id) FROM calls
         UNION ALL SELECT 'tables_table_id_seq', max(table_id) FROM tables
         UNION ALL SELECT 'orders_order_id_seq', GREATEST(max(order_id), (SELECT max(order_id) FROM order_voids))
                     FROM orders
         UNION ALL SELECT 'order_items_order_item_id_seq', max(order_item_id) FROM order_items
         UNION ALL SELECT 'order_history_history_id_seq', max(history_id) FROM order_history
         UNION ALL SELECT 'order_voids_void_id_seq', max(void_id) FROM order_voids
         UNION ALL SELECT 'audit_log_audit_id_seq', max(audit_id) FROM audit_log
         UNION ALL SELECT 'events_event_id_seq', max(event_id) FROM events) AS numbered
 CROSS JOIN LATERAL (SELECT COALESCE(pg_sequence_last_value(('public.' || sequence)::regclass), 0) AS drawn) AS drawn
 WHERE drawn < present;
