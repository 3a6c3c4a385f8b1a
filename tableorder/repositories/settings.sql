-- name: get_settings
SELECT store_settings_document(%(store_id)s, store_settings)::text
  FROM (SELECT %(store_id)s AS store_id) AS store
  LEFT JOIN store_settings ON store_settings.store_id = store.store_id;

-- name: update_settings
-- Nothing is written, and nothing answered, if PostgreSQL knows no such time zone.
WITH written AS (
    INSERT INTO store_settings AS present (store_id, time_zone, origin_notice)
    SELECT %(store_id)s, COALESCE(%(time_zone)s, 'Asia/Seoul'), %(origin_notice)s
     WHERE %(time_zone)s IS NULL OR EXISTS (SELECT FROM pg_timezone_names WHERE name = %(time_zone)s)
        ON CONFLICT (store_id) DO UPDATE
       SET time_zone = COALESCE(%(time_zone)s, present.time_zone),
           origin_notice = CASE WHEN %(sets_origin_notice)s THEN EXCLUDED.origin_notice ELSE present.origin_notice END
    RETURNING present AS kept
)
SELECT store_settings_document(%(store_id)s, kept)::text FROM written;
