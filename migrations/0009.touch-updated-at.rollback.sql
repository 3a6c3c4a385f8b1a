DROP TRIGGER trigger_touch_menu ON menus;
DROP TRIGGER trigger_touch_store ON stores;
DROP FUNCTION touch_updated_at();
