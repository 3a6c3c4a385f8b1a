DROP FUNCTION stock_document(stock);

DROP FUNCTION admin_menu_document(menus, json);

DROP FUNCTION menu_document(menus, json);

DROP FUNCTION menu_is_on_sale(menus);

DROP FUNCTION group_is_unsatisfiable(integer, integer, integer, integer);

DROP FUNCTION option_group_document(option_groups, json);

DROP FUNCTION admin_option_document(options);

DROP FUNCTION option_document(options);
