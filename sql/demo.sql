-- A small Korean restaurant to try tableorder: admin "demo" with the password "demo-admin", tables 1 to 8 with the
-- password "demo-table". Some dishes have options (맵기, 사이즈, 토핑), one is counted (갈비탕), one is sold out (해물파전), one is
-- served at lunch on workdays only (점심 특선).
-- Guests can read it in English, Japanese and Chinese, with allergens and where the ingredients come from.
-- Loading it twice changes nothing. Never use it in production: its passwords are public.

WITH store AS (
    INSERT INTO stores (store_name, admin_username, admin_password_hash)
    VALUES ('온달 한식당', 'demo', '$2b$12$s5EqPcj2o54kFzWduvlUW.ftO7skWGmdftbqtnEaMUWuGxfmImomu')
        ON CONFLICT (admin_username) DO NOTHING
    RETURNING store_id
), demo_tables AS (
    INSERT INTO tables (store_id, table_number, table_password_hash)
    SELECT store.store_id, number, '$2b$12$PxJRTGmZZOj7XzjKILesZ.7uF.P/ekcDW6I9QPAOKm9XIePJBAT4a'
      FROM store, generate_series(1, 8) AS number
), demo_settings AS (
    INSERT INTO store_settings (store_id, origin_notice)
    SELECT store_id, '쌀: 국내산, 배추김치(배추·고춧가루): 국내산, 두부(콩): 국내산' FROM store
), words (own, en, ja, zh) AS (
    VALUES
        ('찌개·탕', 'Stews & soups', 'チゲ・スープ', '炖汤'),
        ('구이', 'Grill', '焼き物', '烧烤'),
        ('밥·면', 'Rice & noodles', 'ご飯・麺', '米饭·面条'),
        ('안주', 'To share', 'おつまみ', '下酒菜'),
        ('음료·주류', 'Drinks', '飲み物', '饮料·酒水'),
        ('김치찌개', 'Kimchi stew', 'キムチチゲ', '泡菜汤'),
        ('묵은지와 돼지고기', 'Aged kimchi and pork', '熟成キムチと豚肉', '老泡菜和猪肉'),
        ('된장찌개', 'Soybean paste stew', 'テンジャンチゲ', '大酱汤'),
        ('집된장, 두부, 애호박', 'Home-made soybean paste, tofu, courgette', '自家製味噌、豆腐、韓国かぼちゃ', '自制大酱、豆腐、西葫芦'),
        ('순두부찌개', 'Soft tofu stew', '純豆腐チゲ', '嫩豆腐汤'),
        ('바지락과 달걀', 'Clams and egg', 'あさりと卵', '蛤蜊和鸡蛋'),
        ('갈비탕', 'Beef short rib soup', 'カルビタン', '牛排骨汤'),
        ('하루 30그릇', '30 bowls a day', '一日30杯限定', '每日限量30碗'),
        ('삼겹살 200g', 'Pork belly 200 g', 'サムギョプサル 200g', '五花肉 200克'),
        ('2인분부터', 'For two or more', '2人前から', '两人份起'),
        ('돼지갈비 250g', 'Marinated pork ribs 250 g', '豚カルビ 250g', '猪排骨 250克'),
        ('고등어구이', 'Grilled mackerel', 'さばの塩焼き', '烤鲭鱼'),
        ('돌솥비빔밥', 'Stone pot bibimbap', '石焼ビビンバ', '石锅拌饭'),
        ('고추장은 따로', 'Chilli paste on the side', 'コチュジャンは別添え', '辣椒酱另附'),
        ('물냉면', 'Cold buckwheat noodles', '水冷麺', '水冷面'),
        ('여름철', 'In summer', '夏季限定', '夏季供应'),
        ('공기밥', 'Bowl of rice', 'ご飯', '米饭'),
        ('점심 특선', 'Lunch special', 'ランチ定食', '午市套餐'),
        ('평일 11:00~14:30, 제육볶음과 된장국', 'Weekdays 11:00–14:30: spicy pork and soybean paste soup', '平日11:00～14:30、豚肉の辛味炒めと味噌スープ', '工作日11:00–14:30，辣炒猪肉和大酱汤'),
        ('해물파전', 'Seafood pancake', '海鮮パジョン', '海鲜葱饼'),
        ('두부김치', 'Tofu with kimchi', '豆腐キムチ', '豆腐泡菜'),
        ('콜라', 'Cola', 'コーラ', '可乐'),
        ('소주', 'Soju', '焼酎（ソジュ）', '烧酒'),
        ('맥주 500ml', 'Beer 500 ml', 'ビール 500ml', '啤酒 500毫升'),
        ('맵기', 'Spiciness', '辛さ', '辣度'),
        ('사이즈', 'Size', 'サイズ', '分量'),
        ('토핑', 'Toppings', 'トッピング', '配料'),
        ('순한맛', 'Mild', '甘口', '不辣'),
        ('보통맛', 'Medium', '普通', '微辣'),
        ('매운맛', 'Hot', '辛口', '辣'),
        ('아주 매운맛', 'Very hot', '激辛', '特辣'),
        ('보통', 'Regular', '並', '普通'),
        ('곱빼기', 'Large', '大盛り', '大份'),
        ('라면 사리', 'Ramyeon noodles', 'ラーメンの麺', '拉面'),
        ('두부', 'Tofu', '豆腐', '豆腐'),
        ('치즈', 'Cheese', 'チーズ', '奶酪')
), labels (menu_name, allergens, origins, spicy, min_age) AS (
    VALUES
        ('김치찌개', '{대두,밀,돼지고기}'::text[], '[{"ingredient": "돼지고기", "origin": "국내산"}, {"ingredient": "배추김치", "origin": "국내산"}]'::jsonb, 2, NULL::int),
        ('된장찌개', '{대두,밀}'::text[], '[{"ingredient": "콩", "origin": "국내산"}]'::jsonb, 1, NULL::int),
        ('순두부찌개', '{난류,대두,조개류}'::text[], '[{"ingredient": "콩", "origin": "국내산"}]'::jsonb, 2, NULL::int),
        ('갈비탕', '{쇠고기,대두,밀}'::text[], '[{"ingredient": "쇠고기", "origin": "호주산"}]'::jsonb, 0, NULL::int),
        ('삼겹살 200g', '{돼지고기}'::text[], '[{"ingredient": "돼지고기", "origin": "국내산"}]'::jsonb, 0, NULL::int),
        ('돼지갈비 250g', '{대두,밀,돼지고기}'::text[], '[{"ingredient": "돼지고기", "origin": "국내산"}]'::jsonb, 0, NULL::int),
        ('고등어구이', '{고등어}'::text[], '[{"ingredient": "고등어", "origin": "노르웨이산"}]'::jsonb, 0, NULL::int),
        ('돌솥비빔밥', '{난류,대두,밀,쇠고기}'::text[], '[{"ingredient": "쌀", "origin": "국내산"}, {"ingredient": "쇠고기", "origin": "호주산"}]'::jsonb, 1, NULL::int),
        ('물냉면', '{난류,메밀,밀,쇠고기}'::text[], '[{"ingredient": "쇠고기", "origin": "호주산"}]'::jsonb, 0, NULL::int),
        ('공기밥', '{}'::text[], '[{"ingredient": "쌀", "origin": "국내산"}]'::jsonb, 0, NULL::int),
        ('점심 특선', '{대두,밀,돼지고기}'::text[], '[{"ingredient": "돼지고기", "origin": "국내산"}, {"ingredient": "쌀", "origin": "국내산"}]'::jsonb, 2, NULL::int),
        ('해물파전', '{난류,밀,새우,오징어,조개류}'::text[], '[{"ingredient": "오징어", "origin": "국내산"}]'::jsonb, 0, NULL::int),
        ('두부김치', '{대두,돼지고기}'::text[], '[{"ingredient": "콩", "origin": "국내산"}, {"ingredient": "배추김치", "origin": "국내산"}, {"ingredient": "돼지고기", "origin": "국내산"}]'::jsonb, 1, NULL::int),
        ('콜라', '{}'::text[], '[]'::jsonb, 0, NULL::int),
        ('소주', '{}'::text[], '[]'::jsonb, 0, 19),
        ('맥주 500ml', '{밀}'::text[], '[]'::jsonb, 0, 19)
), translated AS (
    SELECT own,
           jsonb_build_object('en', jsonb_build_object('name', en), 'ja', jsonb_build_object('name', ja),
                              'zh-Hans', jsonb_build_object('name', zh)) AS names
      FROM words
), demo_categories AS (
    INSERT INTO categories (store_id, category_name, translations, display_order)
    SELECT store.store_id, category_name, (SELECT names FROM translated WHERE own = category_name), display_order
      FROM store,
           (VALUES ('찌개·탕', 1), ('구이', 2), ('밥·면', 3), ('안주', 4), ('음료·주류', 5))
               AS demo (category_name, display_order)
    RETURNING category_id, category_name, store_id
), demo_menus AS (
    INSERT INTO menus (store_id, category_id, menu_name, translations, price, description, allergens, origins, spicy,
                       min_age, display_order, is_available)
    SELECT demo_categories.store_id, demo_categories.category_id, demo.menu_name,
           (SELECT jsonb_strip_nulls(jsonb_build_object(
                       'en', jsonb_build_object('name', named.en, 'description', described.en),
                       'ja', jsonb_build_object('name', named.ja, 'description', described.ja),
                       'zh-Hans', jsonb_build_object('name', named.zh, 'description', described.zh)))
              FROM words AS named
              LEFT JOIN words AS described ON described.own = demo.description
             WHERE named.own = demo.menu_name),
           demo.price, demo.description, labels.allergens, labels.origins, labels.spicy, labels.min_age,
           demo.display_order, demo.is_available
      FROM demo_categories
      JOIN (VALUES
            ('찌개·탕', '김치찌개', 9000, '묵은지와 돼지고기', 1, true),
            ('찌개·탕', '된장찌개', 8500, '집된장, 두부, 애호박', 2, true),
            ('찌개·탕', '순두부찌개', 9000, '바지락과 달걀', 3, true),
            ('찌개·탕', '갈비탕', 14000, '하루 30그릇', 4, true),
            ('구이', '삼겹살 200g', 17000, '2인분부터', 1, true),
            ('구이', '돼지갈비 250g', 18000, '2인분부터', 2, true),
            ('구이', '고등어구이', 12000, NULL, 3, true),
            ('밥·면', '돌솥비빔밥', 11000, '고추장은 따로', 1, true),
            ('밥·면', '물냉면', 10000, '여름철', 2, true),
            ('밥·면', '공기밥', 1000, NULL, 3, true),
            ('밥·면', '점심 특선', 8900, '평일 11:00~14:30, 제육볶음과 된장국', 4, true),
            ('안주', '해물파전', 16000, NULL, 1, false),
            ('안주', '두부김치', 15000, NULL, 2, true),
            ('음료·주류', '콜라', 2500, NULL, 1, true),
            ('음료·주류', '소주', 5000, NULL, 2, true),
            ('음료·주류', '맥주 500ml', 5500, NULL, 3, true)
           ) AS demo (category_name, menu_name, price, description, display_order, is_available)
        ON demo.category_name = demo_categories.category_name
      JOIN labels ON labels.menu_name = demo.menu_name
     ORDER BY demo_categories.category_id, demo.display_order
    RETURNING store_id, menu_id, menu_name
), demo_groups AS (
    INSERT INTO option_groups (store_id, group_name, translations, min_select, max_select, max_each, display_order)
    SELECT store.store_id, group_name, (SELECT names FROM translated WHERE own = group_name), min_select, max_select,
           max_each, display_order
      FROM store,
           (VALUES ('맵기', 1, 1, 1, 1), ('사이즈', 1, 1, 1, 2), ('토핑', 0, 5, 2, 3))
               AS demo (group_name, min_select, max_select, max_each, display_order)
    RETURNING store_id, group_id, group_name
), demo_options AS (
    INSERT INTO options (store_id, group_id, option_name, translations, price_delta, is_default, allergens,
                         display_order)
    SELECT demo_groups.store_id, demo_groups.group_id, demo.option_name,
           (SELECT names FROM translated WHERE own = demo.option_name), demo.price_delta, demo.is_default,
           CASE demo.option_name WHEN '라면 사리' THEN '{밀,대두}'::text[] WHEN '두부' THEN '{대두}'
                                 WHEN '치즈' THEN '{우유}' ELSE '{}' END,
           demo.display_order
      FROM demo_groups
      JOIN (VALUES
            ('맵기', '순한맛', 0, false, 1),
            ('맵기', '보통맛', 0, true, 2),
            ('맵기', '매운맛', 0, false, 3),
            ('맵기', '아주 매운맛', 500, false, 4),
            ('사이즈', '보통', 0, true, 1),
            ('사이즈', '곱빼기', 2000, false, 2),
            ('토핑', '라면 사리', 1500, false, 1),
            ('토핑', '두부', 1000, false, 2),
            ('토핑', '치즈', 2000, false, 3)
           ) AS demo (group_name, option_name, price_delta, is_default, display_order)
        ON demo.group_name = demo_groups.group_name
     ORDER BY demo_groups.group_id, demo.display_order
), demo_offers AS (
    INSERT INTO menu_option_groups (store_id, menu_id, group_id, display_order)
    SELECT demo_menus.store_id, demo_menus.menu_id, demo_groups.group_id, demo.display_order
      FROM (VALUES
            ('김치찌개', '맵기', 1), ('김치찌개', '토핑', 2),
            ('순두부찌개', '맵기', 1), ('순두부찌개', '토핑', 2),
            ('된장찌개', '토핑', 1),
            ('돌솥비빔밥', '사이즈', 1), ('물냉면', '사이즈', 1)
           ) AS demo (menu_name, group_name, display_order)
      JOIN demo_menus ON demo_menus.menu_name = demo.menu_name
      JOIN demo_groups ON demo_groups.group_name = demo.group_name
), demo_dayparts AS (
    INSERT INTO dayparts (store_id, daypart_name, hours)
    SELECT store_id, '평일 점심',
           (SELECT jsonb_agg(jsonb_build_object('weekday', weekday, 'starts', '11:00', 'ends', '14:30'))
              FROM generate_series(0, 4) AS weekday)
      FROM store
    RETURNING store_id, daypart_id
), demo_lunches AS (
    INSERT INTO menu_dayparts (store_id, menu_id, daypart_id)
    SELECT demo_menus.store_id, demo_menus.menu_id, demo_dayparts.daypart_id
      FROM demo_menus, demo_dayparts
     WHERE demo_menus.menu_name = '점심 특선'
), demo_stock AS (
    INSERT INTO stock (store_id, menu_id, remaining, low_at)
    SELECT store_id, menu_id, 30, 5 FROM demo_menus WHERE menu_name = '갈비탕'
    RETURNING store_id, stock_id, epoch, remaining
)
INSERT INTO stock_moves (store_id, stock_id, epoch, delta, reason)
SELECT store_id, stock_id, epoch, remaining, 'set' FROM demo_stock;
