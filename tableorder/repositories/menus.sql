-- name: catalog
-- The store's menu, of one category if given, unless its edition is among `known_editions`: its version, the language that
-- was found for the one that is `wanted`, and until when the dayparts that are on stay on. The edition and the menu are
-- read by one statement, at one moment, so they belong together. The menu is built by a function: a statement with all of it
-- would be prepared for each tablet that has the edition.
-- `with_pictures`: they are in the menu, not only their addresses.
WITH present AS MATERIALIZED (
    SELECT versions.version, versions.languages,
           CASE WHEN %(wanted)s::text[] IS NOT NULL
                THEN found_language(%(wanted)s::text[], versions.languages || '{en,ja,zh-Hans}') END AS language,
           menu_valid_until(store.store_id, versions.period, now()) AS valid_until
      FROM (SELECT %(store_id)s::int AS store_id) AS store
      LEFT JOIN menu_versions AS versions ON versions.store_id = store.store_id
), edition AS MATERIALIZED (
    SELECT present.version, present.languages, present.language, present.valid_until,
           concat_ws('.', present.version, present.language, extract(epoch FROM present.valid_until)::bigint) AS edition
      FROM present
)
SELECT CASE WHEN edition.version IS NOT NULL THEN edition.edition END AS edition,
       edition.language,
       edition.languages,
       %(category_id)s::int IS NULL OR EXISTS (SELECT FROM categories WHERE category_id = %(category_id)s::int)
       AS category_known,
       CASE WHEN edition.version IS NULL OR edition.edition <> ALL(%(known_editions)s::text[]) THEN catalog_document(
           %(store_id)s::int, edition.version, edition.valid_until, %(category_id)s::int,
           %(for_admin)s::boolean, %(wanted)s::text[], %(with_pictures)s::boolean)::text END AS document
  FROM edition;

-- name: add_menu
-- Additions to a store wait for each other, so that each counts those before. The category is locked, so that a reorder
-- under way is over and its places count. Retired menus are kept for a day at least, so they have a limit too. The picture
-- is stored by a statement before, so that the menu's document has it; one that is stored already is locked.
SELECT pg_advisory_xact_lock(7283464, %(store_id)s);

SELECT FROM categories WHERE category_id = %(category_id)s FOR NO KEY UPDATE;

INSERT INTO pictures (store_id, sha256, webp)
SELECT %(store_id)s, %(picture_sha256)s::bytea, %(picture_webp)s::bytea
 WHERE %(picture_sha256)s::bytea IS NOT NULL
   AND picture_fits(%(store_id)s, NULL, %(picture_sha256)s, %(picture_size)s, %(picture_limit)s)
    ON CONFLICT (store_id, sha256) DO UPDATE
   SET unused_since = pictures.unused_since;

WITH verdict AS MATERIALIZED (
    SELECT count(*) FILTER (WHERE deleted_at IS NULL) AS live,
           %(limit)s = 0
           OR count(*) FILTER (WHERE deleted_at IS NULL) < %(limit)s AND count(*) < %(kept_limit)s AS menu_fits,
           %(picture_sha256)s::bytea IS NULL
           OR picture_fits(%(store_id)s, NULL, %(picture_sha256)s, %(picture_size)s, %(picture_limit)s) AS picture_fits
      FROM menus
     WHERE store_id = %(store_id)s
), added AS (
    INSERT INTO menus (store_id, category_id, menu_name, translations, price, description, allergens, origins, spicy,
                       min_age, picture_sha256, display_order, is_available)
    SELECT %(store_id)s, %(category_id)s, %(menu_name)s, %(translations)s::jsonb, %(price)s, %(description)s,
           %(allergens)s::text[], %(origins)s::jsonb, %(spicy)s, %(min_age)s, %(picture_sha256)s,
           COALESCE(%(display_order)s::int,
                    (SELECT LEAST(COALESCE(max(display_order)::bigint + 1, 0), 2147483647)
                       FROM menus
                      WHERE category_id = %(category_id)s AND deleted_at IS NULL)),
           %(is_available)s
      FROM verdict
     WHERE verdict.menu_fits AND verdict.picture_fits
    RETURNING menus
)
SELECT CASE WHEN (added.menus).menu_id IS NOT NULL
            THEN admin_menu_document(added.menus, categories.category_name,
                                     (added.menus).is_available AND service.served_now, NULL, service.dayparts,
                                     service.served_now, service.next_from, NULL, true)::text END AS document,
       verdict.live, verdict.menu_fits, verdict.picture_fits
  FROM verdict
  LEFT JOIN added ON true
  LEFT JOIN categories ON categories.category_id = (added.menus).category_id
  LEFT JOIN LATERAL menu_service(%(store_id)s, ARRAY[(added.menus).menu_id], ARRAY[(added.menus).category_id],
                                 now()) AS service ON true;

