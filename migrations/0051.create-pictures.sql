-- A menu's picture is a file of its own, under its SHA-256, which the guests' browsers fetch once and keep. Within a menu
-- of 30 pictures it made 42 MB. Pictures that were stored before stay in menus.image_base64, and are served as they are,
-- until `bin/tableorder pictures convert` has converted them. A menu has one or the other.
-- depends: 0050.add-translations

CREATE TABLE pictures (
    store_id     integer NOT NULL REFERENCES stores (store_id) ON DELETE CASCADE,
    sha256       bytea NOT NULL,
    webp         bytea NOT NULL,
    unused_since timestamptz DEFAULT now(),
    CONSTRAINT pictures_pkey PRIMARY KEY (store_id, sha256),
    CONSTRAINT pictures_sha256_check CHECK (sha256 = sha256(webp)),
    CONSTRAINT pictures_webp_check CHECK (octet_length(webp) <= 300000)
);

-- It is compressed already.
ALTER TABLE pictures ALTER COLUMN webp SET STORAGE EXTERNAL;

CREATE INDEX idx_pictures_sha256 ON pictures (sha256);

CREATE INDEX idx_pictures_unused ON pictures (unused_since) WHERE unused_since IS NOT NULL;

ALTER TABLE menus ADD COLUMN picture_sha256 bytea;

ALTER TABLE menus
    ADD CONSTRAINT menus_picture_sha256_fkey
    FOREIGN KEY (store_id, picture_sha256) REFERENCES pictures (store_id, sha256) NOT VALID;

-- What a retired menu shows is shown nowhere. And a process of the version before this one writes image_base64 alone.
CREATE FUNCTION drop_picture() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.picture_sha256 := NULL;
    RETURN NEW;
END;
$$;

CREATE TRIGGER trigger_drop_picture
    BEFORE INSERT OR UPDATE ON menus
    FOR EACH ROW
    WHEN (NEW.picture_sha256 IS NOT NULL AND (NEW.deleted_at IS NOT NULL OR NEW.image_base64 IS NOT NULL))
    EXECUTE FUNCTION drop_picture();

-- Since when no menu shows a picture. The picture is locked before it is asked which menus still show it.
CREATE FUNCTION note_picture_use() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'DELETE' THEN
        UPDATE pictures
           SET unused_since = NULL
         WHERE sha256 = NEW.picture_sha256 AND store_id = NEW.store_id;
    END IF;
    IF TG_OP <> 'INSERT' THEN
        PERFORM FROM pictures WHERE sha256 = OLD.picture_sha256 AND store_id = OLD.store_id FOR NO KEY UPDATE;
        UPDATE pictures
           SET unused_since = now()
         WHERE sha256 = OLD.picture_sha256
           AND store_id = OLD.store_id
           AND NOT EXISTS (SELECT
                             FROM menus
                            WHERE menus.store_id = OLD.store_id AND menus.picture_sha256 = OLD.picture_sha256);
    END IF;
    RETURN NULL;
END;
$$;

CREATE TRIGGER trigger_note_picture_use_insert
    AFTER INSERT ON menus
    FOR EACH ROW WHEN (NEW.picture_sha256 IS NOT NULL)
    EXECUTE FUNCTION note_picture_use();

CREATE TRIGGER trigger_note_picture_use_update
    AFTER UPDATE ON menus
    FOR EACH ROW WHEN (OLD.picture_sha256 IS DISTINCT FROM NEW.picture_sha256)
    EXECUTE FUNCTION note_picture_use();

CREATE TRIGGER trigger_note_picture_use_delete
    AFTER DELETE ON menus
    FOR EACH ROW WHEN (OLD.picture_sha256 IS NOT NULL)
    EXECUTE FUNCTION note_picture_use();

-- Anybody may see a picture whose name is known: it cannot be guessed. So this looks into all stores.
CREATE FUNCTION find_picture(content_sha256 bytea) RETURNS bytea
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT webp FROM public.pictures WHERE sha256 = content_sha256 LIMIT 1;
$$;

-- Whether a menu may show a picture of that size. The pictures that a store's menus show have at most so many bytes
-- together, each counted as often as it is shown: that is what the menu's old form carries. A smaller picture than the one
-- before always fits. Those that no menu shows have ten times as many. 0 is no limit.
CREATE FUNCTION picture_fits(of_store integer, of_menu integer, content_sha256 bytea, size integer, at_most bigint)
    RETURNS boolean
    LANGUAGE sql STABLE
    RETURN at_most = 0 OR (
        SELECT COALESCE(sum(octet_length(pictures.webp)) FILTER (WHERE menus.menu_id IS DISTINCT FROM of_menu), 0) + size
                   <= at_most
               OR size <= COALESCE(sum(octet_length(pictures.webp)) FILTER (WHERE menus.menu_id = of_menu), 0)
          FROM pictures
          JOIN menus ON menus.store_id = pictures.store_id AND menus.picture_sha256 = pictures.sha256
         WHERE pictures.store_id = of_store
    ) AND (
        SELECT COALESCE(sum(octet_length(pictures.webp)), 0) + size <= 10 * at_most
          FROM pictures
         WHERE pictures.store_id = of_store
           AND pictures.unused_since IS NOT NULL
           AND pictures.sha256 <> content_sha256
    );

