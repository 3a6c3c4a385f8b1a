-- PINs, and approvals: an owner or a manager lets one of the staff do one thing, once, within a minute, or read the books
-- for that minute. The statement that does the thing deletes the approval. It ends early when its approver's tokens are
-- revoked, as with a new role. Voids keep who approved. The cost of the PINs' hashes counts for dearest_password_cost().
-- depends: 0062.create-devices

ALTER TABLE stores ADD COLUMN pin_hash varchar(255);

ALTER TABLE staff ADD COLUMN pin_hash varchar(255);

GRANT UPDATE (pin_hash) ON stores TO tableorder;

-- There is no PIN yet, so building them takes no time.
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX idx_stores_pin_cost ON stores (substr(pin_hash, 5, 2)) WHERE pin_hash ~ '^\$2[abxy]\$[0-9]{2}\$';

-- squawk-ignore require-concurrent-index-creation
CREATE INDEX idx_staff_pin_cost ON staff (substr(pin_hash, 5, 2)) WHERE pin_hash ~ '^\$2[abxy]\$[0-9]{2}\$';

CREATE OR REPLACE FUNCTION dearest_password_cost() RETURNS integer
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT GREATEST((SELECT max(substr(stores.admin_password_hash, 5, 2))
                       FROM public.stores
                      WHERE stores.admin_password_hash ~ '^\$2[abxy]\$[0-9]{2}\$'),
                    (SELECT max(substr(stores.pin_hash, 5, 2))
                       FROM public.stores
                      WHERE stores.pin_hash ~ '^\$2[abxy]\$[0-9]{2}\$'),
                    (SELECT max(substr(tables.table_password_hash, 5, 2))
                       FROM public.tables
                      WHERE tables.table_password_hash ~ '^\$2[abxy]\$[0-9]{2}\$'),
                    (SELECT max(substr(staff.password_hash, 5, 2))
                       FROM public.staff
                      WHERE staff.password_hash ~ '^\$2[abxy]\$[0-9]{2}\$'),
                    (SELECT max(substr(staff.pin_hash, 5, 2))
                       FROM public.staff
                      WHERE staff.pin_hash ~ '^\$2[abxy]\$[0-9]{2}\$'))::integer;
$$;

CREATE FUNCTION audit_pin() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    holder jsonb := to_jsonb(NEW);
BEGIN
    PERFORM record_audit(
        NEW.store_id, 'pin', (holder ->> 'staff_id')::bigint, NULL,
        jsonb_build_object('username', COALESCE(holder ->> 'username', holder ->> 'admin_username')));
    RETURN NULL;
END;
$$;

CREATE TRIGGER trigger_audit_pin
    AFTER UPDATE ON stores
    FOR EACH ROW WHEN (NEW.pin_hash IS DISTINCT FROM OLD.pin_hash)
    EXECUTE FUNCTION audit_pin();

CREATE TRIGGER trigger_audit_pin
    AFTER UPDATE ON staff
    FOR EACH ROW WHEN (NEW.pin_hash IS DISTINCT FROM OLD.pin_hash)
    EXECUTE FUNCTION audit_pin();

-- `staff_id` and `token_epoch` are the approver's; without a staff_id it is the owner. `subject` is the id of what the
-- action is for.
CREATE TABLE approvals (
    token_hash  bytea PRIMARY KEY,
    store_id    integer NOT NULL REFERENCES stores (store_id) ON DELETE CASCADE,
    action      varchar(20) NOT NULL,
    subject     bigint,
    approved_by varchar(50) NOT NULL,
    staff_id    integer,
    token_epoch integer NOT NULL,
    expires_at  timestamptz NOT NULL,
    CONSTRAINT approvals_action_check
        CHECK (action::text IN ('void', 'refund', 'settle', 'reopen', 'read_books')),
    CONSTRAINT approvals_subject_check CHECK ((action = 'read_books') = (subject IS NULL)),
    CONSTRAINT approvals_staff_id_fkey
        FOREIGN KEY (store_id, staff_id) REFERENCES staff (store_id, staff_id) ON DELETE CASCADE
);

CREATE INDEX idx_approvals_staff_id ON approvals (store_id, staff_id);

