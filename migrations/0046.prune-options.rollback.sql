DROP FUNCTION prune_option_groups(integer);

DROP FUNCTION prune_options(integer);
