DROP TABLE stock_moves;

DROP TABLE stock;

DROP FUNCTION announce_stock();

DROP FUNCTION renew_menu_version_of_stock();
