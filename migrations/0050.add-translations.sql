-- Names and descriptions in the guests' languages: {"en": {"name": …, "description": …}, …} beside the store's own. A
-- language is asked for as a list of tags, the exact one first (RFC 4647, 3.4); what has none of them is shown in the
-- store's own, `ko`. menu_versions knows which languages a store has, so that an answer is kept under one of those, never
-- under what a client asks for. An order's line and its options keep the name that the guests saw.
-- Dropped functions come back with one more argument, which has a default: the release before calls them as it did.
-- depends: 0049.add-token-epochs

ALTER TABLE categories ADD COLUMN translations jsonb NOT NULL DEFAULT '{}';

ALTER TABLE menus ADD COLUMN translations jsonb NOT NULL DEFAULT '{}';

ALTER TABLE option_groups ADD COLUMN translations jsonb NOT NULL DEFAULT '{}';

ALTER TABLE options ADD COLUMN translations jsonb NOT NULL DEFAULT '{}';

ALTER TABLE menu_versions
    ADD COLUMN languages text[] NOT NULL DEFAULT '{}',
    -- squawk-ignore constraint-missing-not-valid
    ADD CONSTRAINT menu_versions_languages_check CHECK (cardinality(languages) <= 30);

ALTER TABLE order_items ADD COLUMN display_name varchar(100);

CREATE FUNCTION store_languages(of_store integer) RETURNS text[]
    LANGUAGE sql STABLE
    RETURN ARRAY(
        SELECT jsonb_object_keys(translations) AS language
          FROM categories
         WHERE store_id = of_store AND translations <> '{}'
         UNION
        SELECT jsonb_object_keys(translations)
          FROM menus
         WHERE store_id = of_store AND deleted_at IS NULL AND translations <> '{}'
         UNION
        SELECT jsonb_object_keys(translations)
          FROM option_groups
         WHERE store_id = of_store AND deleted_at IS NULL AND translations <> '{}'
         UNION
        SELECT jsonb_object_keys(translations)
          FROM options
         WHERE store_id = of_store AND deleted_at IS NULL AND translations <> '{}'
         ORDER BY language);

-- The row is locked first: whoever waits for another change sees that one's languages, too.
CREATE OR REPLACE FUNCTION renew_menu_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('app.pruning', true) IS DISTINCT FROM 'on' THEN
        PERFORM
           FROM menu_versions
          WHERE store_id IN (SELECT store_id FROM changed)
          ORDER BY store_id
            FOR NO KEY UPDATE;
        UPDATE menu_versions
           SET version = gen_random_uuid(), languages = store_languages(store_id)
         WHERE store_id IN (SELECT store_id FROM changed);
    END IF;
    RETURN NULL;
END;
$$;

CREATE FUNCTION found_language(wanted text[], languages text[]) RETURNS text
    LANGUAGE sql IMMUTABLE
    RETURN COALESCE((SELECT tag
                       FROM unnest(wanted) WITH ORDINALITY AS each (tag, position)
                      WHERE tag = ANY(languages)
                      ORDER BY position
                      LIMIT 1), 'ko');

-- null if no language is asked for.
CREATE FUNCTION display_document(translations jsonb, wanted text[], own_name text, own_description text) RETURNS json
    LANGUAGE sql IMMUTABLE
    RETURN CASE WHEN wanted IS NOT NULL THEN (
        SELECT json_build_object(
                   'display_name', COALESCE(translations -> language ->> 'name', own_name),
                   'display_description', COALESCE(translations -> language ->> 'description', own_description),
                   'lang', language)
          FROM found_language(wanted, ARRAY(SELECT jsonb_object_keys(translations))) AS language) END;

CREATE FUNCTION display_name_of(translations jsonb, wanted text[], own_name text) RETURNS text
    LANGUAGE sql IMMUTABLE
    RETURN COALESCE(translations -> found_language(wanted, ARRAY(SELECT jsonb_object_keys(translations))) ->> 'name',
                    own_name);

CREATE FUNCTION with_members(document json, members json) RETURNS json
    LANGUAGE sql IMMUTABLE
    RETURN CASE WHEN members IS NULL THEN document
                ELSE (left(document::text, -1) || ', ' || substr(members::text, 2))::json END;

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

