DROP FUNCTION prune_audit_log(interval, integer);

DROP TRIGGER trigger_audit_settings_update ON store_settings;

DROP TRIGGER trigger_audit_settings_insert ON store_settings;

DROP TRIGGER trigger_audit_void ON order_voids;

DROP TRIGGER trigger_audit_menu_price ON menus;

DROP TRIGGER trigger_audit_table_password ON tables;

DROP TRIGGER trigger_audit_store ON stores;

DROP TRIGGER trigger_audit_staff_update ON staff;

DROP TRIGGER trigger_audit_staff_insert ON staff;

DROP FUNCTION audit_settings();

DROP FUNCTION audit_void();

DROP FUNCTION audit_menu_price();

DROP FUNCTION audit_table_password();

DROP FUNCTION audit_store();

DROP FUNCTION audit_staff();

DROP FUNCTION audit_person(staff);

DROP FUNCTION record_login(text, bigint, text);

DROP FUNCTION record_audit(integer, text, bigint, jsonb, jsonb);

DROP TABLE audit_log;