CREATE FUNCTION picture_url(of_menu menus) RETURNS text
    LANGUAGE sql STABLE
    RETURN '/api/v1/pictures/' || encode((of_menu).picture_sha256, 'hex') || '.webp';

CREATE FUNCTION picture_data_url(of_menu menus) RETURNS text
    LANGUAGE sql STABLE
    RETURN COALESCE((of_menu).image_base64,
                    (SELECT 'data:image/webp;base64,' || translate(encode(pictures.webp, 'base64'), E'\n', '')
                       FROM pictures
                      WHERE pictures.sha256 = (of_menu).picture_sha256 AND pictures.store_id = (of_menu).store_id));

-- with_pictures: image_base64 has the picture that image_url leads to. One that is not converted is in it anyway.
CREATE FUNCTION menu_document(offered menus, orderable boolean, option_groups json, with_pictures boolean) RETURNS json
    LANGUAGE sql STABLE
    RETURN json_build_object(
        'menu_id', (offered).menu_id,
        'menu_name', (offered).menu_name,
        'price', (offered).price,
        'description', (offered).description,
        'image_base64', CASE WHEN with_pictures THEN picture_data_url(offered) ELSE (offered).image_base64 END,
        'image_url', picture_url(offered),
        'display_order', (offered).display_order,
        'is_available', orderable,
        'option_groups', COALESCE(option_groups, '[]'));

CREATE FUNCTION admin_menu_document(
    offered menus, category_name text, orderable boolean, remaining integer, option_groups json, with_pictures boolean)
    RETURNS json
    LANGUAGE sql STABLE
    RETURN json_build_object(
        'menu_id', (offered).menu_id,
        'menu_name', (offered).menu_name,
        'price', (offered).price,
        'description', (offered).description,
        'translations', (offered).translations,
        'image_base64', CASE WHEN with_pictures THEN picture_data_url(offered) ELSE (offered).image_base64 END,
        'image_url', picture_url(offered),
        'display_order', (offered).display_order,
        'is_available', (offered).is_available,
        'orderable', orderable,
        'remaining', remaining,
        'option_groups', COALESCE(option_groups, '[]'),
        'category_id', (offered).category_id,
        'category_name', category_name,
        'created_at', (offered).created_at,
        'updated_at', (offered).updated_at);

-- As the version before this one calls them.
CREATE OR REPLACE FUNCTION menu_document(offered menus, orderable boolean, option_groups json) RETURNS json
    LANGUAGE sql STABLE
    RETURN menu_document(offered, orderable, option_groups, true);

CREATE OR REPLACE FUNCTION admin_menu_document(
    offered menus, category_name text, orderable boolean, remaining integer, option_groups json) RETURNS json
    LANGUAGE sql STABLE
    RETURN admin_menu_document(offered, category_name, orderable, remaining, option_groups, true);

CREATE FUNCTION prune_pictures(at_most integer) RETURNS bigint
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    WITH pruned AS (
        DELETE FROM public.pictures
         WHERE ctid = ANY (ARRAY(SELECT unused.ctid
                                   FROM public.pictures AS unused
                                  WHERE unused.unused_since < now() - interval '1 day'
                                  ORDER BY unused.unused_since
                                  LIMIT LEAST(at_most, 10000)
                                    FOR UPDATE SKIP LOCKED))
        RETURNING 1
    )
    SELECT count(*) FROM pruned;
$$;

ALTER TABLE pictures OWNER TO tableorder_owner;

ALTER TABLE pictures ENABLE ROW LEVEL SECURITY;

CREATE POLICY own_store ON pictures
    USING (store_id = (SELECT NULLIF(current_setting('app.store_id', true), '')::integer));

GRANT SELECT, INSERT, UPDATE, DELETE ON pictures TO tableorder;

ALTER FUNCTION drop_picture() OWNER TO tableorder_owner;

ALTER FUNCTION note_picture_use() OWNER TO tableorder_owner;

ALTER FUNCTION picture_fits(integer, integer, bytea, integer, bigint) OWNER TO tableorder_owner;

ALTER FUNCTION picture_url(menus) OWNER TO tableorder_owner;

ALTER FUNCTION picture_data_url(menus) OWNER TO tableorder_owner;

ALTER FUNCTION menu_document(menus, boolean, json, boolean) OWNER TO tableorder_owner;

ALTER FUNCTION admin_menu_document(menus, text, boolean, integer, json, boolean) OWNER TO tableorder_owner;

ALTER FUNCTION find_picture(bytea) OWNER TO tableorder_owner;

ALTER FUNCTION prune_pictures(integer) OWNER TO tableorder_owner;

REVOKE ALL ON FUNCTION find_picture(bytea), prune_pictures(integer) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION find_picture(bytea), prune_pictures(integer) TO tableorder;
