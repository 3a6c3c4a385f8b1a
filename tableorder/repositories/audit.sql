-- name: list_audit
WITH found AS MATERIALIZED (
    SELECT audit_id, at, actor, role, address, action, subject, before, after
      FROM audit_log
     WHERE store_id = %(store_id)s
       AND (%(before_time)s::bigint IS NULL
            OR (at, audit_id)
               < (timestamptz 'epoch' + %(before_time)s::bigint * interval '1 microsecond', %(before_id)s::bigint))
     ORDER BY at DESC, audit_id DESC
     LIMIT %(limit)s + 1
), page AS MATERIALIZED (
    SELECT audit_id, at, actor, role, address, action, subject, before, after
      FROM found
     ORDER BY at DESC, audit_id DESC
     LIMIT %(limit)s
)
SELECT json_build_object(
           'store_id', %(store_id)s::int,
           'audit', COALESCE((SELECT json_agg(page ORDER BY at DESC, audit_id DESC) FROM page), '[]'),
           'next_cursor', (SELECT (extract(epoch FROM at) * 1000000)::bigint || '-' || audit_id
                             FROM page
                            WHERE (SELECT count(*) FROM found) > %(limit)s
                            ORDER BY at, audit_id
                            LIMIT 1))::text;
