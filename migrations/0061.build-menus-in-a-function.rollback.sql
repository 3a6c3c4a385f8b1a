DROP FUNCTION catalog_document(integer, uuid, timestamptz, integer, boolean, text[], boolean);
