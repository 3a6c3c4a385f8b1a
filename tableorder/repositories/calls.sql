-- name: list_offered
-- A store without items has the plain call.
WITH offered AS (
    SELECT display_order, call_item_id,
           with_members(json_build_object('call_item_id', call_item_id, 'label', label, 'max_quantity', max_quantity),
                        display_document(translations, %(wanted)s::text[], label, NULL)) AS document
      FROM call_items
     WHERE store_id = %(store_id)s AND is_active
), either AS (
    SELECT display_order, call_item_id, document FROM offered
     UNION ALL
    SELECT 0, NULL,
           with_members(json_build_object('call_item_id', NULL, 'label', '직원 호출', 'max_quantity', 1),
                        display_document('{"en": {"name": "Call staff"}, "ja": {"name": "スタッフを呼ぶ"},
                                           "zh": {"name": "呼叫服务员"}}', %(wanted)s::text[], '직원 호출', NULL))
     WHERE NOT EXISTS (SELECT FROM offered)
)
SELECT json_build_object(
           'store_id', %(store_id)s::int,
           'call_items', json_agg(document ORDER BY display_order, call_item_id))::text
  FROM either;

-- name: add_item
-- Additions to a store wait for each other, so that each counts those before.
SELECT pg_advisory_xact_lock(7283467, %(store_id)s);

INSERT INTO call_items (store_id, label, max_quantity, display_order, is_active, translations)
SELECT %(store_id)s, %(label)s, %(max_quantity)s, %(display_order)s, %(is_active)s, %(translations)s::jsonb
 WHERE %(limit)s = 0 OR (SELECT count(*) FROM call_items WHERE store_id = %(store_id)s) < %(limit)s
RETURNING call_item_document(call_items)::text;

-- name: update_item
UPDATE call_items
   SET label = COALESCE(%(label)s, label),
       max_quantity = COALESCE(%(max_quantity)s, max_quantity),
       display_order = COALESCE(%(display_order)s, display_order),
       is_active = COALESCE(%(is_active)s, is_active),
       translations = COALESCE(%(translations)s::jsonb, translations)
 WHERE call_item_id = %(call_item_id)s
RETURNING call_item_document(call_items)::text;

-- name: place_call
-- The session is locked first, as for an order: its end waits for this call, or this call for the end. Calls of one
-- session follow one another, so that there is one open call. Who calls too often does not wait for the lock.
SELECT set_config('app.locked_session', COALESCE((
           SELECT session_id::text
             FROM table_sessions
            WHERE session_id = %(session_id)s::uuid AND table_id = %(table_id)s::int AND is_active
              AND (%(call_rate)s::int = 0
                   OR (SELECT count(*)
                         FROM calls
                        CROSS JOIN unnest(calls.asks) AS ask
                        WHERE calls.session_id = %(session_id)s::uuid
                          AND ask > now() - interval '60 seconds') < %(call_rate)s::int)
              FOR NO KEY UPDATE), ''), true);

SELECT
  FROM calls
 WHERE session_id = NULLIF(current_setting('app.locked_session'), '')::uuid AND closed_at IS NULL
   FOR UPDATE;

WITH session AS MATERIALIZED (
    SELECT table_sessions.session_id, table_sessions.store_id, tables.table_id, tables.table_number
      FROM table_sessions
      JOIN tables ON tables.table_id = table_sessions.table_id
     WHERE table_sessions.session_id = %(session_id)s::uuid
       AND table_sessions.table_id = %(table_id)s::int
       AND table_sessions.is_active
), recent AS MATERIALIZED (
    SELECT count(*) AS asks, min(ask) AS since
      FROM calls
     CROSS JOIN unnest(calls.asks) AS ask
     WHERE calls.session_id = %(session_id)s::uuid AND ask > now() - interval '60 seconds'
), present AS MATERIALIZED (
    SELECT call_id, items, note, asked_times, asks
      FROM calls
     WHERE session_id = NULLIF(current_setting('app.locked_session'), '')::uuid AND closed_at IS NULL
), sent AS MATERIALIZED (
    SELECT sent.item - 1 AS item, sent.call_item_id, sent.quantity,
           CASE WHEN sent.call_item_id IS NULL THEN '직원 호출' ELSE call_items.label END AS label,
           CASE WHEN sent.call_item_id IS NULL THEN 1 ELSE call_items.max_quantity END AS max_quantity
      FROM ROWS FROM (jsonb_to_recordset(%(items)s::jsonb) AS (call_item_id int, quantity int)) WITH ORDINALITY
           AS sent (call_item_id, quantity, item)
      LEFT JOIN call_items ON call_items.call_item_id = sent.call_item_id AND call_items.is_active
), wrong AS (
    SELECT jsonb_build_object(
               'code', CASE WHEN label IS NULL THEN 'call_item_not_found' ELSE 'call_quantity_too_large' END,
               'item', item,
               'call_item_id', call_item_id,
               'max_quantity', max_quantity) AS problem
      FROM sent
     WHERE label IS NULL OR quantity > max_quantity
     ORDER BY item
     LIMIT 1
), refused AS MATERIALIZED (
    SELECT CASE WHEN NOT EXISTS (SELECT FROM session)
                THEN '{"code": "session_ended"}'
                WHEN current_setting('app.locked_session') = ''
                     OR %(call_rate)s::int > 0 AND recent.asks >= %(call_rate)s::int
                THEN jsonb_build_object(
                         'code', 'too_many_calls',
                         'call_rate', %(call_rate)s::int,
                         'wait', extract(epoch FROM recent.since + interval '60 seconds' - now()))
                WHEN EXISTS (SELECT FROM wrong)
                THEN (SELECT problem FROM wrong)
                WHEN %(session_calls)s::int > 0
                     AND NOT EXISTS (SELECT FROM present)
                     AND (SELECT count(*) FROM calls WHERE session_id = %(session_id)s::uuid) >= %(session_calls)s::int
                THEN jsonb_build_object('code', 'limit_reached', 'limit', %(session_calls)s::int, 'noun', 'calls')
           END AS problem
      FROM recent
), asked AS (
    SELECT 0 AS part, position, (entry ->> 'call_item_id')::int AS call_item_id, entry ->> 'label' AS label,
           (entry ->> 'quantity')::int AS quantity, NULL::int AS max_quantity
      FROM present
     CROSS JOIN jsonb_array_elements(present.items) WITH ORDINALITY AS each (entry, position)
     UNION ALL
    SELECT 1, item, call_item_id, label, quantity, max_quantity FROM sent
), summed AS (
    SELECT min(part * 1000 + position) AS place, call_item_id,
           (array_agg(label ORDER BY part DESC))[1] AS label,
           LEAST(sum(quantity), max(max_quantity)) AS quantity
      FROM asked
     GROUP BY call_item_id
), wanted AS MATERIALIZED (
    SELECT jsonb_agg(jsonb_build_object('call_item_id', call_item_id, 'label', label, 'quantity', quantity)
                     ORDER BY place) AS items
      FROM summed
), added AS (
    UPDATE calls
       SET items = wanted.items,
           note = COALESCE(%(note)s::text, present.note),
           asked_times = present.asked_times + 1,
           asks = ARRAY(SELECT ask
                          FROM unnest(present.asks) AS ask
                         WHERE ask > now() - interval '60 seconds') || now()
      FROM present, wanted, refused
     WHERE calls.call_id = present.call_id AND refused.problem IS NULL
    RETURNING call_document(calls) AS document
), created AS (
    INSERT INTO calls (store_id, session_id, table_id, table_number, items, note)
    SELECT session.store_id, session.session_id, session.table_id, session.table_number, wanted.items, %(note)s::text
      FROM session, wanted, refused
     WHERE refused.problem IS NULL AND NOT EXISTS (SELECT FROM present)
    RETURNING call_document(calls) AS document
)
SELECT COALESCE((SELECT document FROM created), (SELECT document FROM added))::text AS answer,
       EXISTS (SELECT FROM created) AS is_new,
       refused.problem
  FROM refused;

-- name: current_call
SELECT json_build_object('call', (SELECT call_document(calls)
                                    FROM calls
                                   WHERE calls.session_id = table_sessions.session_id
                                     AND calls.closed_at IS NULL))::text
  FROM table_sessions
 WHERE session_id = %(session_id)s AND table_id = %(table_id)s AND is_active;

-- name: take_back_call
SELECT
  FROM table_sessions
 WHERE session_id = %(session_id)s AND table_id = %(table_id)s AND is_active
   FOR NO KEY UPDATE;

SELECT FROM calls WHERE session_id = %(session_id)s AND closed_at IS NULL FOR UPDATE;

WITH closed AS (
    UPDATE calls SET closed_at = now() WHERE session_id = %(session_id)s AND closed_at IS NULL
)
SELECT json_build_object('call', NULL)::text
  FROM table_sessions
 WHERE session_id = %(session_id)s AND table_id = %(table_id)s AND is_active;

-- name: list_calls
WITH found AS MATERIALIZED (
    SELECT calls AS call, asked_at, call_id
      FROM calls
     WHERE store_id = %(store_id)s
       AND (NOT %(open)s OR closed_at IS NULL)
       AND (%(before_time)s::bigint IS NULL
            OR (asked_at, call_id)
               < (timestamptz 'epoch' + %(before_time)s::bigint * interval '1 microsecond', %(before_id)s::bigint))
     ORDER BY asked_at DESC, call_id DESC
     LIMIT %(limit)s + 1
), page AS MATERIALIZED (
    SELECT call, asked_at, call_id FROM found ORDER BY asked_at DESC, call_id DESC LIMIT %(limit)s
)
SELECT json_build_object(
           'store_id', %(store_id)s::int,
           'calls', COALESCE((SELECT json_agg(admin_call_document(call) ORDER BY asked_at DESC, call_id DESC)
                                FROM page), '[]'),
           'next_cursor', (SELECT (extract(epoch FROM asked_at) * 1000000)::bigint || '-' || call_id
                             FROM page
                            WHERE (SELECT count(*) FROM found) > %(limit)s
                            ORDER BY asked_at, call_id
                            LIMIT 1))::text;

-- name: take_call
-- Whoever takes it first has it; a call that is taken or closed stays as it is.
SELECT FROM calls WHERE call_id = %(call_id)s FOR UPDATE;

WITH present AS (
    SELECT call_id, admin_call_document(calls) AS document FROM calls WHERE call_id = %(call_id)s
), taken AS (
    UPDATE calls
       SET taken_by = %(username)s, taken_at = now()
     WHERE call_id = %(call_id)s AND taken_at IS NULL AND closed_at IS NULL
    RETURNING admin_call_document(calls) AS document
)
SELECT COALESCE((SELECT document FROM taken), document)::text FROM present;

-- name: close_call
SELECT FROM calls WHERE call_id = %(call_id)s FOR UPDATE;

WITH present AS (
    SELECT call_id, admin_call_document(calls) AS document FROM calls WHERE call_id = %(call_id)s
), closed AS (
    UPDATE calls
       SET closed_by = %(username)s, closed_at = now()
     WHERE call_id = %(call_id)s AND closed_at IS NULL
    RETURNING admin_call_document(calls) AS document
)
SELECT COALESCE((SELECT document FROM closed), document)::text FROM present;
