DROP TABLE menu_option_groups;

DROP TABLE options;

DROP TABLE option_groups;
