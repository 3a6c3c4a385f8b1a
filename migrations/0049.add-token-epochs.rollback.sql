DROP FUNCTION owner_credentials(text);

DROP TRIGGER trigger_announce_revocation ON tables;

DROP TRIGGER trigger_announce_revocation ON stores;

DROP FUNCTION announce_revocation();

DROP FUNCTION refuse_revoked_token();

REVOKE UPDATE (token_epoch) ON stores FROM tableorder;

ALTER TABLE tables DROP COLUMN token_epoch;

ALTER TABLE stores DROP COLUMN is_active, DROP COLUMN token_epoch;
