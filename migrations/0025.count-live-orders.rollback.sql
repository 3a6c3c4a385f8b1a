DROP FUNCTION count_live_orders();
