"""The check that a token was not revoked, which comes before each statement of its bearer in the same round trip."""

from tableorder.database.connection import Check, Connection
from tableorder.database.statements import Statement
from tableorder.domain.approvals import hash_approval
from tableorder.domain.identities import Grant

# By the kind of the grant. A new kind adds its statement here, and StoreRepository.set_active revokes it. Those of
# people say for the rest of the transaction who acts, and from where: the audit log has it from there.
CHECKS = {
    "owner": Statement(
        "check_owner",
        """
        SELECT set_config('app.actor', 'owner ' || %(token_holder)s::int, true),
               set_config('app.address', %(token_address)s, true),
               CASE WHEN NOT EXISTS (SELECT
                                       FROM stores
                                      WHERE store_id = %(token_holder)s::int
                                        AND token_epoch = %(token_epoch)s::int
                                        AND is_active)
                    THEN refuse_revoked_token() END
        """,
    ),
    "staff": Statement(
        "check_staff",
        """
        SELECT set_config('app.actor', 'staff ' || %(token_holder)s::int, true),
               set_config('app.address', %(token_address)s, true),
               CASE WHEN NOT EXISTS (SELECT
                                       FROM staff
                                      WHERE staff_id = %(token_holder)s::int
                                        AND token_epoch = %(token_epoch)s::int
                                        AND is_active)
                    THEN refuse_revoked_token() END
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

READING_BOOKS = Statement(
    "check_reading_books",
    f"""
    {CHECKS["staff"].sql};
    SELECT refuse_reading_books(%(approval)s::bytea)
     WHERE find_approval(%(approval)s::bytea, 'read_books', NULL) IS NULL
    """,
)


def check_of(grant: Grant, address: str = "") -> Check:
    """What a connection checks for the bearer of a token, who sends from the address. It raises TokenRevoked."""
    parameters: dict[str, object] = {"token_holder": grant.holder_id, "token_epoch": grant.epoch}
    if grant.kind in ("owner", "staff"):
        parameters["token_address"] = address
    return Check(CHECKS[grant.kind], parameters)


def check_reading_books(grant: Grant, address: str, approval: str | None) -> Check:
    """The same for one of the staff who reads the books. It raises ApprovalRequired and ApprovalInvalid, too."""
    parameters = check_of(grant, address).parameters
    return Check(READING_BOOKS, {**parameters, "approval": None if approval is None else hash_approval(approval)})


def run_check(connection: Connection) -> None:
    """The check of a connection, and nothing else. Raises TokenRevoked."""
    connection.fetch_all("SELECT")
