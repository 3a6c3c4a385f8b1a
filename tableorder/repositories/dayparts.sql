-- name: list_dayparts
SELECT json_build_object(
           'store_id', %(store_id)s::int,
           'dayparts', COALESCE(json_agg(daypart_document(dayparts) ORDER BY daypart_id), '[]'))::text
  FROM dayparts
 WHERE store_id = %(store_id)s;

-- name: add_daypart
-- Additions to a store wait for each other, so that each counts those before.
SELECT pg_advisory_xact_lock(7283468, %(store_id)s);

INSERT INTO dayparts (store_id, daypart_name, hours)
SELECT %(store_id)s, %(daypart_name)s, %(hours)s::jsonb
 WHERE %(limit)s = 0 OR (SELECT count(*) FROM dayparts WHERE store_id = %(store_id)s) < %(limit)s
RETURNING daypart_document(dayparts)::text;

-- name: update_daypart
UPDATE dayparts
   SET daypart_name = COALESCE(%(daypart_name)s, daypart_name),
       hours = COALESCE(%(hours)s::jsonb, hours)
 WHERE daypart_id = %(daypart_id)s
RETURNING daypart_document(dayparts)::text;

-- name: attach_to_menu
-- The menu is locked first, then the dayparts by their ids: one that is being deleted is gone, or waits for this.
SELECT FROM menus WHERE menu_id = %(menu_id)s AND deleted_at IS NULL FOR NO KEY UPDATE;

SELECT FROM dayparts WHERE daypart_id = ANY(%(daypart_ids)s::int[]) ORDER BY daypart_id FOR KEY SHARE;

WITH menu AS MATERIALIZED (
    SELECT menu_id, store_id FROM menus WHERE menu_id = %(menu_id)s AND deleted_at IS NULL
), unknown AS MATERIALIZED (
    SELECT min(sent.daypart_id) AS daypart_id
      FROM unnest(%(daypart_ids)s::int[]) AS sent (daypart_id)
      LEFT JOIN dayparts ON dayparts.daypart_id = sent.daypart_id
     WHERE dayparts.daypart_id IS NULL
), accepted AS MATERIALIZED (
    SELECT menu.menu_id, menu.store_id FROM menu, unknown WHERE unknown.daypart_id IS NULL
), detached AS (
    DELETE FROM menu_dayparts
     USING accepted
     WHERE menu_dayparts.menu_id = accepted.menu_id AND menu_dayparts.daypart_id <> ALL(%(daypart_ids)s::int[])
), attached AS (
    INSERT INTO menu_dayparts (store_id, menu_id, daypart_id)
    SELECT accepted.store_id, accepted.menu_id, sent.daypart_id
      FROM accepted, unnest(%(daypart_ids)s::int[]) AS sent (daypart_id)
        ON CONFLICT (menu_id, daypart_id) DO NOTHING
)
SELECT EXISTS (SELECT FROM menu) AS is_known, (SELECT daypart_id FROM unknown) AS unknown_daypart_id;

-- name: attach_to_category
-- The category is locked first, then the dayparts by their ids.
SELECT FROM categories WHERE category_id = %(category_id)s FOR NO KEY UPDATE;

SELECT FROM dayparts WHERE daypart_id = ANY(%(daypart_ids)s::int[]) ORDER BY daypart_id FOR KEY SHARE;

WITH category AS MATERIALIZED (
    SELECT category_id, store_id FROM categories WHERE category_id = %(category_id)s
), unknown AS MATERIALIZED (
    SELECT min(sent.daypart_id) AS daypart_id
      FROM unnest(%(daypart_ids)s::int[]) AS sent (daypart_id)
      LEFT JOIN dayparts ON dayparts.daypart_id = sent.daypart_id
     WHERE dayparts.daypart_id IS NULL
), accepted AS MATERIALIZED (
    SELECT category.category_id, category.store_id FROM category, unknown WHERE unknown.daypart_id IS NULL
), detached AS (
    DELETE FROM category_dayparts
     USING accepted
     WHERE category_dayparts.category_id = accepted.category_id
       AND category_dayparts.daypart_id <> ALL(%(daypart_ids)s::int[])
), attached AS (
    INSERT INTO category_dayparts (store_id, category_id, daypart_id)
    SELECT accepted.store_id, accepted.category_id, sent.daypart_id
      FROM accepted, unnest(%(daypart_ids)s::int[]) AS sent (daypart_id)
        ON CONFLICT (category_id, daypart_id) DO NOTHING
)
SELECT EXISTS (SELECT FROM category) AS is_known, (SELECT daypart_id FROM unknown) AS unknown_daypart_id;
