"""The check that a token was not revoked, which comes before each statement of its bearer in the same round trip."""

from tableorder.database.connection import Check, Connection
from tableorder.database.statements import Statement
from tableorder.domain.identities import Grant

# By the kind of the grant. A new kind adds its statement here, and StoreRepository.set_active revokes it.
CHECKS = {
    "owner": Statement(
        "check_owner",
        """
        SELECT refuse_revoked_token()
         WHERE NOT EXISTS (SELECT
                             FROM stores
                            WHERE store_id = %(token_holder)s::int
                              AND token_epoch = %(token_epoch)s::int
                              AND is_active)
        """,
    ),
    "staff": Statement(
        "check_staff",
        """
        SELECT refuse_revoked_token()
         WHERE NOT EXISTS (SELECT
                             FROM staff
                            WHERE staff_id = %(token_holder)s::int
                              AND token_epoch = %(token_epoch)s::int
                              AND is_active)
        """,
    ),
    "table": Statement(
        "check_table",
        """
        SELECT refuse_revoked_token()
         WHERE NOT EXISTS (SELECT
                             FROM tables
                            WHERE table_id = %(token_holder)s::int AND token_epoch = %(token_epoch)s::int)
        """,
    ),
    "device": Statement(
        "check_device",
        """
        SELECT refuse_revoked_token()
         WHERE NOT EXISTS (SELECT
                             FROM devices
                            WHERE device_id = %(token_holder)s::int AND token_epoch = %(token_epoch)s::int)
        """,
    ),
}


def check_of(grant: Grant) -> Check:
    """What a connection checks for the bearer of a token. It raises TokenRevoked."""
    return Check(CHECKS[grant.kind], {"token_holder": grant.holder_id, "token_epoch": grant.epoch})


def run_check(connection: Connection) -> None:
    """The check of a connection, and nothing else. Raises TokenRevoked."""
    connection.fetch_all("SELECT")
