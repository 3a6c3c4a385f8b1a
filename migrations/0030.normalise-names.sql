-- Names of categories and usernames are now compared in NFC and trimmed. This converts existing ones, so that they are
-- found and cannot be added twice. A name stays unchanged if another row has the new form, or if it would become too long.
-- depends: 0029.create-order-documents

DO $$
DECLARE
    -- White space of Unicode that names are trimmed of: as characters, since a literal would need a database in UTF8.
    white_space text;
BEGIN
    IF current_setting('server_encoding') <> 'UTF8' THEN  -- normalize() works in no other
        RETURN;
    END IF;
    SELECT string_agg(chr(code), '')
      INTO white_space
      FROM unnest(ARRAY[9, 10, 11, 12, 13, 32, 133, 160, 5760, 8192, 8193, 8194, 8195, 8196, 8197, 8198, 8199, 8200, 8201,
                        8202, 8232, 8233, 8239, 8287, 12288]) AS codes (code);

    WITH named AS (
        SELECT category_id, store_id, category_name, btrim(normalize(category_name, NFC), white_space) AS name
          FROM categories
    ), wanted AS (
        SELECT DISTINCT ON (store_id, name) category_id, store_id, name
          FROM named
         WHERE name <> category_name AND name <> '' AND char_length(name) <= 50
         ORDER BY store_id, name, category_id
    )
    UPDATE categories
       SET category_name = wanted.name
      FROM wanted
     WHERE categories.category_id = wanted.category_id
       AND NOT EXISTS (SELECT FROM categories AS other
                        WHERE other.store_id = wanted.store_id AND other.category_name = wanted.name);

    WITH named AS (
        SELECT store_id, admin_username, btrim(normalize(admin_username, NFC), white_space) AS name
          FROM stores
    ), wanted AS (
        SELECT DISTINCT ON (name) store_id, name
          FROM named
         WHERE name <> admin_username AND name <> '' AND char_length(name) <= 50
         ORDER BY name, store_id
    )
    UPDATE stores
       SET admin_username = wanted.name
      FROM wanted
     WHERE stores.store_id = wanted.store_id
       AND NOT EXISTS (SELECT FROM stores AS other WHERE other.admin_username = wanted.name);
END
$$;
