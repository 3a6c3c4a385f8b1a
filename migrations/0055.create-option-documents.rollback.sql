DROP FUNCTION group_is_unsatisfiable(integer, integer, integer, integer);

DROP FUNCTION option_group_document(option_groups, json);

DROP FUNCTION admin_option_document(options);

DROP FUNCTION option_document(options);
