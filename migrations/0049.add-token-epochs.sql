-- A token says the epoch of whom it was given to: an owner (of the store) or a table. Raising the epoch revokes all the
-- tokens that were given out before. Each round trip checks the epoch before its own statements (repositories/tokens.py);
-- a wrong one ends it with refuse_revoked_token(). A raised epoch is an event, too: the live feed ends open streams by it.
-- Another kind of holder brings its column, its trigger, and its statement in repositories/tokens.py.
-- A disabled store lets nobody log in. owner_credentials() takes the place of admin_credentials(), which the version
-- before still calls: it returns the epoch too, and nothing of a disabled store.
-- depends: 0048.drop-login-failures

ALTER TABLE stores
    ADD COLUMN token_epoch integer NOT NULL DEFAULT 1,
    ADD COLUMN is_active boolean NOT NULL DEFAULT true;

ALTER TABLE tables ADD COLUMN token_epoch integer NOT NULL DEFAULT 1;

GRANT UPDATE (token_epoch) ON stores TO tableorder;

CREATE FUNCTION refuse_revoked_token() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the token was revoked' USING ERRCODE = 'invalid_authorization_specification';
END;
$$;

-- The arguments of the trigger: the kind of holder, and the column that has its id.
CREATE FUNCTION announce_revocation() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    holder jsonb := to_jsonb(OLD);
BEGIN
    PERFORM record_event(
        (holder ->> 'store_id')::integer, NULL, 'tokens_revoked',
        json_build_object(
            'kind', TG_ARGV[0], 'holder_id', holder -> TG_ARGV[1], 'up_to', holder -> 'token_epoch'));
    RETURN NULL;
END;
$$;

CREATE CONSTRAINT TRIGGER trigger_announce_revocation
    AFTER UPDATE ON stores
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (NEW.token_epoch <> OLD.token_epoch)
    EXECUTE FUNCTION announce_revocation('owner', 'store_id');

CREATE CONSTRAINT TRIGGER trigger_announce_revocation
    AFTER UPDATE ON tables
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (NEW.token_epoch <> OLD.token_epoch)
    EXECUTE FUNCTION announce_revocation('table', 'table_id');

CREATE FUNCTION owner_credentials(username text)
    RETURNS TABLE (
        store_id integer, store_name varchar, admin_username varchar, admin_password_hash varchar, token_epoch integer)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT stores.store_id, stores.store_name, stores.admin_username, stores.admin_password_hash, stores.token_epoch
      FROM public.stores
     WHERE stores.admin_username = username AND stores.is_active;
$$;

ALTER FUNCTION owner_credentials(text) OWNER TO tableorder_owner;

REVOKE ALL ON FUNCTION owner_credentials(text) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION owner_credentials(text) TO tableorder;

ALTER FUNCTION refuse_revoked_token() OWNER TO tableorder_owner;

ALTER FUNCTION announce_revocation() OWNER TO tableorder_owner;
