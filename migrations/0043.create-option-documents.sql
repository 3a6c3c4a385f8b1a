-- The JSON of a menu, a group and an option, as guests and admins get it; and the rule of what a group needs: as many options
-- (sold out or not) as must be chosen, and no more defaults than may be chosen. It binds groups that a menu has.
-- depends: 0042.void-lines

CREATE FUNCTION option_document(offered options) RETURNS json
    LANGUAGE sql STABLE
    RETURN json_build_object(
        'option_id', (offered).option_id,
        'option_name', (offered).option_name,
        'price_delta', (offered).price_delta,
        'is_available', option_is_on_sale(offered),
        'is_default', (offered).is_default,
        'display_order', (offered).display_order);

-- For an admin `is_available` stays the switch; `orderable` is what guests see, `remaining` what is counted.
CREATE FUNCTION admin_option_document(offered options) RETURNS json
    LANGUAGE sql STABLE
    RETURN json_build_object(
        'option_id', (offered).option_id,
        'group_id', (offered).group_id,
        'option_name', (offered).option_name,
        'price_delta', (offered).price_delta,
        'is_available', (offered).is_available,
        'is_default', (offered).is_default,
        'display_order', (offered).display_order,
        'orderable', option_is_on_sale(offered),
        'remaining', (SELECT stock.remaining FROM stock WHERE stock.option_id = (offered).option_id));

CREATE FUNCTION option_group_document(of_group option_groups, options json) RETURNS json
    LANGUAGE sql STABLE
    RETURN json_build_object(
        'group_id', (of_group).group_id,
        'group_name', (of_group).group_name,
        'min_select', (of_group).min_select,
        'max_select', (of_group).max_select,
        'max_each', (of_group).max_each,
        'display_order', (of_group).display_order,
        'options', COALESCE(options, '[]'));

CREATE FUNCTION group_is_unsatisfiable(of_group integer, min_select integer, max_select integer, max_each integer)
    RETURNS boolean
    LANGUAGE sql STABLE
    RETURN (SELECT count(*) * max_each < min_select OR count(*) FILTER (WHERE is_default) > max_select
              FROM options
             WHERE options.group_id = of_group AND options.deleted_at IS NULL);

ALTER FUNCTION group_is_unsatisfiable(integer, integer, integer, integer) OWNER TO tableorder_owner;

-- Guests can order it: it is switched on, something of it is left, and its groups can be satisfied.
CREATE FUNCTION menu_is_on_sale(offered menus) RETURNS boolean
    LANGUAGE sql STABLE
    RETURN (offered).is_available
           AND NOT EXISTS (SELECT FROM stock WHERE stock.menu_id = (offered).menu_id AND stock.remaining = 0)
           AND NOT EXISTS (SELECT
                             FROM menu_option_groups
                             JOIN option_groups ON option_groups.group_id = menu_option_groups.group_id
                            WHERE menu_option_groups.menu_id = (offered).menu_id
                              AND NOT group_can_be_satisfied(option_groups));

CREATE FUNCTION menu_document(offered menus, option_groups json) RETURNS json
    LANGUAGE sql STABLE
    RETURN json_build_object(
        'menu_id', (offered).menu_id,
        'menu_name', (offered).menu_name,
        'price', (offered).price,
        'description', (offered).description,
        'image_base64', (offered).image_base64,
        'display_order', (offered).display_order,
        'is_available', menu_is_on_sale(offered),
        'option_groups', COALESCE(option_groups, '[]'));

CREATE FUNCTION admin_menu_document(offered menus, option_groups json) RETURNS json
    LANGUAGE sql STABLE
    RETURN json_build_object(
        'menu_id', (offered).menu_id,
        'menu_name', (offered).menu_name,
        'price', (offered).price,
        'description', (offered).description,
        'image_base64', (offered).image_base64,
        'display_order', (offered).display_order,
        'is_available', (offered).is_available,
        'orderable', menu_is_on_sale(offered),
        'remaining', (SELECT stock.remaining FROM stock WHERE stock.menu_id = (offered).menu_id),
        'option_groups', COALESCE(option_groups, '[]'),
        'category_id', (offered).category_id,
        'category_name', (SELECT categories.category_name
                            FROM categories
                           WHERE categories.category_id = (offered).category_id),
        'created_at', (offered).created_at,
        'updated_at', (offered).updated_at);

ALTER FUNCTION menu_is_on_sale(menus) OWNER TO tableorder_owner;

ALTER FUNCTION menu_document(menus, json) OWNER TO tableorder_owner;

ALTER FUNCTION admin_menu_document(menus, json) OWNER TO tableorder_owner;

CREATE FUNCTION stock_document(counted stock) RETURNS json
    LANGUAGE sql STABLE
    RETURN json_build_object(
        'stock_id', (counted).stock_id,
        'menu_id', (counted).menu_id,
        'option_id', (counted).option_id,
        'remaining', (counted).remaining,
        'low_at', (counted).low_at,
        'epoch', (counted).epoch);

ALTER FUNCTION stock_document(stock) OWNER TO tableorder_owner;

ALTER FUNCTION option_document(options) OWNER TO tableorder_owner;

ALTER FUNCTION admin_option_document(options) OWNER TO tableorder_owner;

ALTER FUNCTION option_group_document(option_groups, json) OWNER TO tableorder_owner;
