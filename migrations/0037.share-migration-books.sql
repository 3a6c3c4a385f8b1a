-- The books of the migrations belonged to whoever migrated first, so that another member of tableorder_owner could not
-- migrate, back up or look for drift. They belong to the owner of the schema, as all its tables do.
-- depends: 0036.bound-stream-tickets

DO $$
DECLARE
    book text;
BEGIN
    FOREACH book IN ARRAY ARRAY['_yoyo_log', '_yoyo_migration', '_yoyo_version', 'yoyo_lock'] LOOP
        CONTINUE WHEN to_regclass('public.' || book) IS NULL;
        EXECUTE format('ALTER TABLE public.%I OWNER TO tableorder_owner', book);
    END LOOP;
END;
$$;
