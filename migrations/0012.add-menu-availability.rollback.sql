ALTER TABLE menus DROP COLUMN is_available;
