DROP FUNCTION prune_approvals(integer);

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
            'kind', NEW.kind, 'reason', NEW.reason,
            'total_amount', CASE NEW.kind WHEN 'order' THEN 0 ELSE was - gone END));
    RETURN NULL;
END;
$$;

ALTER TABLE order_voids DROP COLUMN approved_by;

DROP FUNCTION refuse_reading_books(bytea);

DROP FUNCTION find_approval(bytea, text, bigint);

DROP TABLE approvals;

DROP FUNCTION audit_approval();

DROP TRIGGER trigger_audit_pin ON staff;

DROP TRIGGER trigger_audit_pin ON stores;

DROP FUNCTION audit_pin();

CREATE OR REPLACE FUNCTION dearest_password_cost() RETURNS integer
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT GREATEST((SELECT max(substr(stores.admin_password_hash, 5, 2))
                       FROM public.stores
                      WHERE stores.admin_password_hash ~ '^\$2[abxy]\$[0-9]{2}\$'),
                    (SELECT max(substr(tables.table_password_hash, 5, 2))
                       FROM public.tables
                      WHERE tables.table_password_hash ~ '^\$2[abxy]\$[0-9]{2}\$'),
                    (SELECT max(substr(staff.password_hash, 5, 2))
                       FROM public.staff
                      WHERE staff.password_hash ~ '^\$2[abxy]\$[0-9]{2}\$'))::integer;
$$;

REVOKE UPDATE (pin_hash) ON stores FROM tableorder;

ALTER TABLE staff DROP COLUMN pin_hash;

ALTER TABLE stores DROP COLUMN pin_hash;
