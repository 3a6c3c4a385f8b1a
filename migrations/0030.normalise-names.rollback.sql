-- Keeps the names: the version before accepts them, too.
DO $$ BEGIN END $$;
