DROP FUNCTION prune_enrolments(integer);

DROP FUNCTION enrol_device(bytea, bytea, text, integer);

DROP FUNCTION device_document(devices);

DROP TABLE enrolments;

DROP TABLE devices;
