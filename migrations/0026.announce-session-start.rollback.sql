DROP FUNCTION event_position(integer);

DROP TRIGGER trigger_announce_session_change ON table_sessions;

DROP TRIGGER trigger_announce_session_start ON table_sessions;

DROP FUNCTION announce_session_start();
