DROP FUNCTION choose_options(integer, jsonb);

DROP FUNCTION offered_groups(integer, boolean);

DROP FUNCTION option_group_document(option_groups, json);

DROP FUNCTION admin_option_document(options, integer);

DROP FUNCTION option_document(options, integer);

DROP FUNCTION option_is_on_sale(options, integer);