CREATE FUNCTION admin_option_group_document(of_group option_groups, options json) RETURNS json
    LANGUAGE sql STABLE
    RETURN with_members(option_group_document(of_group, options),
                        json_build_object('translations', (of_group).translations));

-- squawk-ignore ban-drop-function
DROP FUNCTION offered_groups(integer, boolean);

CREATE FUNCTION offered_groups(of_store integer, for_admin boolean, wanted text[] DEFAULT NULL)
    RETURNS TABLE (group_id integer, display_order integer, can_be_satisfied boolean, document json)
    LANGUAGE sql STABLE AS $$
    SELECT option_groups.group_id, option_groups.display_order,
           option_groups.min_select <= option_groups.max_each * count(*) FILTER (
               WHERE option_is_on_sale(options, stock.remaining)),
           with_members(
               option_group_document(option_groups, json_agg(
                   CASE WHEN for_admin THEN admin_option_document(options, stock.remaining)
                        ELSE with_members(option_document(options, stock.remaining),
                                          display_document(options.translations, wanted, options.option_name, NULL)) END
                   ORDER BY options.display_order, options.option_id) FILTER (WHERE options.option_id IS NOT NULL)),
               CASE WHEN for_admin THEN json_build_object('translations', option_groups.translations)
                    ELSE display_document(option_groups.translations, wanted, option_groups.group_name, NULL) END)
      FROM option_groups
      LEFT JOIN options ON options.group_id = option_groups.group_id AND options.deleted_at IS NULL
      LEFT JOIN stock ON stock.option_id = options.option_id
     WHERE option_groups.store_id = of_store AND option_groups.deleted_at IS NULL
     GROUP BY option_groups.group_id;
$$;

-- squawk-ignore ban-drop-function
DROP FUNCTION choose_options(integer, jsonb);

-- With a language its options have the `display_name`, too.
CREATE FUNCTION choose_options(of_menu integer, sent jsonb, wanted text[] DEFAULT NULL) RETURNS jsonb
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
    ), asked AS (
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
        SELECT asked.position, asked.option_id, asked.quantity, options.option_name, options.price_delta,
               CASE WHEN wanted IS NOT NULL THEN display_name_of(options.translations, wanted, options.option_name) END
               AS display_name,
               options.group_id, offered.group_name,
               CASE WHEN options.option_id IS NULL THEN 'option_not_found'
                    WHEN offered.group_id IS NULL THEN 'option_not_offered'
                    WHEN NOT options.is_available THEN 'option_sold_out' END AS code
          FROM asked
          LEFT JOIN options ON options.option_id = asked.option_id AND options.deleted_at IS NULL
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
                          || CASE WHEN wanted IS NULL THEN '{}'
                                  ELSE jsonb_build_object('display_name', display_name) END
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

CREATE OR REPLACE FUNCTION order_item_document(item order_items) RETURNS json
    LANGUAGE sql STABLE
    RETURN json_build_object(
        'order_item_id', (item).order_item_id,
        'menu_id', (item).menu_id,
        'menu_name', (item).menu_name,
        'display_name', (item).display_name,
        'category_name', (item).category_name,
        'quantity', (item).quantity,
        'base_price', (item).base_price,
        'options', (item).options,
        'unit_price', (item).unit_price,
        'subtotal', (item).unit_price::bigint * (item).quantity,
        'note', (item).note);

ALTER FUNCTION store_languages(integer) OWNER TO tableorder_owner;

ALTER FUNCTION found_language(text[], text[]) OWNER TO tableorder_owner;

ALTER FUNCTION display_document(jsonb, text[], text, text) OWNER TO tableorder_owner;

ALTER FUNCTION display_name_of(jsonb, text[], text) OWNER TO tableorder_owner;

ALTER FUNCTION with_members(json, json) OWNER TO tableorder_owner;

ALTER FUNCTION admin_option_group_document(option_groups, json) OWNER TO tableorder_owner;

ALTER FUNCTION offered_groups(integer, boolean, text[]) OWNER TO tableorder_owner;

ALTER FUNCTION choose_options(integer, jsonb, text[]) OWNER TO tableorder_owner;
