DROP TRIGGER trigger_clear_table_current_session ON table_sessions;
DROP TRIGGER trigger_update_table_current_session ON table_sessions;
DROP FUNCTION clear_table_current_session();
DROP FUNCTION update_table_current_session();
