-- A small Korean restaurant to try tableorder: admin "demo" with the password "demo-admin", tables 1 to 8 with the
-- password "demo-table". Some dishes have options (맵기, 사이즈, 토핑), one is counted (갈비탕), one is sold out (해물파전).
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
), demo_categories AS (
    INSERT INTO categories (store_id, category_name, display_order)
    SELECT store.store_id, category_name, display_order
      FROM store,
           (VALUES ('찌개·탕', 1), ('구이', 2), ('밥·면', 3), ('안주', 4), ('음료·주류', 5))
               AS demo (category_name, display_order)
    RETURNING category_id, category_name, store_id
), demo_menus AS (
    INSERT INTO menus (store_id, category_id, menu_name, price, description, display_order, is_available)
    SELECT demo_categories.store_id, demo_categories.category_id, demo.menu_name, demo.price, demo.description,
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
            ('안주', '해물파전', 16000, NULL, 1, false),
            ('안주', '두부김치', 15000, NULL, 2, true),
            ('음료·주류', '콜라', 2500, NULL, 1, true),
            ('음료·주류', '소주', 5000, NULL, 2, true),
            ('음료·주류', '맥주 500ml', 5500, NULL, 3, true)
           ) AS demo (category_name, menu_name, price, description, display_order, is_available)
        ON demo.category_name = demo_categories.category_name
     ORDER BY demo_categories.category_id, demo.display_order
    RETURNING store_id, menu_id, menu_name
), demo_groups AS (
    INSERT INTO option_groups (store_id, group_name, min_select, max_select, max_each, display_order)
    SELECT store.store_id, demo.*
      FROM store,
           (VALUES ('맵기', 1, 1, 1, 1), ('사이즈', 1, 1, 1, 2), ('토핑', 0, 5, 2, 3))
               AS demo (group_name, min_select, max_select, max_each, display_order)
    RETURNING store_id, group_id, group_name
), demo_options AS (
    INSERT INTO options (store_id, group_id, option_name, price_delta, is_default, display_order)
    SELECT demo_groups.store_id, demo_groups.group_id, demo.option_name, demo.price_delta, demo.is_default,
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
), demo_stock AS (
    INSERT INTO stock (store_id, menu_id, remaining, low_at)
    SELECT store_id, menu_id, 30, 5 FROM demo_menus WHERE menu_name = '갈비탕'
    RETURNING store_id, stock_id, epoch, remaining
)
INSERT INTO stock_moves (store_id, stock_id, epoch, delta, reason)
SELECT store_id, stock_id, epoch, remaining, 'set' FROM demo_stock;
