CREATE OR REPLACE FUNCTION announce_menu() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM record_event(NEW.store_id, NULL, 'menu_changed', json_build_object('version', NEW.version));
    RETURN NULL;
END;
$$;

CREATE OR REPLACE FUNCTION renew_menu_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('app.pruning', true) IS DISTINCT FROM 'on' THEN
        PERFORM renew_menu_versions(ARRAY(SELECT DISTINCT store_id FROM changed));
    END IF;
    RETURN NULL;
END;
$$;

CREATE OR REPLACE FUNCTION menu_entries(of_store integer)
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
    )
    SELECT 'category', category_id, ref, row_number() OVER (ORDER BY display_order, category_id),
           jsonb_build_object(
               'category_name', category_name,
               'translations', translations,
               'display_order', display_order)
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
               'option_groups', COALESCE((
                   SELECT jsonb_agg(menu_ref(option_groups.external_ref, 'option_group', option_groups.group_id,
                                             option_groups.created_at)
                                    ORDER BY menu_option_groups.display_order, option_groups.group_id)
                     FROM menu_option_groups
                     JOIN option_groups ON option_groups.group_id = menu_option_groups.group_id
                    WHERE menu_option_groups.menu_id = menus.menu_id AND option_groups.deleted_at IS NULL), '[]'))
      FROM menus
      JOIN named_categories ON named_categories.category_id = menus.category_id
     WHERE menus.store_id = of_store AND menus.deleted_at IS NULL;
$$;

ALTER TABLE dayparts
    DROP CONSTRAINT dayparts_store_id_daypart_name_key,
    ADD CONSTRAINT dayparts_store_id_daypart_name_key UNIQUE (store_id, daypart_name);

ALTER TABLE dayparts DROP COLUMN external_ref;
