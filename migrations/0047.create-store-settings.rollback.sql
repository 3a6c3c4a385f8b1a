DROP FUNCTION store_settings_document(integer, store_settings);

DROP TABLE store_settings;

DROP FUNCTION renew_menu_version_of_store();