CREATE INDEX idx_approvals_age ON approvals (expires_at);

ALTER TABLE approvals OWNER TO tableorder_owner;

ALTER TABLE approvals ENABLE ROW LEVEL SECURITY;

CREATE POLICY own_store ON approvals
    USING (store_id = (SELECT NULLIF(current_setting('app.store_id', true), '')::integer));

GRANT SELECT, INSERT, UPDATE, DELETE ON approvals TO tableorder;

CREATE FUNCTION audit_approval() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM record_audit(
        NEW.store_id, 'approval', NEW.subject, NULL,
        jsonb_build_object('action', NEW.action, 'approved_by', NEW.approved_by));
    RETURN NULL;
END;
$$;

CREATE TRIGGER trigger_audit_approval
    AFTER INSERT ON approvals
    FOR EACH ROW EXECUTE FUNCTION audit_approval();

-- Who approved, null if the approval is unknown, of something else, expired, or its approver's rights have changed.
CREATE FUNCTION find_approval(of_token bytea, of_action text, of_subject bigint) RETURNS text
    LANGUAGE sql STABLE AS $$
    SELECT approvals.approved_by
      FROM approvals
     WHERE approvals.token_hash = of_token
       AND approvals.action = of_action
       AND approvals.subject IS NOT DISTINCT FROM of_subject
       AND approvals.expires_at > now()
       AND CASE WHEN approvals.staff_id IS NULL
                THEN EXISTS (SELECT
                               FROM stores
                              WHERE stores.store_id = approvals.store_id
                                AND stores.token_epoch = approvals.token_epoch
                                AND stores.is_active)
                ELSE EXISTS (SELECT
                               FROM staff
                              WHERE staff.staff_id = approvals.staff_id
                                AND staff.token_epoch = approvals.token_epoch
                                AND staff.is_active) END;
$$;

-- Ends the round trip of one of the staff who reads the books without a good approval, which is null if none was sent.
CREATE FUNCTION refuse_reading_books(approval bytea) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the books are not for this reader'
        USING ERRCODE = 'check_violation',
              CONSTRAINT = CASE WHEN approval IS NULL THEN 'read_books_required' ELSE 'read_books_invalid' END;
END;
$$;

ALTER TABLE order_voids ADD COLUMN approved_by varchar(50);

CREATE OR REPLACE FUNCTION audit_void() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    was  bigint := NEW.voided_order -> 'total_amount';
    gone bigint := (SELECT sum((line -> 'unit_price')::bigint * (line -> 'voided_quantity')::bigint)
                      FROM jsonb_array_elements(NEW.lines) AS line);
BEGIN
    PERFORM record_audit(
        NEW.store_id, 'void', NEW.order_id,
        jsonb_build_object('table_number', NEW.table_number, 'status', NEW.status, 'total_amount', was),
        jsonb_build_object(
            'kind', NEW.kind, 'reason', NEW.reason, 'approved_by', NEW.approved_by,
            'total_amount', CASE NEW.kind WHEN 'order' THEN 0 ELSE was - gone END));
    RETURN NULL;
END;
$$;

CREATE FUNCTION prune_approvals(at_most integer) RETURNS bigint
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    WITH pruned AS (
        DELETE FROM public.approvals
         WHERE token_hash = ANY (ARRAY(SELECT token_hash
                                         FROM public.approvals
                                        WHERE expires_at < now()
                                        ORDER BY expires_at
                                        LIMIT LEAST(at_most, 10000)
                                          FOR UPDATE SKIP LOCKED))
        RETURNING 1
    )
    SELECT count(*) FROM pruned;
$$;

ALTER FUNCTION audit_pin() OWNER TO tableorder_owner;

ALTER FUNCTION audit_approval() OWNER TO tableorder_owner;

ALTER FUNCTION find_approval(bytea, text, bigint) OWNER TO tableorder_owner;

ALTER FUNCTION refuse_reading_books(bytea) OWNER TO tableorder_owner;

ALTER FUNCTION prune_approvals(integer) OWNER TO tableorder_owner;

REVOKE ALL ON FUNCTION prune_approvals(integer) FROM PUBLIC;

GRANT EXECUTE ON FUNCTION prune_approvals(integer) TO tableorder;
