DROP FUNCTION menu_entries(integer);

DROP FUNCTION menu_ref(text, text, integer, timestamptz);

ALTER TABLE options DROP COLUMN external_ref;

ALTER TABLE option_groups DROP COLUMN external_ref;

ALTER TABLE menus DROP COLUMN external_ref;

ALTER TABLE categories DROP COLUMN external_ref;
