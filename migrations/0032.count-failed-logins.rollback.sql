REVOKE UPDATE (admin_password_hash) ON stores FROM tableorder;

DROP FUNCTION login_standing(text, bigint, text, integer, integer, integer, integer);

DROP TABLE familiar_addresses;

DROP TABLE failed_logins;
