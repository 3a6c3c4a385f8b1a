-- The menu as JSON, for guests or for an admin, of one category if given. It is not in SQL, which PostgreSQL would plan for
-- each menu. The statement that asks for it only looks at the edition unless there is a new one.
-- depends: 0060.order-by-functions

CREATE FUNCTION catalog_document(
    of_store integer, of_version uuid, until timestamptz, of_category integer, for_admin boolean, wanted text[],
    with_pictures boolean) RETURNS json
    LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (
        WITH groups AS MATERIALIZED (
            SELECT group_id, can_be_satisfied, document
              FROM offered_groups(of_store, for_admin, wanted)
        ), service AS MATERIALIZED (
            SELECT service.*
              FROM (SELECT array_agg(menu_id) AS menus, array_agg(category_id) AS categories
                      FROM menus
                     WHERE store_id = of_store AND deleted_at IS NULL) AS offered
             CROSS JOIN LATERAL menu_service(of_store, offered.menus, offered.categories, now()) AS service
        )
        SELECT json_build_object(
            'store_id', of_store,
            'version', of_version,
            'valid_until', until,
            'origin_notice', (SELECT origin_notice FROM store_settings WHERE store_id = of_store),
            'allergen_names', allergen_names(COALESCE(wanted, '{ko}')),
            'categories', COALESCE((
                SELECT json_agg(with_members(json_build_object(
                           'category_id', category.category_id,
                           'category_name', category.category_name,
                           'display_order', category.display_order,
                           'dayparts', category_daypart_ids(category.category_id),
                           'menus', COALESCE((
                               SELECT json_agg(CASE WHEN for_admin
                                                    THEN admin_menu_document(menus, category.category_name,
                                                                             offer.orderable, stock.remaining,
                                                                             service.dayparts, service.served_now,
                                                                             service.next_from, offer.groups,
                                                                             with_pictures)
                                                    ELSE with_members(
                                                             menu_document(menus, offer.orderable, service.dayparts,
                                                                           service.served_now, service.next_from,
                                                                           offer.groups, with_pictures),
                                                             display_document(menus.translations, wanted,
                                                                              menus.menu_name, menus.description)) END
                                               ORDER BY menus.display_order, menus.menu_id)
                                 FROM menus
                                 LEFT JOIN stock ON stock.menu_id = menus.menu_id
                                 JOIN service ON service.menu_id = menus.menu_id
                                CROSS JOIN LATERAL (
                                    SELECT menus.is_available
                                           AND service.served_now
                                           AND stock.remaining IS DISTINCT FROM 0
                                           AND COALESCE(bool_and(groups.can_be_satisfied), true) AS orderable,
                                           json_agg(groups.document ORDER BY menu_option_groups.display_order) AS groups
                                      FROM menu_option_groups
                                      JOIN groups ON groups.group_id = menu_option_groups.group_id
                                     WHERE menu_option_groups.menu_id = menus.menu_id
                                ) AS offer
                                WHERE menus.category_id = category.category_id AND menus.deleted_at IS NULL
                           ), '[]')),
                           display_document(category.translations, wanted, category.category_name, NULL))
                       ORDER BY category.display_order, category.category_id)
                  FROM categories AS category
                 WHERE category.store_id = of_store
                   AND (of_category IS NULL OR category.category_id = of_category)
            ), '[]')));
END;
$$;

ALTER FUNCTION catalog_document(integer, uuid, timestamptz, integer, boolean, text[], boolean) OWNER TO tableorder_owner;
