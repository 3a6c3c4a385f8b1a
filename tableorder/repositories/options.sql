-- name: list_groups
SELECT json_build_object(
           'store_id', %(store_id)s::int,
           'option_groups', COALESCE(json_agg(document ORDER BY display_order, group_id), '[]'))::text
  FROM offered_groups(%(store_id)s, true);

-- name: add_group
-- Additions to a store wait for each other, so that each counts those before. Retired ones have a limit, too.
SELECT pg_advisory_xact_lock(7283465, %(store_id)s);

WITH present AS (
    SELECT count(*) FILTER (WHERE deleted_at IS NULL) AS live, count(*) AS kept
      FROM option_groups
     WHERE store_id = %(store_id)s
), added AS (
    INSERT INTO option_groups (store_id, group_name, min_select, max_select, max_each, display_order)
    SELECT %(store_id)s, %(group_name)s, %(min_select)s, %(max_select)s, %(max_each)s,
           COALESCE(%(display_order)s::int,
                    (SELECT LEAST(COALESCE(max(display_order)::bigint + 1, 0), 2147483647)
                       FROM option_groups
                      WHERE store_id = %(store_id)s AND deleted_at IS NULL))
      FROM present
     WHERE %(limit)s = 0 OR present.live < %(limit)s AND present.kept < %(kept_limit)s
    RETURNING admin_option_group_document(option_groups, NULL)::text AS document
)
SELECT (SELECT document FROM added), live FROM present;

-- name: update_group
SELECT FROM option_groups WHERE group_id = %(group_id)s AND deleted_at IS NULL FOR NO KEY UPDATE;

WITH present AS (
    SELECT group_id,
           COALESCE(%(min_select)s::int, min_select) AS min_select,
           COALESCE(%(max_select)s::int, max_select) AS max_select,
           COALESCE(%(max_each)s::int, max_each) AS max_each
      FROM option_groups
     WHERE group_id = %(group_id)s AND deleted_at IS NULL
), verdict AS (
    SELECT present.*,
           group_is_attached(present.group_id)
           AND min_select <= max_select
           AND group_is_unsatisfiable(group_id, min_select, max_select, max_each) AS is_unsatisfiable
      FROM present
), updated AS (
    UPDATE option_groups
       SET group_name = COALESCE(%(group_name)s, option_groups.group_name),
           translations = COALESCE(%(translations)s::jsonb, option_groups.translations),
           min_select = verdict.min_select,
           max_select = verdict.max_select,
           max_each = verdict.max_each,
           display_order = COALESCE(%(display_order)s::int, option_groups.display_order)
      FROM verdict
     WHERE option_groups.group_id = verdict.group_id AND NOT verdict.is_unsatisfiable
    RETURNING option_groups AS updated
)
SELECT verdict.is_unsatisfiable,
       (SELECT admin_option_group_document(updated.updated, (
                   SELECT json_agg(admin_option_document(options, stock.remaining)
                                   ORDER BY options.display_order, options.option_id)
                     FROM options
                     LEFT JOIN stock ON stock.option_id = options.option_id
                    WHERE options.group_id = %(group_id)s AND options.deleted_at IS NULL))::text
          FROM updated) AS document
  FROM verdict;

-- name: delete_group
-- Locked first, so that a menu that the group is being attached to is seen.
SELECT FROM option_groups WHERE group_id = %(group_id)s AND deleted_at IS NULL FOR UPDATE;

WITH present AS (
    SELECT group_id, group_is_attached(group_id) AS is_attached
      FROM option_groups
     WHERE group_id = %(group_id)s AND deleted_at IS NULL
), retired_group AS (
    UPDATE option_groups
       SET deleted_at = now()
      FROM present
     WHERE option_groups.group_id = present.group_id AND NOT present.is_attached
), retired_options AS (
    UPDATE options
       SET deleted_at = now()
      FROM present
     WHERE options.group_id = present.group_id AND NOT present.is_attached AND options.deleted_at IS NULL
)
SELECT is_attached FROM present;

-- name: add_option
SELECT pg_advisory_xact_lock(7283466, %(store_id)s);

SELECT FROM option_groups WHERE group_id = %(group_id)s AND deleted_at IS NULL FOR NO KEY UPDATE;

WITH present AS (
    SELECT group_id, store_id, counted.live,
           %(limit)s = 0 OR counted.live < %(limit)s AND counted.kept < %(kept_limit)s AS has_room,
           %(is_default)s
           AND group_is_attached(group_id)
           AND (SELECT count(*) FROM options WHERE group_id = %(group_id)s AND deleted_at IS NULL AND is_default)
               >= max_select AS is_unsatisfiable
      FROM option_groups
     CROSS JOIN (
         SELECT count(*) FILTER (WHERE deleted_at IS NULL) AS live, count(*) AS kept
           FROM options
          WHERE store_id = %(store_id)s
     ) AS counted
     WHERE group_id = %(group_id)s AND deleted_at IS NULL
), added AS (
    INSERT INTO options (store_id, group_id, option_name, translations, price_delta, is_available, is_default,
                         allergens, display_order)
    SELECT store_id, group_id, %(option_name)s, %(translations)s::jsonb, %(price_delta)s, %(is_available)s, %(is_default)s,
           %(allergens)s::text[],
           COALESCE(%(display_order)s::int,
                    (SELECT LEAST(COALESCE(max(display_order)::bigint + 1, 0), 2147483647)
                       FROM options
                      WHERE group_id = %(group_id)s AND deleted_at IS NULL))
      FROM present
     WHERE has_room AND NOT is_unsatisfiable
    RETURNING admin_option_document(options, NULL)::text AS document
)
SELECT has_room, live, is_unsatisfiable, (SELECT document FROM added) FROM present;

