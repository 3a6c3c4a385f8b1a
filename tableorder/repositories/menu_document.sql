-- name: export
WITH entry AS MATERIALIZED (
    SELECT kind, id, place, jsonb_build_object('ref', ref) || fields AS document, ref FROM menu_entries(%(store_id)s)
), listed AS (
    SELECT entry.document ->> 'option_group' AS group_ref,
           jsonb_agg(entry.document - 'option_group' ORDER BY entry.place) AS options
      FROM entry
     WHERE entry.kind = 'option'
     GROUP BY group_ref
)
SELECT present.version::text,
       json_build_object(
           'format', %(format)s,
           'version', present.version,
           'categories', COALESCE((SELECT json_agg(document ORDER BY place) FROM entry WHERE kind = 'category'), '[]'),
           'menus', COALESCE((
               SELECT json_agg(entry.document
                               || CASE WHEN %(with_pictures)s
                                       THEN jsonb_build_object('image_base64', picture_data_url(menus)) ELSE '{}' END
                               ORDER BY entry.place)
                 FROM entry
                 JOIN menus ON menus.menu_id = entry.id
                WHERE entry.kind = 'menu'), '[]'),
           'option_groups', COALESCE((
               SELECT json_agg(entry.document || jsonb_build_object('options', COALESCE(listed.options, '[]'))
                               ORDER BY entry.place)
                 FROM entry
                 LEFT JOIN listed ON listed.group_ref = entry.ref
                WHERE entry.kind = 'option_group'), '[]'),
           'dayparts', COALESCE((SELECT json_agg(document ORDER BY place) FROM entry WHERE kind = 'daypart'), '[]'))::text
  FROM (SELECT %(store_id)s AS store_id) AS store
  LEFT JOIN menu_versions AS present ON present.store_id = store.store_id;

-- name: import
-- Nothing is locked for a dry run. Else what any change of the menu locks, in the order of those changes: additions wait,
-- then all that is there is locked, by its ids, and at last the version, for which every other change waits at its end. So
-- the statement that compares the version sees the menu as it stays until its own changes.
SELECT pg_advisory_xact_lock(7283463, %(store_id)s),
       pg_advisory_xact_lock(7283464, %(store_id)s),
       pg_advisory_xact_lock(7283465, %(store_id)s),
       pg_advisory_xact_lock(7283466, %(store_id)s),
       pg_advisory_xact_lock(7283468, %(store_id)s)
 WHERE %(writes)s;

SELECT FROM menus
 WHERE store_id = %(store_id)s AND deleted_at IS NULL AND %(writes)s
 ORDER BY menu_id
   FOR NO KEY UPDATE;

SELECT FROM categories WHERE store_id = %(store_id)s AND %(writes)s ORDER BY category_id FOR NO KEY UPDATE;

SELECT FROM option_groups
 WHERE store_id = %(store_id)s AND deleted_at IS NULL AND %(writes)s
 ORDER BY group_id
   FOR NO KEY UPDATE;

SELECT FROM options
 WHERE store_id = %(store_id)s AND deleted_at IS NULL AND %(writes)s
 ORDER BY option_id
   FOR NO KEY UPDATE;

SELECT FROM dayparts WHERE store_id = %(store_id)s AND %(writes)s ORDER BY daypart_id FOR NO KEY UPDATE;

SELECT FROM pictures
 WHERE store_id = %(store_id)s
   AND sha256 IN (SELECT decode(named, 'hex') FROM unnest(%(sha256s)s::text[]) AS named)
   AND %(writes)s
 ORDER BY sha256
   FOR KEY SHARE;

SELECT FROM menu_versions WHERE store_id = %(store_id)s AND %(writes)s FOR NO KEY UPDATE;

-- The version is renewed once, below, and not by each change.
SELECT set_config('app.pruning', 'on', true);

