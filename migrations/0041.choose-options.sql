-- What a line's options come to: choose_options() is the rule for every order and every quote.
-- offered_groups() says which groups a store has, which options of them are on sale, and whether enough are.
-- depends: 0040.create-stock

CREATE FUNCTION option_is_on_sale(offered options, remaining integer) RETURNS boolean
    LANGUAGE sql IMMUTABLE
    RETURN (offered).is_available AND (offered).deleted_at IS NULL AND remaining IS DISTINCT FROM 0;

CREATE FUNCTION option_document(offered options, remaining integer) RETURNS json
    LANGUAGE sql STABLE
    RETURN json_build_object(
        'option_id', (offered).option_id,
        'option_name', (offered).option_name,
        'price_delta', (offered).price_delta,
        'is_available', option_is_on_sale(offered, remaining),
        'is_default', (offered).is_default,
        'display_order', (offered).display_order);

-- For an admin `is_available` stays the switch; `orderable` is what guests see, `remaining` what is counted.
CREATE FUNCTION admin_option_document(offered options, remaining integer) RETURNS json
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

-- `sent` is null (the defaults that are on sale) or [{"option_id", "quantity"}, …]. The answer has `options`, as a line
-- keeps them, and `problem`: null, or the first thing that is wrong as {"code", …}.
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
                    WHEN on_sale.option_id IS NULL THEN 'option_sold_out' END AS code
          FROM wanted
          LEFT JOIN options ON options.option_id = wanted.option_id AND options.deleted_at IS NULL
          LEFT JOIN offered ON offered.group_id = options.group_id
          LEFT JOIN on_sale ON on_sale.option_id = options.option_id
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

ALTER FUNCTION option_is_on_sale(options, integer) OWNER TO tableorder_owner;

ALTER FUNCTION option_document(options, integer) OWNER TO tableorder_owner;

ALTER FUNCTION admin_option_document(options, integer) OWNER TO tableorder_owner;

ALTER FUNCTION option_group_document(option_groups, json) OWNER TO tableorder_owner;

ALTER FUNCTION offered_groups(integer, boolean) OWNER TO tableorder_owner;

ALTER FUNCTION choose_options(integer, jsonb) OWNER TO tableorder_owner;