-- name: update_menu
-- Changes of pictures wait for each other, as additions do. Locks the menu and then the category, as a reorder does.
SELECT pg_advisory_xact_lock(7283464, %(store_id)s) WHERE %(sets_picture)s;

SELECT FROM menus WHERE menu_id = %(menu_id)s AND deleted_at IS NULL FOR NO KEY UPDATE;

SELECT FROM categories WHERE category_id = %(category_id)s FOR NO KEY UPDATE;

INSERT INTO pictures (store_id, sha256, webp)
SELECT %(store_id)s, %(picture_sha256)s::bytea, %(picture_webp)s::bytea
  FROM menus
 WHERE menus.menu_id = %(menu_id)s
   AND menus.deleted_at IS NULL
   AND %(picture_sha256)s::bytea IS NOT NULL
   AND picture_fits(%(store_id)s, %(menu_id)s, %(picture_sha256)s, %(picture_size)s, %(picture_limit)s)
    ON CONFLICT (store_id, sha256) DO UPDATE
   SET unused_since = pictures.unused_since;

WITH verdict AS MATERIALIZED (
    SELECT %(picture_sha256)s::bytea IS NULL
           OR picture_fits(%(store_id)s, %(menu_id)s, %(picture_sha256)s, %(picture_size)s,
                           %(picture_limit)s)
           OR NOT EXISTS (SELECT FROM menus WHERE menu_id = %(menu_id)s AND deleted_at IS NULL) AS picture_fits
), changed AS (
    UPDATE menus
       SET category_id = COALESCE(%(category_id)s, menus.category_id),
           menu_name = COALESCE(%(menu_name)s, menus.menu_name),
           translations = COALESCE(%(translations)s::jsonb, menus.translations),
           price = COALESCE(%(price)s, menus.price),
           description = CASE WHEN %(sets_description)s THEN %(description)s ELSE menus.description END,
           allergens = CASE WHEN %(sets_allergens)s THEN %(allergens)s::text[] ELSE menus.allergens END,
           origins = COALESCE(%(origins)s::jsonb, menus.origins),
           spicy = COALESCE(%(spicy)s, menus.spicy),
           min_age = CASE WHEN %(sets_min_age)s THEN %(min_age)s ELSE menus.min_age END,
           image_base64 = CASE WHEN NOT %(sets_picture)s THEN menus.image_base64 END,
           picture_sha256 = CASE WHEN %(sets_picture)s THEN %(picture_sha256)s ELSE menus.picture_sha256 END,
           display_order = COALESCE(
               %(display_order)s,
               CASE WHEN menus.category_id <> %(category_id)s THEN (
                   SELECT LEAST(COALESCE(max(others.display_order)::bigint + 1, 0), 2147483647)
                     FROM menus AS others
                    WHERE others.category_id = %(category_id)s AND others.deleted_at IS NULL) END,
               menus.display_order),
           is_available = COALESCE(%(is_available)s, menus.is_available)
      FROM verdict
     WHERE menus.menu_id = %(menu_id)s AND menus.deleted_at IS NULL AND verdict.picture_fits
    RETURNING menus
)
SELECT CASE WHEN (changed.menus).menu_id IS NOT NULL
            THEN admin_menu_document(changed.menus, categories.category_name,
                                     (changed.menus).is_available
                                     AND service.served_now
                                     AND stock.remaining IS DISTINCT FROM 0
                                     AND COALESCE(offer.can_be_satisfied, true),
                                     stock.remaining, service.dayparts, service.served_now, service.next_from,
                                     offer.groups, true)::text END,
       verdict.picture_fits
  FROM verdict
  LEFT JOIN changed ON true
  LEFT JOIN categories ON categories.category_id = (changed.menus).category_id
  LEFT JOIN stock ON stock.menu_id = (changed.menus).menu_id
  LEFT JOIN LATERAL menu_service(%(store_id)s, ARRAY[(changed.menus).menu_id], ARRAY[(changed.menus).category_id],
                                 now()) AS service ON true
 CROSS JOIN LATERAL (
     SELECT bool_and(groups.can_be_satisfied) AS can_be_satisfied,
            json_agg(groups.document ORDER BY menu_option_groups.display_order) AS groups
       FROM menu_option_groups
       JOIN offered_groups(%(store_id)s, true) AS groups ON groups.group_id = menu_option_groups.group_id
      WHERE menu_option_groups.menu_id = (changed.menus).menu_id
 ) AS offer;