WITH sent AS MATERIALIZED (
    SELECT kind, ref, pointer, fields, place
      FROM ROWS FROM (jsonb_to_recordset(%(entries)s::jsonb) AS (kind text, ref text, pointer text, fields jsonb))
           WITH ORDINALITY AS sent (kind, ref, pointer, fields, place)
), joined AS MATERIALIZED (
    -- What is there and what was sent, by their refs.
    SELECT kind, ref, present.id, sent.pointer, sent.place, sent.fields AS given, present.fields AS before,
           sent.pointer IS NULL AND %(replaces)s AS is_retired,
           COALESCE(present.fields, %(defaults)s::jsonb -> kind) || COALESCE(sent.fields, '{}')
           || CASE WHEN sent.fields ? 'dayparts'
                   THEN jsonb_build_object('dayparts', (
                            SELECT COALESCE(jsonb_agg(daypart ORDER BY daypart COLLATE "C"), '[]')
                              FROM jsonb_array_elements_text(sent.fields -> 'dayparts') AS daypart))
                   ELSE '{}' END AS wanted
      FROM menu_entries(%(store_id)s) AS present
      FULL JOIN sent USING (kind, ref)
), entry AS MATERIALIZED (
    -- What is new comes last among its like, unless it says where.
    SELECT joined.*,
           CASE WHEN wanted ? 'display_order' OR kind = 'daypart' THEN wanted
                ELSE wanted || jsonb_build_object('display_order', LEAST(
                         COALESCE(max((wanted ->> 'display_order')::bigint) OVER alike, -1)
                         + count(*) FILTER (WHERE NOT wanted ? 'display_order') OVER (alike ORDER BY place),
                         2147483647)) END AS after
      FROM joined
    WINDOW alike AS (PARTITION BY kind, wanted ->> 'category', wanted ->> 'option_group')
), final AS MATERIALIZED (
    SELECT * FROM entry WHERE NOT is_retired
), has_group AS MATERIALIZED (
    SELECT final.ref AS menu_ref, final.pointer, final.place, named.ref AS group_ref, named.number
      FROM final
     CROSS JOIN LATERAL jsonb_array_elements_text(final.after -> 'option_groups') WITH ORDINALITY AS named (ref, number)
     WHERE final.kind = 'menu'
), given_picture AS MATERIALIZED (
    SELECT sha256(webp) AS sha256, webp FROM unnest(%(webps)s::bytea[]) AS webp
), picture AS MATERIALIZED (
    SELECT sha256, octet_length(webp) AS size FROM pictures WHERE store_id = %(store_id)s
     UNION
    SELECT sha256, octet_length(webp) FROM given_picture
), counted AS MATERIALIZED (
    SELECT after ->> 'option_group' AS group_ref, count(*) AS options,
           count(*) FILTER (WHERE (after ->> 'is_default')::boolean) AS defaults
      FROM final
     WHERE kind = 'option'
     GROUP BY group_ref
), offered AS MATERIALIZED (
    SELECT final.ref, final.pointer, final.place,
           COALESCE(counted.options, 0) * (final.after ->> 'max_each')::int < (final.after ->> 'min_select')::int
           OR counted.defaults > (final.after ->> 'max_select')::int AS is_unsatisfiable
      FROM final
      LEFT JOIN counted ON counted.group_ref = final.ref
     WHERE final.kind = 'option_group'
), problem AS MATERIALIZED (
    SELECT final.place, final.pointer || '/' || needed.field AS pointer, 'required' AS code
      FROM final
      JOIN (VALUES ('category', 'category_name'), ('menu', 'category'), ('menu', 'menu_name'), ('menu', 'price'),
                   ('option_group', 'group_name'), ('option', 'option_name'), ('daypart', 'daypart_name'),
                   ('daypart', 'hours')) AS needed (kind, field)
        ON needed.kind = final.kind
     WHERE NOT final.after ? needed.field
     UNION ALL
    SELECT final.place, final.pointer || '/category', 'category_unknown'
      FROM final
      LEFT JOIN final AS category ON category.kind = 'category' AND category.ref = final.after ->> 'category'
     WHERE final.kind = 'menu' AND final.after ? 'category' AND category.ref IS NULL
     UNION ALL
    SELECT final.place, final.pointer || '/dayparts/' || named.number - 1, 'daypart_unknown'
      FROM final
     CROSS JOIN LATERAL jsonb_array_elements_text(COALESCE(final.given -> 'dayparts', final.after -> 'dayparts'))
                        WITH ORDINALITY AS named (ref, number)
      LEFT JOIN final AS daypart ON daypart.kind = 'daypart' AND daypart.ref = named.ref
     WHERE final.kind IN ('category', 'menu') AND final.pointer IS NOT NULL AND daypart.ref IS NULL
     UNION ALL
    SELECT has_group.place, has_group.pointer || '/option_groups/' || has_group.number - 1,
           CASE WHEN offered.ref IS NULL THEN 'group_unknown' ELSE 'group_unsatisfiable' END
      FROM has_group
      LEFT JOIN offered ON offered.ref = has_group.group_ref
     WHERE has_group.pointer IS NOT NULL
       AND (offered.ref IS NULL OR offered.is_unsatisfiable AND offered.pointer IS NULL)
     UNION ALL
    SELECT offered.place, offered.pointer, 'group_unsatisfiable'
      FROM offered
     WHERE offered.pointer IS NOT NULL
       AND offered.is_unsatisfiable
       AND EXISTS (SELECT FROM has_group WHERE has_group.group_ref = offered.ref)
     UNION ALL
    SELECT final.place, final.pointer || '/' || smaller.field, 'more_than_max_select'
      FROM final
     CROSS JOIN (VALUES ('min_select'), ('max_each')) AS smaller (field)
     WHERE final.kind = 'option_group'
       AND final.pointer IS NOT NULL
       AND (final.after ->> smaller.field)::int > (final.after ->> 'max_select')::int
     UNION ALL
    SELECT final.place, final.pointer || '/picture_sha256', 'picture_unknown'
      FROM final
      LEFT JOIN picture ON picture.sha256 = decode(final.after ->> 'picture_sha256', 'hex')
     WHERE final.kind = 'menu' AND final.after ->> 'picture_sha256' IS NOT NULL AND picture.sha256 IS NULL
     UNION ALL
    SELECT place, pointer || '/' || field, 'name_taken'
      FROM (SELECT place, pointer, named.field, count(*) OVER (PARTITION BY kind, after ->> named.field) AS so_called
              FROM final
              JOIN (VALUES ('category', 'category_name'), ('daypart', 'daypart_name')) AS named (kind, field) USING (kind)
             WHERE after ? named.field) AS named
     WHERE so_called > 1 AND pointer IS NOT NULL
), tally AS MATERIALIZED (
    SELECT kind, count(*) FILTER (WHERE id IS NULL) AS added, count(*) FILTER (WHERE NOT is_retired) AS live,
           CASE kind WHEN 'menu' THEN (SELECT count(*) FROM menus WHERE store_id = %(store_id)s)
                     WHEN 'option_group' THEN (SELECT count(*) FROM option_groups WHERE store_id = %(store_id)s)
                     WHEN 'option' THEN (SELECT count(*) FROM options WHERE store_id = %(store_id)s) ELSE 0 END AS kept
      FROM entry
     GROUP BY kind
), excess AS MATERIALIZED (
    SELECT tally.kind, CASE WHEN tally.live > most.most THEN most.most ELSE most.kept_most END AS most
      FROM tally
      JOIN jsonb_to_recordset(%(limits)s::jsonb) AS most (kind text, most bigint, kept_most bigint)
        ON most.kind = tally.kind
     WHERE tally.added > 0
       AND most.most > 0
       AND (tally.live > most.most OR tally.kept + tally.added > most.kept_most)
), shown AS MATERIALIZED (
    SELECT COALESCE(sum(picture.size) FILTER (WHERE encode(picture.sha256, 'hex') = entry.before ->> 'picture_sha256'), 0)
           AS before,
           COALESCE(sum(picture.size) FILTER (WHERE encode(picture.sha256, 'hex') = entry.after ->> 'picture_sha256'
                                                AND NOT entry.is_retired), 0) AS after,
           (SELECT COALESCE(sum(octet_length(webp)), 0) FROM given_picture)
           + (SELECT COALESCE(sum(octet_length(webp)), 0)
                FROM pictures
               WHERE store_id = %(store_id)s AND unused_since IS NOT NULL) AS unused
      FROM entry
      JOIN picture ON encode(picture.sha256, 'hex') IN (entry.before ->> 'picture_sha256', entry.after ->> 'picture_sha256')
     WHERE entry.kind = 'menu'
), verdict AS MATERIALIZED (
    SELECT menu_versions.version,
           menu_versions.version::text = ANY(%(known_versions)s::text[]) OR '*' = ANY(%(known_versions)s::text[])
           AS is_known,
           (SELECT jsonb_agg(jsonb_build_array(first.pointer, first.code))
              FROM (SELECT pointer, code FROM problem ORDER BY place, pointer LIMIT %(most_problems)s) AS first) AS problems,
           (SELECT jsonb_build_array(kind, most) FROM excess ORDER BY kind LIMIT 1) AS excess,
           %(picture_limit)s > 0
           AND (shown.after > shown.before AND shown.after > %(picture_limit)s
                OR EXISTS (SELECT FROM given_picture) AND shown.unused > 10 * %(picture_limit)s::bigint) AS is_too_large,
           EXISTS (SELECT FROM entry WHERE is_retired OR before IS DISTINCT FROM after) AS is_change
      FROM menu_versions, shown
     WHERE menu_versions.store_id = %(store_id)s
), decision AS MATERIALIZED (
    SELECT is_known AND problems IS NULL AND excess IS NULL AND NOT is_too_large AND is_change AND %(writes)s AS applies
      FROM verdict
), changed AS MATERIALIZED (
    SELECT final.* FROM final, decision WHERE decision.applies AND final.before IS DISTINCT FROM final.after
), retired AS MATERIALIZED (
    SELECT entry.kind, entry.id FROM entry, decision WHERE decision.applies AND entry.is_retired
), added_pictures AS (
    INSERT INTO pictures (store_id, sha256, webp)
    SELECT %(store_id)s, given_picture.sha256, given_picture.webp
      FROM given_picture, decision
     WHERE decision.applies
       AND EXISTS (SELECT FROM final WHERE final.after ->> 'picture_sha256' = encode(given_picture.sha256, 'hex'))
        ON CONFLICT (store_id, sha256) DO NOTHING
), added_categories AS (
    INSERT INTO categories (store_id, external_ref, category_name, translations, display_order)
    SELECT %(store_id)s, changed.ref, now.category_name, now.translations, now.display_order
      FROM changed
     CROSS JOIN LATERAL jsonb_to_record(changed.after)
                        AS now (category_name text, translations jsonb, display_order int)
     WHERE changed.kind = 'category' AND changed.id IS NULL
     ORDER BY changed.place
    RETURNING category_id, external_ref
), added_groups AS (
    INSERT INTO option_groups (store_id, external_ref, group_name, translations, min_select, max_select, max_each,
                               display_order)
    SELECT %(store_id)s, changed.ref, now.group_name, now.translations, now.min_select, now.max_select, now.max_each,
           now.display_order
      FROM changed
     CROSS JOIN LATERAL jsonb_to_record(changed.after)
                        AS now (group_name text, translations jsonb, min_select int, max_select int, max_each int,
                                display_order int)
     WHERE changed.kind = 'option_group' AND changed.id IS NULL
     ORDER BY changed.place
    RETURNING group_id, external_ref
), category_id AS MATERIALIZED (
    SELECT ref, id FROM final WHERE kind = 'category' AND id IS NOT NULL
     UNION ALL
    SELECT external_ref, category_id FROM added_categories
), group_id AS MATERIALIZED (
    SELECT ref, id FROM final WHERE kind = 'option_group' AND id IS NOT NULL
     UNION ALL
    SELECT external_ref, group_id FROM added_groups
), added_dayparts AS (
    INSERT INTO dayparts (store_id, external_ref, daypart_name, hours)
    SELECT %(store_id)s, ref, after ->> 'daypart_name', after -> 'hours'
      FROM changed
     WHERE kind = 'daypart' AND id IS NULL
     ORDER BY place
    RETURNING daypart_id, external_ref
), daypart_id AS MATERIALIZED (
    SELECT ref, id FROM final WHERE kind = 'daypart' AND id IS NOT NULL
     UNION ALL
    SELECT external_ref, daypart_id FROM added_dayparts
), added_options AS (
    INSERT INTO options (store_id, external_ref, group_id, option_name, translations, price_delta, is_available,
                         is_default, allergens, display_order)
    SELECT %(store_id)s, changed.ref, group_id.id, now.option_name, now.translations, now.price_delta, now.is_available,
           now.is_default, now.allergens, now.display_order
      FROM changed
     CROSS JOIN LATERAL jsonb_to_record(changed.after)
                        AS now (option_group text, option_name text, translations jsonb, price_delta int,
                                is_available boolean, is_default boolean, allergens text[], display_order int)
      JOIN group_id ON group_id.ref = now.option_group
     WHERE changed.kind = 'option' AND changed.id IS NULL
     ORDER BY changed.place
), added_menus AS (
    INSERT INTO menus (store_id, external_ref, category_id, menu_name, translations, price, description, allergens,
                       origins, spicy, min_age, picture_sha256, display_order, is_available)
    SELECT %(store_id)s, changed.ref, category_id.id, now.menu_name, now.translations, now.price, now.description,
           now.allergens, now.origins, now.spicy, now.min_age, decode(now.picture_sha256, 'hex'), now.display_order,
           now.is_available
      FROM changed
     CROSS JOIN LATERAL jsonb_to_record(changed.after)
                        AS now (category text, menu_name text, translations jsonb, price int, description text,
                                allergens text[], origins jsonb, spicy smallint, min_age smallint, picture_sha256 text,
                                display_order int, is_available boolean)
      JOIN category_id ON category_id.ref = now.category
     WHERE changed.kind = 'menu' AND changed.id IS NULL
     ORDER BY changed.place
    RETURNING menu_id, external_ref
), menu_id AS MATERIALIZED (
    SELECT ref, id FROM final WHERE kind = 'menu' AND id IS NOT NULL
     UNION ALL
    SELECT external_ref, menu_id FROM added_menus
), changed_categories AS (
    UPDATE categories
       SET category_name = now.category_name, translations = now.translations, display_order = now.display_order
      FROM changed
     CROSS JOIN LATERAL jsonb_to_record(changed.after)
                        AS now (category_name text, translations jsonb, display_order int)
     WHERE changed.kind = 'category' AND changed.id = categories.category_id
), changed_dayparts AS (
    UPDATE dayparts
       SET daypart_name = changed.after ->> 'daypart_name', hours = changed.after -> 'hours'
      FROM changed
     WHERE changed.kind = 'daypart' AND changed.id = dayparts.daypart_id
), changed_groups AS (
    UPDATE option_groups
       SET group_name = now.group_name, translations = now.translations, min_select = now.min_select,
           max_select = now.max_select, max_each = now.max_each, display_order = now.display_order
      FROM changed
     CROSS JOIN LATERAL jsonb_to_record(changed.after)
                        AS now (group_name text, translations jsonb, min_select int, max_select int, max_each int,
                                display_order int)
     WHERE changed.kind = 'option_group' AND changed.id = option_groups.group_id
), changed_options AS (
    UPDATE options
       SET group_id = group_id.id, option_name = now.option_name, translations = now.translations,
           price_delta = now.price_delta, is_available = now.is_available, is_default = now.is_default,
           allergens = now.allergens, display_order = now.display_order
      FROM changed
     CROSS JOIN LATERAL jsonb_to_record(changed.after)
                        AS now (option_group text, option_name text, translations jsonb, price_delta int,
                                is_available boolean, is_default boolean, allergens text[], display_order int)
      JOIN group_id ON group_id.ref = now.option_group
     WHERE changed.kind = 'option' AND changed.id = options.option_id
), changed_menus AS (
    UPDATE menus
       SET category_id = category_id.id, menu_name = now.menu_name, translations = now.translations, price = now.price,
           description = now.description, allergens = now.allergens, origins = now.origins, spicy = now.spicy,
           min_age = now.min_age, picture_sha256 = decode(now.picture_sha256, 'hex'),
           image_base64 = CASE WHEN now.picture_sha256 IS NULL THEN menus.image_base64 END,
           display_order = now.display_order, is_available = now.is_available
      FROM changed
     CROSS JOIN LATERAL jsonb_to_record(changed.after)
                        AS now (category text, menu_name text, translations jsonb, price int, description text,
                                allergens text[], origins jsonb, spicy smallint, min_age smallint, picture_sha256 text,
                                display_order int, is_available boolean)
      JOIN category_id ON category_id.ref = now.category
     WHERE changed.kind = 'menu' AND changed.id = menus.menu_id
), regrouped AS MATERIALIZED (
    SELECT menu_id.id, changed.ref
      FROM changed
      JOIN menu_id ON menu_id.ref = changed.ref
     WHERE changed.kind = 'menu'
       AND changed.before -> 'option_groups' IS DISTINCT FROM changed.after -> 'option_groups'
), wanted_group AS MATERIALIZED (
    SELECT regrouped.id AS menu_id, group_id.id AS group_id, has_group.number
      FROM regrouped
      JOIN has_group ON has_group.menu_ref = regrouped.ref
      JOIN group_id ON group_id.ref = has_group.group_ref
), detached AS (
    DELETE FROM menu_option_groups
     USING regrouped
     WHERE menu_option_groups.menu_id = regrouped.id
       AND NOT EXISTS (SELECT
                         FROM wanted_group
                        WHERE wanted_group.menu_id = menu_option_groups.menu_id
                          AND wanted_group.group_id = menu_option_groups.group_id)
), attached AS (
    INSERT INTO menu_option_groups (store_id, menu_id, group_id, display_order)
    SELECT %(store_id)s, menu_id, group_id, number FROM wanted_group
        ON CONFLICT (menu_id, group_id) DO UPDATE SET display_order = EXCLUDED.display_order
), retimed AS MATERIALIZED (
    SELECT changed.kind, COALESCE(menu_id.id, category_id.id) AS id, changed.after -> 'dayparts' AS dayparts
      FROM changed
      LEFT JOIN menu_id ON changed.kind = 'menu' AND menu_id.ref = changed.ref
      LEFT JOIN category_id ON changed.kind = 'category' AND category_id.ref = changed.ref
     WHERE changed.kind IN ('category', 'menu')
       AND changed.before -> 'dayparts' IS DISTINCT FROM changed.after -> 'dayparts'
), wanted_daypart AS MATERIALIZED (
    SELECT retimed.kind, retimed.id, daypart_id.id AS daypart_id
      FROM retimed
     CROSS JOIN LATERAL jsonb_array_elements_text(retimed.dayparts) AS named (ref)
      JOIN daypart_id ON daypart_id.ref = named.ref
), unserved_menus AS (
    DELETE FROM menu_dayparts
     USING retimed
     WHERE retimed.kind = 'menu'
       AND menu_dayparts.menu_id = retimed.id
       AND NOT EXISTS (SELECT
                         FROM wanted_daypart
                        WHERE wanted_daypart.kind = 'menu'
                          AND wanted_daypart.id = menu_dayparts.menu_id
                          AND wanted_daypart.daypart_id = menu_dayparts.daypart_id)
), served_menus AS (
    INSERT INTO menu_dayparts (store_id, menu_id, daypart_id)
    SELECT %(store_id)s, id, daypart_id FROM wanted_daypart WHERE kind = 'menu'
        ON CONFLICT (menu_id, daypart_id) DO NOTHING
), unserved_categories AS (
    DELETE FROM category_dayparts
     USING retimed
     WHERE retimed.kind = 'category'
       AND category_dayparts.category_id = retimed.id
       AND NOT EXISTS (SELECT
                         FROM wanted_daypart
                        WHERE wanted_daypart.kind = 'category'
                          AND wanted_daypart.id = category_dayparts.category_id
                          AND wanted_daypart.daypart_id = category_dayparts.daypart_id)
), served_categories AS (
    INSERT INTO category_dayparts (store_id, category_id, daypart_id)
    SELECT %(store_id)s, id, daypart_id FROM wanted_daypart WHERE kind = 'category'
        ON CONFLICT (category_id, daypart_id) DO NOTHING
), deleted_dayparts AS (
    DELETE FROM dayparts USING retired WHERE retired.kind = 'daypart' AND retired.id = dayparts.daypart_id
), gone_category AS MATERIALIZED (
    -- What is retired stays readable, so it moves out of a category that goes, if there is another one.
    SELECT retired.id, COALESCE((SELECT min(id) FROM category_id), retired.id) AS other
      FROM retired
     WHERE retired.kind = 'category'
), moved_menus AS (
    UPDATE menus
       SET category_id = gone_category.other
      FROM gone_category
     WHERE menus.category_id = gone_category.id AND menus.deleted_at IS NOT NULL
), retired_menus AS (
    UPDATE menus
       SET deleted_at = now(),
           category_id = COALESCE((SELECT other FROM gone_category WHERE id = menus.category_id), menus.category_id)
      FROM retired
     WHERE retired.kind = 'menu' AND retired.id = menus.menu_id
), retired_options AS (
    UPDATE options SET deleted_at = now() FROM retired WHERE retired.kind = 'option' AND retired.id = options.option_id
), retired_groups AS (
    UPDATE option_groups
       SET deleted_at = now()
      FROM retired
     WHERE retired.kind = 'option_group' AND retired.id = option_groups.group_id
), deleted_categories AS (
    DELETE FROM categories USING gone_category WHERE categories.category_id = gone_category.id
), renewed AS (
    UPDATE menu_versions
       SET version = gen_random_uuid(),
           languages = ARRAY(SELECT DISTINCT jsonb_object_keys(final.after -> 'translations') AS language
                               FROM final
                              ORDER BY language)
      FROM decision
     WHERE menu_versions.store_id = %(store_id)s AND decision.applies
    RETURNING menu_versions.version
), warning AS (
    SELECT place, pointer, kind, ref, 'price_changed_by_half' AS code
      FROM final
     WHERE kind = 'menu'
       AND abs((before ->> 'price')::bigint - (after ->> 'price')::bigint) * 2 >= (before ->> 'price')::bigint
     UNION ALL
    SELECT place, pointer, kind, ref, 'name_twice'
      FROM (SELECT place, pointer, kind, ref,
                   count(*) OVER (PARTITION BY kind, after ->> 'option_group',
                                  COALESCE(after ->> 'menu_name', after ->> 'group_name', after ->> 'option_name'))
                   AS so_called
              FROM final
             WHERE kind NOT IN ('category', 'daypart')) AS named
     WHERE so_called > 1 AND pointer IS NOT NULL
)
SELECT verdict.version::text, verdict.is_known, verdict.problems, verdict.excess, verdict.is_too_large,
       json_build_object(
           'created', COALESCE((SELECT json_agg(json_build_object('kind', kind, 'ref', ref) ORDER BY place)
                                  FROM final
                                 WHERE id IS NULL), '[]'),
           'updated', COALESCE((SELECT json_agg(json_build_object('kind', final.kind, 'ref', final.ref, 'field', each.key,
                                                                  'from', final.before -> each.key, 'to', each.value)
                                                ORDER BY final.place, each.key)
                                  FROM final
                                 CROSS JOIN LATERAL jsonb_each(final.after) AS each
                                 WHERE final.id IS NOT NULL
                                   AND final.before IS DISTINCT FROM final.after
                                   AND final.before -> each.key IS DISTINCT FROM each.value), '[]'),
           'retired', COALESCE((SELECT json_agg(json_build_object('kind', kind, 'ref', ref) ORDER BY kind, id)
                                  FROM entry
                                 WHERE is_retired), '[]'),
           'unchanged', (SELECT count(*) FROM final WHERE pointer IS NOT NULL AND before = after),
           'warnings', COALESCE((SELECT json_agg(json_build_object('code', code, 'kind', kind, 'ref', ref,
                                                                   'pointer', pointer)
                                                 ORDER BY place, code)
                                   FROM warning), '[]'),
           'version', COALESCE((SELECT version FROM renewed), verdict.version))::text
  FROM verdict;
