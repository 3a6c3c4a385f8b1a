-- What a store has set for itself; a store without a row has the defaults. The time zone is that of its hours. Guests get
-- the notice of origins (원산지 표시) with the menu, so a change renews the menu's version.
-- depends: 0046.prune-options

CREATE TABLE store_settings (
    store_id      integer PRIMARY KEY REFERENCES stores (store_id) ON DELETE CASCADE,
    time_zone     varchar(64) NOT NULL DEFAULT 'Asia/Seoul',
    origin_notice varchar(2000)
);

ALTER TABLE store_settings OWNER TO tableorder_owner;

ALTER TABLE store_settings ENABLE ROW LEVEL SECURITY;

CREATE POLICY own_store ON store_settings
    USING (store_id = (SELECT NULLIF(current_setting('app.store_id', true), '')::integer));

GRANT SELECT, INSERT, UPDATE, DELETE ON store_settings TO tableorder;

CREATE FUNCTION renew_menu_version_of_store() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE menu_versions SET version = gen_random_uuid() WHERE store_id = NEW.store_id;
    RETURN NULL;
END;
$$;

CREATE TRIGGER trigger_renew_menu_version_insert
    AFTER INSERT ON store_settings
    FOR EACH ROW EXECUTE FUNCTION renew_menu_version_of_store();

CREATE TRIGGER trigger_renew_menu_version_update
    AFTER UPDATE ON store_settings
    FOR EACH ROW WHEN ((NEW.time_zone, NEW.origin_notice) IS DISTINCT FROM (OLD.time_zone, OLD.origin_notice))
    EXECUTE FUNCTION renew_menu_version_of_store();

-- `kept` is null for a store that has set nothing.
CREATE FUNCTION store_settings_document(of_store integer, kept store_settings) RETURNS json
    LANGUAGE sql STABLE
    RETURN json_build_object(
        'store_id', of_store,
        'time_zone', COALESCE((kept).time_zone, 'Asia/Seoul'),
        'origin_notice', (kept).origin_notice);

ALTER FUNCTION renew_menu_version_of_store() OWNER TO tableorder_owner;

ALTER FUNCTION store_settings_document(integer, store_settings) OWNER TO tableorder_owner;
