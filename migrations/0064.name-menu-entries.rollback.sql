CREATE OR REPLACE FUNCTION announce_menu() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM record_event(NEW.store_id, NULL, 'menu_changed', json_build_object('version', NEW.version));
    RETURN NULL;
END;
$$;

CREATE OR REPLACE FUNCTION renew_menu_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('app.pruning', true) IS DISTINCT FROM 'on' THEN
        PERFORM renew_menu_versions(ARRAY(SELECT DISTINCT store_id FROM changed));
    END IF;
    RETURN NULL;
END;
$$;

DROP FUNCTION menu_entries(integer);

DROP FUNCTION menu_ref(text, text, integer, timestamptz);

ALTER TABLE dayparts DROP COLUMN external_ref;

ALTER TABLE options DROP COLUMN external_ref;

ALTER TABLE option_groups DROP COLUMN external_ref;

ALTER TABLE menus DROP COLUMN external_ref;

ALTER TABLE categories DROP COLUMN external_ref;
