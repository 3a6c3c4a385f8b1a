DO $$
DECLARE
    book text;
BEGIN
    FOREACH book IN ARRAY ARRAY['yoyo_lock', '_yoyo_version', '_yoyo_migration', '_yoyo_log'] LOOP
        CONTINUE WHEN to_regclass('public.' || book) IS NULL;
        EXECUTE format('ALTER TABLE public.%I OWNER TO CURRENT_USER', book);
    END LOOP;
END;
$$;
