-- What a menu is made of gets names that stay the same wherever the menu is taken: a document of one store can be read into
-- another one, and is known again when it comes back. external_ref is the name that a document gave. What has none goes by
-- one that is made of its id and of the moment of its creation, which no other installation has. menu_entries() is the
-- menu as such documents have it.
-- depends: 0063.create-approvals

ALTER TABLE categories ADD COLUMN external_ref varchar(100);

ALTER TABLE menus ADD COLUMN external_ref varchar(100);

ALTER TABLE option_groups ADD COLUMN external_ref varchar(100);

ALTER TABLE options ADD COLUMN external_ref varchar(100);

ALTER TABLE dayparts ADD COLUMN external_ref varchar(100);

CREATE FUNCTION menu_ref(external_ref text, kind text, id integer, created_at timestamptz) RETURNS text
    LANGUAGE sql STABLE
    RETURN COALESCE(external_ref, left(md5(concat_ws(' ', kind, id, extract(epoch FROM created_at))), 16));

-- In the order in which guests see them; the fields have the names of the API, and name other entries by their refs. The
-- dayparts of a menu or a category come in an order that every store has. A daypart has no moment of creation of its own,
-- so its store's is in its ref.
CREATE FUNCTION menu_entries(of_store integer)
    RETURNS TABLE (kind text, id integer, ref text, place bigint, fields jsonb)
    LANGUAGE sql STABLE AS $$
    WITH named_categories AS MATERIALIZED (
        SELECT category_id, category_name, translations, display_order,
               menu_ref(external_ref, 'category', category_id, created_at) AS ref
          FROM categories
         WHERE store_id = of_store
    ), named_groups AS MATERIALIZED (
        SELECT group_id, group_name, translations, min_select, max_select, max_each, display_order,
               menu_ref(external_ref, 'option_group', group_id, created_at) AS ref
          FROM option_groups
         WHERE store_id = of_store AND deleted_at IS NULL
    ), named_dayparts AS MATERIALIZED (
        SELECT dayparts.daypart_id, dayparts.daypart_name, dayparts.hours,
               menu_ref(dayparts.external_ref, 'daypart', dayparts.daypart_id, stores.created_at) AS ref
          FROM stores
          JOIN dayparts ON dayparts.store_id = stores.store_id
         WHERE stores.store_id = of_store
    ), of_menu AS MATERIALIZED (
        SELECT menu_dayparts.menu_id, jsonb_agg(named_dayparts.ref ORDER BY named_dayparts.ref COLLATE "C") AS refs
          FROM named_dayparts
          JOIN menu_dayparts ON menu_dayparts.daypart_id = named_dayparts.daypart_id
         GROUP BY menu_dayparts.menu_id
    )
    SELECT 'category', category_id, ref, row_number() OVER (ORDER BY display_order, category_id),
           jsonb_build_object(
               'category_name', category_name,
               'translations', translations,
               'display_order', display_order,
               'dayparts', COALESCE((
                   SELECT jsonb_agg(named_dayparts.ref ORDER BY named_dayparts.ref COLLATE "C")
                     FROM category_dayparts
                     JOIN named_dayparts ON named_dayparts.daypart_id = category_dayparts.daypart_id
                    WHERE category_dayparts.category_id = named_categories.category_id), '[]'))
      FROM named_categories
     UNION ALL
    SELECT 'option_group', group_id, ref, row_number() OVER (ORDER BY display_order, group_id),
           jsonb_build_object(
               'group_name', group_name,
               'translations', translations,
               'min_select', min_select,
               'max_select', max_select,
               'max_each', max_each,
               'display_order', display_order)
      FROM named_groups
     UNION ALL
    SELECT 'option', options.option_id, menu_ref(options.external_ref, 'option', options.option_id, options.created_at),
           row_number() OVER (ORDER BY options.display_order, options.option_id),
           jsonb_build_object(
               'option_group', named_groups.ref,
               'option_name', options.option_name,
               'translations', options.translations,
               'price_delta', options.price_delta,
               'is_available', options.is_available,
               'is_default', options.is_default,
               'allergens', options.allergens,
               'display_order', options.display_order)
      FROM options
      JOIN named_groups ON named_groups.group_id = options.group_id
     WHERE options.store_id = of_store AND options.deleted_at IS NULL
     UNION ALL
    SELECT 'menu', menus.menu_id, menu_ref(menus.external_ref, 'menu', menus.menu_id, menus.created_at),
           row_number() OVER (ORDER BY named_categories.display_order, named_categories.category_id,
                                       menus.display_order, menus.menu_id),
           jsonb_build_object(
               'category', named_categories.ref,
               'menu_name', menus.menu_name,
               'translations', menus.translations,
               'price', menus.price,
               'description', menus.description,
               'allergens', menus.allergens,
               'origins', menus.origins,
               'spicy', menus.spicy,
               'min_age', menus.min_age,
               'picture_sha256', encode(menus.picture_sha256, 'hex'),
               'display_order', menus.display_order,
               'is_available', menus.is_available,
               'dayparts', COALESCE(of_menu.refs, '[]'),
               'option_groups', COALESCE((
                   SELECT jsonb_agg(menu_ref(option_groups.external_ref, 'option_group', option_groups.group_id,
                                             option_groups.created_at)
                                    ORDER BY menu_option_groups.display_order, option_groups.group_id)
                     FROM menu_option_groups
                     JOIN option_groups ON option_groups.group_id = menu_option_groups.group_id
                    WHERE menu_option_groups.menu_id = menus.menu_id AND option_groups.deleted_at IS NULL), '[]'))
      FROM menus
      JOIN named_categories ON named_categories.category_id = menus.category_id
      LEFT JOIN of_menu ON of_menu.menu_id = menus.menu_id
     WHERE menus.store_id = of_store AND menus.deleted_at IS NULL
     UNION ALL
    SELECT 'daypart', daypart_id, ref, row_number() OVER (ORDER BY daypart_id),
           jsonb_build_object('daypart_name', daypart_name, 'hours', hours)
      FROM named_dayparts;
$$;

-- A document that changes dayparts begins another period with the version that it makes: guests hear of both at once.
CREATE OR REPLACE FUNCTION renew_menu_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('app.pruning', true) IS DISTINCT FROM 'on' THEN
        PERFORM renew_menu_versions(ARRAY(SELECT DISTINCT store_id FROM changed));
    ELSIF TG_TABLE_NAME = 'dayparts' THEN
        UPDATE menu_versions
           SET period = menu_period(store_id, now())
         WHERE store_id IN (SELECT store_id FROM changed);
    END IF;
    RETURN NULL;
END;
$$;

-- The version of a document's changes is told once, whatever comes with it.
CREATE OR REPLACE FUNCTION announce_menu() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.version <> OLD.version OR current_setting('app.pruning', true) IS DISTINCT FROM 'on' THEN
        PERFORM record_event(NEW.store_id, NULL, 'menu_changed', json_build_object('version', NEW.version));
    END IF;
    RETURN NULL;
END;
$$;

ALTER FUNCTION menu_ref(text, text, integer, timestamptz) OWNER TO tableorder_owner;

ALTER FUNCTION menu_entries(integer) OWNER TO tableorder_owner;
