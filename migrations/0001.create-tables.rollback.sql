DROP TABLE order_history;
DROP TABLE order_items;
DROP TABLE orders;
DROP TABLE table_sessions;
DROP TABLE tables;
DROP TABLE menus;
DROP TABLE categories;
DROP TABLE stores;
