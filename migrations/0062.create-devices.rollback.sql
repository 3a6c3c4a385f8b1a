DROP FUNCTION prune_enrolments(integer);

DROP FUNCTION enrol_device(bytea, bytea, text, integer);

DROP FUNCTION device_document(devices);

DROP FUNCTION audit_device_of(devices);

DROP TABLE enrolments;

DROP TABLE devices;

DROP FUNCTION audit_device();

DROP FUNCTION audit_enrolment();
