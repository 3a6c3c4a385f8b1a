CREATE OR REPLACE FUNCTION record_event(store_id integer, session_id uuid, event_type text, event_data json)
    RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    -- Held to the end of the transaction, which is about to commit: the next one draws a greater id, and later.
    PERFORM pg_advisory_xact_lock(7283461, store_id);
    INSERT INTO events (store_id, session_id, event_type, event_data)
    VALUES (store_id, session_id, event_type, event_data);
    IF event_type NOT IN ('order_created', 'order_updated') THEN
        PERFORM pg_notify('tableorder_events', store_id::text);
    END IF;
END;
$$;
