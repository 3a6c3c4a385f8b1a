-- A trigger sets updated_at at every update.
-- depends: 0008.keep-references-in-store

CREATE FUNCTION touch_updated_at() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.updated_at := now();
    RETURN NEW;
END;
$$;

CREATE TRIGGER trigger_touch_store
    BEFORE UPDATE ON stores
    FOR EACH ROW EXECUTE FUNCTION touch_updated_at();

CREATE TRIGGER trigger_touch_menu
    BEFORE UPDATE ON menus
    FOR EACH ROW EXECUTE FUNCTION touch_updated_at();
