-- The JSON of a menu, as guests and admins get it, and of a stock; and the rule of what a group needs that a menu has: as
-- many options (sold out or not) as must be chosen, and no more defaults than may be.
-- depends: 0042.void-lines

CREATE FUNCTION menu_document(offered menus, orderable boolean, option_groups json) RETURNS json
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

-- For an admin `is_available` stays the switch; `orderable` is what guests see, `remaining` what is counted.
CREATE FUNCTION admin_menu_document(
    offered menus, category_name text, orderable boolean, remaining integer, option_groups json) RETURNS json
    LANGUAGE sql STABLE
    RETURN json_build_object(
        'menu_id', (offered).menu_id,
        'menu_name', (offered).menu_name,
        'price', (offered).price,
        'description', (offered).description,
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

CREATE FUNCTION stock_document(counted stock) RETURNS json
    LANGUAGE sql STABLE
    RETURN json_build_object(
        'stock_id', (counted).stock_id,
        'menu_id', (counted).menu_id,
        'option_id', (counted).option_id,
        'remaining', (counted).remaining,
        'low_at', (counted).low_at,
        'epoch', (counted).epoch);

CREATE FUNCTION group_is_unsatisfiable(of_group integer, min_select integer, max_select integer, max_each integer)
    RETURNS boolean
    LANGUAGE sql STABLE
    RETURN (SELECT count(*) * max_each < min_select OR count(*) FILTER (WHERE is_default) > max_select
              FROM options
             WHERE options.group_id = of_group AND options.deleted_at IS NULL);

ALTER FUNCTION menu_document(menus, boolean, json) OWNER TO tableorder_owner;

ALTER FUNCTION admin_menu_document(menus, text, boolean, integer, json) OWNER TO tableorder_owner;

ALTER FUNCTION stock_document(stock) OWNER TO tableorder_owner;

ALTER FUNCTION group_is_unsatisfiable(integer, integer, integer, integer) OWNER TO tableorder_owner;
