-- What a line's options come to: choose_options() is the rule for every order and every quote.
-- option_is_on_sale() and group_can_be_satisfied() say which options can be had, for orders and for the menu.
-- depends: 0040.create-stock

CREATE FUNCTION option_is_on_sale(offered options) RETURNS boolean
    LANGUAGE sql STABLE
    RETURN (offered).is_available
           AND (offered).deleted_at IS NULL
           AND NOT EXISTS (SELECT FROM stock WHERE stock.option_id = (offered).option_id AND stock.remaining = 0);

CREATE FUNCTION group_can_be_satisfied(of_group option_groups) RETURNS boolean
    LANGUAGE sql STABLE
    RETURN (of_group).min_select = 0 OR (of_group).min_select <= (
        SELECT count(*) * (of_group).max_each
          FROM options
         WHERE options.group_id = (of_group).group_id AND options.deleted_at IS NULL AND option_is_on_sale(options));

-- `sent` is null (the defaults that are on sale) or [{"option_id", "quantity"}, …]. The answer has `options`, as a line
-- keeps them, and `problem`: null, or the first thing that is wrong as {"code", …}.
CREATE FUNCTION choose_options(of_menu integer, sent jsonb) RETURNS jsonb
    LANGUAGE sql STABLE AS $$
    WITH offered AS MATERIALIZED (
        SELECT option_groups.group_id, option_groups.group_name, option_groups.min_select, option_groups.max_select,
               option_groups.max_each, menu_option_groups.display_order,
               group_can_be_satisfied(option_groups) AS can_be_satisfied
          FROM menu_option_groups
          JOIN option_groups ON option_groups.group_id = menu_option_groups.group_id
         WHERE menu_option_groups.menu_id = of_menu AND option_groups.deleted_at IS NULL
    ), wanted AS (
        SELECT (option ->> 'option_id')::integer AS option_id, (option ->> 'quantity')::integer AS quantity,
               0 AS group_order, position
          FROM jsonb_array_elements(sent) WITH ORDINALITY AS each (option, position)
         UNION ALL
        SELECT options.option_id, 1, offered.display_order,
               row_number() OVER (ORDER BY offered.group_id, options.display_order, options.option_id)
          FROM offered
          JOIN options ON options.group_id = offered.group_id AND options.deleted_at IS NULL
         WHERE sent IS NULL AND options.is_default AND option_is_on_sale(options)
    ), chosen AS MATERIALIZED (
        SELECT row_number() OVER (ORDER BY wanted.group_order, wanted.position) AS position,
               wanted.option_id, wanted.quantity, options.option_name, options.price_delta, options.group_id,
               offered.group_name,
               CASE WHEN options.option_id IS NULL THEN 'option_not_found'
                    WHEN offered.group_id IS NULL THEN 'option_not_offered'
                    WHEN NOT option_is_on_sale(options) THEN 'option_sold_out' END AS code
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
                     WHERE NOT can_be_satisfied
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

ALTER FUNCTION option_is_on_sale(options) OWNER TO tableorder_owner;

ALTER FUNCTION group_can_be_satisfied(option_groups) OWNER TO tableorder_owner;

ALTER FUNCTION choose_options(integer, jsonb) OWNER TO tableorder_owner;
