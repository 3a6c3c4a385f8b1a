CREATE OR REPLACE FUNCTION admin_option_document(offered options, remaining integer) RETURNS json
    LANGUAGE sql STABLE
    RETURN json_build_object(
        'option_id', (offered).option_id,
        'group_id', (offered).group_id,
        'option_name', (offered).option_name,
        'translations', (offered).translations,
        'price_delta', (offered).price_delta,
        'is_available', (offered).is_available,
        'is_default', (offered).is_default,
        'display_order', (offered).display_order,
        'orderable', option_is_on_sale(offered, remaining),
        'remaining', remaining);

CREATE OR REPLACE FUNCTION option_document(offered options, remaining integer) RETURNS json
    LANGUAGE sql STABLE
    RETURN json_build_object(
        'option_id', (offered).option_id,
        'option_name', (offered).option_name,
        'price_delta', (offered).price_delta,
        'is_available', option_is_on_sale(offered, remaining),
        'is_default', (offered).is_default,
        'display_order', (offered).display_order);

CREATE OR REPLACE FUNCTION admin_menu_document(
    offered menus, category_name text, orderable boolean, remaining integer, option_groups json, with_pictures boolean)
    RETURNS json
    LANGUAGE sql STABLE
    RETURN json_build_object(
        'menu_id', (offered).menu_id,
        'menu_name', (offered).menu_name,
        'price', (offered).price,
        'description', (offered).description,
        'translations', (offered).translations,
        'image_base64', CASE WHEN with_pictures THEN picture_data_url(offered) ELSE (offered).image_base64 END,
        'image_url', picture_url(offered),
        'display_order', (offered).display_order,
        'is_available', (offered).is_available,
        'orderable', orderable,
        'remaining', remaining,
        'option_groups', COALESCE(option_groups, '[]'),
        'category_id', (offered).category_id,
        'category_name', category_name,
        'created_at', (offered).created_at,
        'updated_at', (offered).updated_at);

CREATE OR REPLACE FUNCTION menu_document(offered menus, orderable boolean, option_groups json, with_pictures boolean) RETURNS json
    LANGUAGE sql STABLE
    RETURN json_build_object(
        'menu_id', (offered).menu_id,
        'menu_name', (offered).menu_name,
        'price', (offered).price,
        'description', (offered).description,
        'image_base64', CASE WHEN with_pictures THEN picture_data_url(offered) ELSE (offered).image_base64 END,
        'image_url', picture_url(offered),
        'display_order', (offered).display_order,
        'is_available', orderable,
        'option_groups', COALESCE(option_groups, '[]'));

DROP FUNCTION allergen_names(text[]);

ALTER TABLE options DROP COLUMN allergens;

ALTER TABLE menus
    DROP COLUMN min_age,
    DROP COLUMN spicy,
    DROP COLUMN origins,
    DROP COLUMN allergens;
