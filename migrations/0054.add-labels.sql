-- What guests must know of a dish: its allergens (null: not declared; none: {}), where its ingredients come from (원산지
-- 표시), how spicy it is, from which age it may be sold. allergen_names() has the codes in their order, with their names:
-- the 19 that the Enforcement Rule of the Act on Labeling and Advertising of Foods lists (식품 등의 표시·광고에 관한 법률
-- 시행규칙, 별표 2).
-- depends: 0053.create-staff

ALTER TABLE menus
    ADD COLUMN allergens text[],
    ADD COLUMN origins jsonb NOT NULL DEFAULT '[]',
    ADD COLUMN spicy smallint NOT NULL DEFAULT 0,
    ADD COLUMN min_age smallint;

ALTER TABLE options ADD COLUMN allergens text[];

CREATE FUNCTION allergen_names(wanted text[]) RETURNS json
    LANGUAGE sql IMMUTABLE
    RETURN (
        SELECT json_object_agg(
                   code,
                   CASE found_language(wanted, ARRAY['en', 'ja', 'zh-Hans'])
                       WHEN 'en' THEN en WHEN 'ja' THEN ja WHEN 'zh-Hans' THEN zh ELSE code END)
          FROM (VALUES
              ('난류', 'Eggs', '卵', '蛋类'),
              ('우유', 'Milk', '乳', '牛奶'),
              ('메밀', 'Buckwheat', 'そば', '荞麦'),
              ('땅콩', 'Peanuts', '落花生', '花生'),
              ('대두', 'Soybeans', '大豆', '大豆'),
              ('밀', 'Wheat', '小麦', '小麦'),
              ('고등어', 'Mackerel', 'さば', '鲭鱼'),
              ('게', 'Crab', 'かに', '螃蟹'),
              ('새우', 'Shrimp', 'えび', '虾'),
              ('돼지고기', 'Pork', '豚肉', '猪肉'),
              ('복숭아', 'Peach', 'もも', '桃子'),
              ('토마토', 'Tomato', 'トマト', '番茄'),
              ('아황산류', 'Sulphites', '亜硫酸塩', '亚硫酸盐'),
              ('호두', 'Walnuts', 'くるみ', '核桃'),
              ('닭고기', 'Chicken', '鶏肉', '鸡肉'),
              ('쇠고기', 'Beef', '牛肉', '牛肉'),
              ('오징어', 'Squid', 'いか', '鱿鱼'),
              ('조개류', 'Shellfish', '貝類', '贝类'),
              ('잣', 'Pine nuts', '松の実', '松子')
               ) AS allergen (code, en, ja, zh));

CREATE OR REPLACE FUNCTION menu_document(offered menus, orderable boolean, option_groups json, with_pictures boolean) RETURNS json
    LANGUAGE sql STABLE
    RETURN json_build_object(
        'menu_id', (offered).menu_id,
        'menu_name', (offered).menu_name,
        'price', (offered).price,
        'description', (offered).description,
        'allergens', (offered).allergens,
        'origins', (offered).origins,
        'spicy', (offered).spicy,
        'min_age', (offered).min_age,
        'image_base64', CASE WHEN with_pictures THEN picture_data_url(offered) ELSE (offered).image_base64 END,
        'image_url', picture_url(offered),
        'display_order', (offered).display_order,
        'is_available', orderable,
        'option_groups', COALESCE(option_groups, '[]'));

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
        'allergens', (offered).allergens,
        'origins', (offered).origins,
        'spicy', (offered).spicy,
        'min_age', (offered).min_age,
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

CREATE OR REPLACE FUNCTION option_document(offered options, remaining integer) RETURNS json
    LANGUAGE sql STABLE
    RETURN json_build_object(
        'option_id', (offered).option_id,
        'option_name', (offered).option_name,
        'price_delta', (offered).price_delta,
        'is_available', option_is_on_sale(offered, remaining),
        'is_default', (offered).is_default,
        'allergens', (offered).allergens,
        'display_order', (offered).display_order);

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
        'allergens', (offered).allergens,
        'display_order', (offered).display_order,
        'orderable', option_is_on_sale(offered, remaining),
        'remaining', remaining);

ALTER FUNCTION allergen_names(text[]) OWNER TO tableorder_owner;
