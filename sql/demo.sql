-- A small Korean restaurant to try tableorder: admin "demo" with the password "demo-admin", tables 1 to 8 with the
-- password "demo-table". Loading it twice changes nothing. Never use it in production: its passwords are public.

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
)
INSERT INTO menus (store_id, category_id, menu_name, price, description, display_order, is_available)
SELECT demo_categories.store_id, demo_categories.category_id, demo.menu_name, demo.price, demo.description,
       demo.display_order, demo.is_available
  FROM demo_categories
  JOIN (VALUES
        ('찌개·탕', '김치찌개', 9000, '묵은지와 돼지고기', 1, true),
        ('찌개·탕', '된장찌개', 8500, '집된장, 두부, 애호박', 2, true),
        ('찌개·탕', '순두부찌개', 9000, '바지락과 달걀', 3, true),
        ('찌개·탕', '갈비탕', 14000, '하루 30그릇', 4, false),
        ('구이', '삼겹살 200g', 17000, '2인분부터', 1, true),
        ('구이', '돼지갈비 250g', 18000, '2인분부터', 2, true),
        ('구이', '고등어구이', 12000, NULL, 3, true),
        ('밥·면', '돌솥비빔밥', 11000, '고추장은 따로', 1, true),
        ('밥·면', '물냉면', 10000, '여름철', 2, true),
        ('밥·면', '공기밥', 1000, NULL, 3, true),
        ('안주', '해물파전', 16000, NULL, 1, true),
        ('안주', '두부김치', 15000, NULL, 2, true),
        ('음료·주류', '콜라', 2500, NULL, 1, true),
        ('음료·주류', '소주', 5000, NULL, 2, true),
        ('음료·주류', '맥주 500ml', 5500, NULL, 3, true)
       ) AS demo (category_name, menu_name, price, description, display_order, is_available)
    ON demo.category_name = demo_categories.category_name
 ORDER BY demo_categories.category_id, demo.display_order;
