DROP FUNCTION group_is_unsatisfiable(integer, integer, integer, integer);

DROP FUNCTION stock_document(stock);

DROP FUNCTION admin_menu_document(menus, text, boolean, integer, json);

DROP FUNCTION menu_document(menus, boolean, json);
