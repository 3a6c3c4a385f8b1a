CREATE OR REPLACE FUNCTION renew_menu_version_of_store() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE menu_versions SET version = gen_random_uuid() WHERE store_id = NEW.store_id;
    RETURN NULL;
END;
$$;

CREATE OR REPLACE FUNCTION renew_menu_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('app.pruning', true) IS DISTINCT FROM 'on' THEN
        PERFORM
           FROM menu_versions
          WHERE store_id IN (SELECT store_id FROM changed)
          ORDER BY store_id
            FOR NO KEY UPDATE;
        UPDATE menu_versions
           SET version = gen_random_uuid(), languages = store_languages(store_id)
         WHERE store_id IN (SELECT store_id FROM changed);
    END IF;
    RETURN NULL;
END;
$$;

DROP FUNCTION outdated_menus(integer[], timestamptz);

DROP FUNCTION renew_menu_versions(integer[]);

DROP FUNCTION admin_menu_document(menus, text, boolean, integer, json, boolean, timestamptz, json, boolean);

DROP FUNCTION menu_document(menus, boolean, json, boolean, timestamptz, json, boolean);

DROP FUNCTION category_daypart_ids(integer);

DROP FUNCTION menu_service(integer, integer[], integer[], timestamptz);

DROP FUNCTION menu_valid_until(integer, tstzrange, timestamptz);

DROP FUNCTION menu_period(integer, timestamptz);

DROP FUNCTION daypart_states(integer, timestamptz);

DROP FUNCTION next_clock_change(text, timestamptz);

DROP FUNCTION store_time_zone(integer);

DROP FUNCTION daypart_document(dayparts);

ALTER TABLE menu_versions DROP COLUMN period;

DROP TABLE category_dayparts;

DROP TABLE menu_dayparts;

DROP TABLE dayparts;

DROP FUNCTION week_minutes(jsonb);

DROP FUNCTION week_minute(timestamp);