-- name: update_option
-- The group is locked before its option, as every writer of them does.
SELECT
  FROM option_groups
 WHERE group_id = (SELECT group_id FROM options WHERE option_id = %(option_id)s AND deleted_at IS NULL)
   FOR NO KEY UPDATE;

WITH present AS (
    SELECT options.option_id, option_groups.group_id,
           COALESCE(%(is_default)s::boolean, options.is_default)
           AND NOT options.is_default
           AND group_is_attached(options.group_id)
           AND (SELECT count(*)
                  FROM options AS others
                 WHERE others.group_id = options.group_id AND others.deleted_at IS NULL AND others.is_default)
               >= option_groups.max_select AS is_unsatisfiable
      FROM options
      JOIN option_groups ON option_groups.group_id = options.group_id
     WHERE options.option_id = %(option_id)s AND options.deleted_at IS NULL
), updated AS (
    UPDATE options
       SET option_name = COALESCE(%(option_name)s, options.option_name),
           translations = COALESCE(%(translations)s::jsonb, options.translations),
           price_delta = COALESCE(%(price_delta)s::int, options.price_delta),
           is_available = COALESCE(%(is_available)s::boolean, options.is_available),
           is_default = COALESCE(%(is_default)s::boolean, options.is_default),
           allergens = CASE WHEN %(sets_allergens)s THEN %(allergens)s::text[] ELSE options.allergens END,
           display_order = COALESCE(%(display_order)s::int, options.display_order)
      FROM present
     WHERE options.option_id = present.option_id AND NOT present.is_unsatisfiable
    RETURNING admin_option_document(options, (SELECT stock.remaining
                                                FROM stock
                                               WHERE stock.option_id = options.option_id))::text AS document
)
SELECT group_id, is_unsatisfiable, (SELECT document FROM updated) FROM present;

-- name: delete_option
SELECT
  FROM option_groups
 WHERE group_id = (SELECT group_id FROM options WHERE option_id = %(option_id)s AND deleted_at IS NULL)
   FOR NO KEY UPDATE;

WITH present AS (
    SELECT options.option_id, option_groups.group_id,
           group_is_attached(options.group_id)
           AND (SELECT count(*)
                  FROM options AS others
                 WHERE others.group_id = options.group_id
                   AND others.option_id <> options.option_id
                   AND others.deleted_at IS NULL) * option_groups.max_each < option_groups.min_select
           AS is_unsatisfiable
      FROM options
      JOIN option_groups ON option_groups.group_id = options.group_id
     WHERE options.option_id = %(option_id)s AND options.deleted_at IS NULL
), retired AS (
    UPDATE options
       SET deleted_at = now()
      FROM present
     WHERE options.option_id = present.option_id AND NOT present.is_unsatisfiable
)
SELECT group_id, is_unsatisfiable FROM present;

-- name: attach_groups
-- The menu is locked first, then the groups by their ids.
SELECT FROM menus WHERE menu_id = %(menu_id)s AND deleted_at IS NULL FOR NO KEY UPDATE;

SELECT
  FROM option_groups
 WHERE group_id = ANY(%(group_ids)s::int[]) AND deleted_at IS NULL
 ORDER BY group_id
   FOR NO KEY UPDATE;

WITH menu AS MATERIALIZED (
    SELECT menu_id, store_id FROM menus WHERE menu_id = %(menu_id)s AND deleted_at IS NULL
), sent AS MATERIALIZED (
    SELECT sent.group_id, sent.position, option_groups.group_id IS NOT NULL AS is_known,
           option_groups.group_id IS NOT NULL
           AND group_is_unsatisfiable(sent.group_id, min_select, max_select, max_each) AS is_unsatisfiable
      FROM unnest(%(group_ids)s::int[]) WITH ORDINALITY AS sent (group_id, position)
      LEFT JOIN option_groups ON option_groups.group_id = sent.group_id AND option_groups.deleted_at IS NULL
), accepted AS MATERIALIZED (
    SELECT menu.menu_id, menu.store_id
      FROM menu
     WHERE NOT EXISTS (SELECT FROM sent WHERE NOT is_known OR is_unsatisfiable)
), detached AS (
    DELETE FROM menu_option_groups
     USING accepted
     WHERE menu_option_groups.menu_id = accepted.menu_id
       AND menu_option_groups.group_id <> ALL(%(group_ids)s::int[])
), attached AS (
    INSERT INTO menu_option_groups (store_id, menu_id, group_id, display_order)
    SELECT accepted.store_id, accepted.menu_id, sent.group_id, sent.position
      FROM accepted, sent
        ON CONFLICT (menu_id, group_id) DO UPDATE SET display_order = EXCLUDED.display_order
)
SELECT EXISTS (SELECT FROM menu) AS is_known,
       (SELECT group_id FROM sent WHERE NOT is_known ORDER BY position LIMIT 1) AS unknown_group_id,
       (SELECT group_id FROM sent WHERE is_unsatisfiable ORDER BY position LIMIT 1) AS unsatisfiable_group_id;
