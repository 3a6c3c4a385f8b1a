-- name: list_voids
WITH found AS MATERIALIZED (
    SELECT void_id, kind, order_id, session_id, table_id, table_number, status, voided_at, voided_by,
           approved_by, reason, voided_order, lines
      FROM order_voids
     WHERE store_id = %(store_id)s
       AND (%(start)s::date IS NULL OR voided_at >= %(start)s::date::timestamptz)
       AND (%(end)s::date IS NULL OR voided_at < (%(end)s::date + 1)::timestamptz)
       AND (%(before_time)s::bigint IS NULL
            OR (voided_at, void_id)
               < (timestamptz 'epoch' + %(before_time)s::bigint * interval '1 microsecond',
                  %(before_id)s::bigint))
     ORDER BY voided_at DESC, void_id DESC
     LIMIT %(limit)s + 1 OFFSET %(offset)s
), measured AS (
    SELECT void_id, row_number() OVER newest_first AS place,
           sum(pg_column_size(voided_order)) OVER newest_first - pg_column_size(voided_order) AS bytes_before
      FROM found
    WINDOW newest_first AS (ORDER BY voided_at DESC, void_id DESC)
), page AS (
    SELECT found.void_id, kind, order_id, session_id, table_id, table_number, status, voided_at, voided_by,
           approved_by, reason, voided_order, lines
      FROM found
      JOIN measured ON measured.void_id = found.void_id
     WHERE measured.place <= %(limit)s AND measured.bytes_before < %(page_bytes)s
)
SELECT json_build_object(
           'store_id', %(store_id)s,
           'total_count', (
               SELECT count(*)
                 FROM order_voids
                WHERE store_id = %(store_id)s
                  AND (%(start)s::date IS NULL OR voided_at >= %(start)s::date::timestamptz)
                  AND (%(end)s::date IS NULL OR voided_at < (%(end)s::date + 1)::timestamptz)),
           'voids', COALESCE((
               SELECT json_agg(json_build_object(
                          'void_id', void_id,
                          'kind', kind,
                          'order_id', order_id,
                          'session_id', session_id,
                          'table_id', table_id,
                          'table_number', table_number,
                          'voided_at', voided_at,
                          'voided_by', voided_by,
                          'approved_by', approved_by,
                          'reason', reason,
                          'status', COALESCE(status, voided_order ->> 'status'),
                          'lines', COALESCE(lines, (
                              SELECT jsonb_agg(line || jsonb_build_object(
                                                   'voided_quantity', line -> 'quantity') ORDER BY position)
                                FROM jsonb_array_elements(CASE jsonb_typeof(voided_order -> 'items')
                                                               WHEN 'array' THEN voided_order -> 'items'
                                                               ELSE '[]' END) WITH ORDINALITY
                                     AS voided (line, position)), '[]'),
                          'order', voided_order)
                      ORDER BY voided_at DESC, void_id DESC)
                 FROM page), '[]'),
           'next_cursor', (
               SELECT (extract(epoch FROM voided_at) * 1000000)::bigint || '-' || void_id
                 FROM page
                WHERE (SELECT count(*) FROM found) > (SELECT count(*) FROM page)
                ORDER BY voided_at, void_id
                LIMIT 1))::text;