-- name: reorder_menus
-- The menus are locked in the order of their ids, then their category: a menu that is being added to it comes before or
-- after all of this.
SELECT
  FROM menus
 WHERE menu_id = ANY(%(menu_ids)s) AND deleted_at IS NULL
 ORDER BY menu_id
   FOR NO KEY UPDATE;

SELECT
  FROM categories
 WHERE category_id = (SELECT min(category_id) FROM menus WHERE menu_id = ANY(%(menu_ids)s) AND deleted_at IS NULL)
   FOR NO KEY UPDATE;

WITH sent AS (
    SELECT menu_id, position FROM unnest(%(menu_ids)s) WITH ORDINALITY AS sent (menu_id, position)
), named AS (
    SELECT sent.menu_id, sent.position, menus.category_id
      FROM sent
      LEFT JOIN menus ON menus.menu_id = sent.menu_id AND menus.deleted_at IS NULL
), verdict AS (
    SELECT (SELECT min(menu_id) FROM named WHERE category_id IS NULL) AS unknown_menu_id,
           (SELECT count(DISTINCT category_id) FROM named) AS category_count,
           (SELECT count(*)
              FROM menus
             WHERE menus.category_id = (SELECT min(category_id) FROM named) AND menus.deleted_at IS NULL) AS menu_count
), moved AS (
    UPDATE menus
       SET display_order = named.position
      FROM named, verdict
     WHERE menus.menu_id = named.menu_id
       AND verdict.unknown_menu_id IS NULL
       AND verdict.category_count = 1
       AND verdict.menu_count = %(count)s
)
SELECT unknown_menu_id, category_count, menu_count FROM verdict;

-- name: delete_menu
UPDATE menus SET deleted_at = now()
 WHERE menu_id = %(menu_id)s AND deleted_at IS NULL
RETURNING true;

-- name: labels
SELECT menus.menu_id, menus.menu_name, menus.allergens IS NOT NULL AS is_declared,
       COALESCE((SELECT string_agg(origin ->> 'ingredient', ' ')
                   FROM jsonb_array_elements(menus.origins) AS origin), '') AS ingredients,
       COALESCE((SELECT origin_notice FROM store_settings WHERE store_id = %(store_id)s), '') AS origin_notice
  FROM menus
  JOIN categories ON categories.category_id = menus.category_id
 WHERE menus.store_id = %(store_id)s AND menus.deleted_at IS NULL
 ORDER BY categories.display_order, categories.category_id, menus.display_order, menus.menu_id;
