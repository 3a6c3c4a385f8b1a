DROP FUNCTION call_item_document(call_items);

DROP FUNCTION admin_call_document(calls);

DROP FUNCTION call_document(calls);

DROP TABLE calls;

DROP TABLE call_items;

DROP FUNCTION announce_call();
