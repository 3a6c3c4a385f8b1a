-- The counter's list changes when guests arrive, so a session that becomes active is now an event of the counter's feed.
-- Each change of the list is thus an event, and the store's latest event is the list's version. Tablets do not need this
-- event. event_position() returns the version, and the position where a feed continues.
-- depends: 0025.count-live-orders

CREATE FUNCTION announce_session_start() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    number integer;
BEGIN
    SELECT table_number INTO number FROM tables WHERE table_id = NEW.table_id;
    IF FOUND THEN
        PERFORM record_event(
            NEW.store_id, NULL, 'session_started',
            json_build_object('table_id', NEW.table_id, 'table_number', number, 'session_id', NEW.session_id));
    END IF;
    RETURN NULL;
END;
$$;

CREATE CONSTRAINT TRIGGER trigger_announce_session_start
    AFTER INSERT ON table_sessions
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (NEW.is_active) EXECUTE FUNCTION announce_session_start();

CREATE CONSTRAINT TRIGGER trigger_announce_session_change
    AFTER UPDATE ON table_sessions
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (NEW.is_active AND (NOT OLD.is_active OR NEW.table_id <> OLD.table_id))
    EXECUTE FUNCTION announce_session_start();

-- The event's time is part of the version, because ids repeat after a recovery to an earlier time. Events up to the
-- horizon do not count, because a later one may have been pruned.
CREATE FUNCTION event_position(of_store integer) RETURNS TABLE (up_to bigint, version text)
    LANGUAGE sql STABLE AS $$
    SELECT GREATEST(event_horizon.pruned_up_to, latest.event_id),
           latest.event_id || ' ' || latest.created_at
      FROM event_horizon
      LEFT JOIN LATERAL (SELECT events.event_id, events.created_at
                           FROM events
                          WHERE events.store_id = of_store AND events.event_id > event_horizon.pruned_up_to
                          ORDER BY events.event_id DESC
                          LIMIT 1) AS latest ON true;
$$;

ALTER FUNCTION announce_session_start() OWNER TO tableorder_owner;

ALTER FUNCTION event_position(integer) OWNER TO tableorder_owner;
