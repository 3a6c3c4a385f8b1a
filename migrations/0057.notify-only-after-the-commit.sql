-- No transaction notifies any more. An order of a counted dish has the event stock_changed, so its commit waited for all
-- other commits with a notification, of any store. The application notifies after the commit, and the feed finds in the
-- log what nobody notified of, such as a change through psql.
-- https://www.postgresql.org/docs/current/sql-notify.html
-- depends: 0056.index-calls-by-table

CREATE OR REPLACE FUNCTION record_event(store_id integer, session_id uuid, event_type text, event_data json)
    RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    -- Held to the end of the transaction, which is about to commit: the next one draws a greater id, and later.
    PERFORM pg_advisory_xact_lock(7283461, store_id);
    INSERT INTO events (store_id, session_id, event_type, event_data)
    VALUES (store_id, session_id, event_type, event_data);
END;
$$;
