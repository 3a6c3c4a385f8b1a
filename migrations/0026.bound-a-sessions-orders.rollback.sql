DROP FUNCTION session_load(uuid, integer, text, integer, boolean);
