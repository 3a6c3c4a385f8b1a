CREATE OR REPLACE FUNCTION renew_menu_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('app.pruning', true) IS DISTINCT FROM 'on' THEN
        UPDATE menu_versions
           SET version = gen_random_uuid()
         WHERE store_id IN (SELECT store_id FROM changed);
    END IF;
    RETURN NULL;
END;
$$;

CREATE OR REPLACE FUNCTION order_item_document(item order_items) RETURNS json
    LANGUAGE sql STABLE
    RETURN json_build_object(
        'order_item_id', (item).order_item_id,
        'menu_id', (item).menu_id,
        'menu_name', (item).menu_name,
        'category_name', (item).category_name,
        'quantity', (item).quantity,
        'base_price', (item).base_price,
        'options', (item).options,
        'unit_price', (item).unit_price,
        'subtotal', (item).unit_price::bigint * (item).quantity,
        'note', (item).note);

CREATE OR REPLACE FUNCTION admin_menu_document(
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

CREATE OR REPLACE FUNCTION admin_option_document(offered options, remaining integer) RETURNS json
    LANGUAGE sql STABLE
    RETURN json_build_object(
        'option_id', (offered).option_id,
        'group_id', (offered).group_id,
        'option_name', (offered).option_name,
        'price_delta', (offered).price_delta,
        'is_available', (offered).is_available,
        'is_default', (offered).is_default,
        'display_order', (offered).display_order,
        'orderable', option_is_on_sale(offered, remaining),
        'remaining', remaining);

DROP FUNCTION choose_options(integer, jsonb, text[]);

CREATE FUNCTION choose_options(of_menu integer, sent jsonb) RETURNS jsonb
    LANGUAGE sql STABLE AS $$
    WITH offered AS MATERIALIZED (
        SELECT option_groups.group_id, option_groups.group_name, option_groups.min_select, option_groups.max_select,
               option_groups.max_each, menu_option_groups.display_order
          FROM menu_option_groups
          JOIN option_groups ON option_groups.group_id = menu_option_groups.group_id
         WHERE menu_option_groups.menu_id = of_menu AND option_groups.deleted_at IS NULL
    ), on_sale AS MATERIALIZED (
        SELECT offered.group_id, options.option_id, options.is_default, options.display_order
          FROM offered
          JOIN options ON options.group_id = offered.group_id AND options.deleted_at IS NULL
          LEFT JOIN stock ON stock.option_id = options.option_id
         WHERE option_is_on_sale(options, stock.remaining)
    ), wanted AS (
        SELECT (option ->> 'option_id')::integer AS option_id, (option ->> 'quantity')::integer AS quantity, position
          FROM jsonb_array_elements(sent) WITH ORDINALITY AS each (option, position)
         UNION ALL
        SELECT on_sale.option_id, 1,
               row_number() OVER (ORDER BY offered.display_order, offered.group_id, on_sale.display_order,
                                           on_sale.option_id)
          FROM on_sale
          JOIN offered ON offered.group_id = on_sale.group_id
         WHERE sent IS NULL AND on_sale.is_default
    ), chosen AS MATERIALIZED (
        SELECT wanted.position, wanted.option_id, wanted.quantity, options.option_name, options.price_delta,
               options.group_id, offered.group_name,
               CASE WHEN options.option_id IS NULL THEN 'option_not_found'
                    WHEN offered.group_id IS NULL THEN 'option_not_offered'
                    WHEN NOT options.is_available THEN 'option_sold_out' END AS code
          FROM wanted
          LEFT JOIN options ON options.option_id = wanted.option_id AND options.deleted_at IS NULL
          LEFT JOIN offered ON offered.group_id = options.group_id
    ), tallied AS (
        SELECT offered.group_id, offered.min_select, offered.max_select, offered.max_each, offered.display_order,
               (SELECT COALESCE(sum(quantity), 0) FROM chosen WHERE chosen.group_id = offered.group_id) AS selected,
               (SELECT chosen.option_id
                  FROM chosen
                 WHERE chosen.group_id = offered.group_id AND chosen.quantity > offered.max_each
                 ORDER BY chosen.position
                 LIMIT 1) AS option_id
          FROM offered
    )
    SELECT jsonb_build_object(
               'options', COALESCE((
                   SELECT jsonb_agg(jsonb_build_object(
                              'option_id', option_id,
                              'group_name', group_name,
                              'option_name', option_name,
                              'price_delta', price_delta,
                              'quantity', quantity)
                          ORDER BY position)
                     FROM chosen
                    WHERE code IS NULL), '[]'),
               'problem', COALESCE(
                   (SELECT jsonb_build_object('code', 'menu_sold_out')
                      FROM offered
                     WHERE offered.min_select > offered.max_each * (SELECT count(*)
                                                                      FROM on_sale
                                                                     WHERE on_sale.group_id = offered.group_id)
                     LIMIT 1),
                   (SELECT jsonb_build_object('code', code, 'option_id', option_id)
                      FROM chosen
                     WHERE code IS NOT NULL
                     ORDER BY position
                     LIMIT 1),
                   (SELECT jsonb_build_object('code', 'options_mismatch', 'group_id', group_id, 'min_select', min_select,
                                              'max_select', max_select, 'selected', selected)
                           || CASE WHEN option_id IS NULL THEN '{}'
                                   ELSE jsonb_build_object('option_id', option_id, 'max_each', max_each) END
                      FROM tallied
                     WHERE selected NOT BETWEEN min_select AND max_select OR option_id IS NOT NULL
                     ORDER BY display_order, group_id
                     LIMIT 1)));
$$;

DROP FUNCTION offered_groups(integer, boolean, text[]);

CREATE FUNCTION offered_groups(of_store integer, for_admin boolean)
    RETURNS TABLE (group_id integer, display_order integer, can_be_satisfied boolean, document json)
    LANGUAGE sql STABLE AS $$
    SELECT option_groups.group_id, option_groups.display_order,
           option_groups.min_select <= option_groups.max_each * count(*) FILTER (
               WHERE option_is_on_sale(options, stock.remaining)),
           option_group_document(option_groups, json_agg(
               CASE WHEN for_admin THEN admin_option_document(options, stock.remaining)
                    ELSE option_document(options, stock.remaining) END
               ORDER BY options.display_order, options.option_id) FILTER (WHERE options.option_id IS NOT NULL))
      FROM option_groups
      LEFT JOIN options ON options.group_id = option_groups.group_id AND options.deleted_at IS NULL
      LEFT JOIN stock ON stock.option_id = options.option_id
     WHERE option_groups.store_id = of_store AND option_groups.deleted_at IS NULL
     GROUP BY option_groups.group_id;
$$;

ALTER FUNCTION offered_groups(integer, boolean) OWNER TO tableorder_owner;

ALTER FUNCTION choose_options(integer, jsonb) OWNER TO tableorder_owner;

DROP FUNCTION admin_option_group_document(option_groups, json);

DROP FUNCTION with_members(json, json);

DROP FUNCTION display_name_of(jsonb, text[], text);

DROP FUNCTION display_document(jsonb, text[], text, text);

DROP FUNCTION found_language(text[], text[]);

DROP FUNCTION store_languages(integer);

ALTER TABLE order_items DROP COLUMN display_name;

ALTER TABLE menu_versions DROP COLUMN languages;

ALTER TABLE options DROP COLUMN translations;

ALTER TABLE option_groups DROP COLUMN translations;

ALTER TABLE menus DROP COLUMN translations;

ALTER TABLE categories DROP COLUMN translations;
