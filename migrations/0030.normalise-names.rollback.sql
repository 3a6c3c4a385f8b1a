-- The names stay as they are: the version before takes them, too.
DO $$ BEGIN END $$;
