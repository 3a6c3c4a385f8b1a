DROP FUNCTION choose_options(integer, jsonb);

DROP FUNCTION group_can_be_satisfied(option_groups);

DROP FUNCTION option_is_on_sale(options);
