-- name: list_of_store
WITH found AS MATERIALIZED (
    SELECT history_id, session_id, table_id, table_number, completed_time, archived_order_data
      FROM order_history
     WHERE store_id = %(store_id)s
       AND (%(table_number)s::int IS NULL OR table_number = %(table_number)s)
       AND (%(start)s::date IS NULL OR completed_time >= %(start)s::date::timestamptz)
       AND (%(end)s::date IS NULL OR completed_time < (%(end)s::date + 1)::timestamptz)
       AND (%(before_time)s::bigint IS NULL
            OR (completed_time, history_id)
               < (timestamptz 'epoch' + %(before_time)s::bigint * interval '1 microsecond',
                  %(before_id)s::bigint))
     ORDER BY completed_time DESC, history_id DESC
     LIMIT %(limit)s + 1
), measured AS (
    SELECT history_id, row_number() OVER newest_first AS place,
           sum(pg_column_size(archived_order_data)) OVER newest_first - pg_column_size(archived_order_data) AS bytes_before
      FROM found
    WINDOW newest_first AS (ORDER BY completed_time DESC, history_id DESC)
), page AS (
    SELECT found.history_id, session_id, table_id, table_number, completed_time, archived_order_data
      FROM found
      JOIN measured ON measured.history_id = found.history_id
     WHERE measured.place <= %(limit)s AND measured.bytes_before < %(page_bytes)s
)
SELECT json_build_object(
           'store_id', %(store_id)s,
           'history', COALESCE((
               SELECT json_agg(json_build_object(
                          'history_id', history_id,
                          'session_id', session_id,
                          'table_id', table_id,
                          'table_number', table_number,
                          'completed_time', completed_time,
                          'archived_order_data', archived_order_data)
                      ORDER BY completed_time DESC, history_id DESC)
                 FROM page), '[]'),
           'next_cursor', (
               SELECT (extract(epoch FROM completed_time) * 1000000)::bigint || '-' || history_id
                 FROM page
                WHERE (SELECT count(*) FROM found) > (SELECT count(*) FROM page)
                ORDER BY completed_time, history_id
                LIMIT 1))::text;

-- name: list_of_table
WITH found AS MATERIALIZED (
    SELECT history_id, session_id, table_id, table_number, completed_time, archived_order_data
      FROM order_history
     WHERE store_id = %(store_id)s
       AND table_id = %(table_id)s
       AND (%(start)s::date IS NULL OR completed_time >= %(start)s::date::timestamptz)
       AND (%(end)s::date IS NULL OR completed_time < (%(end)s::date + 1)::timestamptz)
       AND (%(before_time)s::bigint IS NULL
            OR (completed_time, history_id)
               < (timestamptz 'epoch' + %(before_time)s::bigint * interval '1 microsecond',
                  %(before_id)s::bigint))
     ORDER BY completed_time DESC, history_id DESC
     LIMIT %(limit)s + 1 OFFSET %(offset)s
), measured AS (
    SELECT history_id, row_number() OVER newest_first AS place,
           sum(pg_column_size(archived_order_data)) OVER newest_first - pg_column_size(archived_order_data) AS bytes_before
      FROM found
    WINDOW newest_first AS (ORDER BY completed_time DESC, history_id DESC)
), page AS (
    SELECT found.history_id, session_id, table_id, table_number, completed_time, archived_order_data
      FROM found
      JOIN measured ON measured.history_id = found.history_id
     WHERE measured.place <= %(limit)s AND measured.bytes_before < %(page_bytes)s
), last_session AS (
    SELECT table_number
      FROM order_history
     WHERE store_id = %(store_id)s AND table_id = %(table_id)s
     ORDER BY completed_time DESC, history_id DESC
     LIMIT 1
), named AS (
    SELECT table_number FROM tables WHERE table_id = %(table_id)s
     UNION ALL
    SELECT table_number
      FROM last_session
     WHERE NOT EXISTS (SELECT FROM tables WHERE table_id = %(table_id)s)
)
SELECT json_build_object(
           'table_id', %(table_id)s,
           'table_number', named.table_number,
           'total_count', (
               SELECT count(*)
                 FROM order_history
                WHERE store_id = %(store_id)s
                  AND table_id = %(table_id)s
                  AND (%(start)s::date IS NULL OR completed_time >= %(start)s::date::timestamptz)
                  AND (%(end)s::date IS NULL OR completed_time < (%(end)s::date + 1)::timestamptz)),
           'history', COALESCE((
               SELECT json_agg(json_build_object(
                          'history_id', history_id,
                          'session_id', session_id,
                          'table_id', table_id,
                          'table_number', table_number,
                          'completed_time', completed_time,
                          'archived_order_data', archived_order_data)
                      ORDER BY completed_time DESC, history_id DESC)
                 FROM page), '[]'),
           'next_cursor', (
               SELECT (extract(epoch FROM completed_time) * 1000000)::bigint || '-' || history_id
                 FROM page
                WHERE (SELECT count(*) FROM found) > (SELECT count(*) FROM page)
                ORDER BY completed_time, history_id
                LIMIT 1))::text
  FROM named;
