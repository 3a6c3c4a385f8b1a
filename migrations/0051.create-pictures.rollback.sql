UPDATE menus SET image_base64 = picture_data_url(menus) WHERE picture_sha256 IS NOT NULL;

DROP FUNCTION prune_pictures(integer);

CREATE OR REPLACE FUNCTION admin_menu_document(
    offered menus, category_name text, orderable boolean, remaining integer, option_groups json) RETURNS json
    LANGUAGE sql STABLE
    RETURN json_build_object(
        'menu_id', (offered).menu_id,
        'menu_name', (offered).menu_name,
        'price', (offered).price,
        'description', (offered).description,
        'translations', (offered).translations,
        'image_base64', (offered).image_base64,
        'display_order', (offered).display_order,
        'is_available', (offered).is_available,
        'orderable', orderable,
        'remaining', remaining,
        'option_groups', COALESCE(option_groups, '[]'),
        'category_id', (offered).category_id,
        'category_name', category_name,
        'created_at', (offered).created_at,
        'updated_at', (offered).updated_at);

CREATE OR REPLACE FUNCTION menu_document(offered menus, orderable boolean, option_groups json) RETURNS json
    LANGUAGE sql STABLE
    RETURN json_build_object(
        'menu_id', (offered).menu_id,
        'menu_name', (offered).menu_name,
        'price', (offered).price,
        'description', (offered).description,
        'image_base64', (offered).image_base64,
        'display_order', (offered).display_order,
        'is_available', orderable,
        'option_groups', COALESCE(option_groups, '[]'));

DROP FUNCTION admin_menu_document(menus, text, boolean, integer, json, boolean);

DROP FUNCTION menu_document(menus, boolean, json, boolean);

DROP FUNCTION picture_data_url(menus);

DROP FUNCTION picture_url(menus);

DROP FUNCTION picture_fits(integer, integer, bytea, integer, bigint);

DROP FUNCTION find_picture(bytea);

DROP TRIGGER trigger_note_picture_use_delete ON menus;

DROP TRIGGER trigger_note_picture_use_update ON menus;

DROP TRIGGER trigger_note_picture_use_insert ON menus;

DROP FUNCTION note_picture_use();

DROP TRIGGER trigger_drop_picture ON menus;

DROP FUNCTION drop_picture();

ALTER TABLE menus DROP COLUMN picture_sha256;

DROP TABLE pictures;
