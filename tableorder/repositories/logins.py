"""The password hashes that logins are checked against, and the failures counted for all processes and hosts."""

from dataclasses import dataclass

from tableorder.database.connection import Connection, Row
from tableorder.database.statements import load_statements
from tableorder.domain.identities import Grant, Role
from tableorder.domain.logins import LoginLimits

_SQL = load_statements(__file__)

TABLE, ADMIN, STAFF, UNKNOWN = "table", "admin", "staff", "unknown"
ADMIN_PIN, STAFF_PIN = "admin_pin", "staff_pin"

FAMILIAR_ADDRESSES = 20  # of an account, those of its latest logins
EVERYWHERE = ""  # the address of the row that all addresses share from which nobody has logged in lately


@dataclass(frozen=True)
class TableAccount:
    """A table as a login finds it."""

    table_id: int
    table_number: int
    store_id: int
    store_name: str
    password_hash: str
    epoch: int


@dataclass(frozen=True)
class AdminAccount:
    """A store's owner, or one of its staff, as a login finds them. Of an approver the hash is the PIN's."""

    store_id: int
    store_name: str
    username: str
    password_hash: str
    epoch: int
    role: Role = "owner"
    staff_id: int | None = None


@dataclass(frozen=True)
class Standing:
    """The prospects of a login, by the failures that were counted before it. Waits are in seconds, None for none.

    `barred`: before a password is looked at; `entry`: before the right one is taken. `dearest_cost` is the greatest
    cost of all stored hashes, None if there are none.
    """

    kind: str
    account_id: int
    address: str
    is_known: bool
    barred: int | None
    entry: int | None
    dearest_cost: int | None


@dataclass(frozen=True)
class Renewal:
    """A hash of a new cost, and the one that it replaces."""

    old: str
    new: str


class LoginRepository:
    """Accounts, failed logins, and the addresses that are familiar to an account.

    An account is counted by its id, and by `unknown_id` if it does not exist; see login_standing() for the rules.
    """

    def __init__(self, connection: Connection, *, limits: LoginLimits) -> None:
        self._connection = connection
        self._limits = limits

    def find_table(
        self, *, store_id: int, table_number: int, unknown_id: int, address: str
    ) -> tuple[TableAccount | None, Standing]:
        """The table with this number, on a connection bound to `store_id`, and what its login may expect."""
        row = self._connection.fetch_one(
            """
            WITH found AS (
                SELECT tables.table_id, tables.table_number, stores.store_id, stores.store_name,
                       tables.table_password_hash, tables.token_epoch
                  FROM tables
                  JOIN stores ON stores.store_id = tables.store_id AND stores.is_active
                 WHERE tables.store_id = %(store_id)s AND tables.table_number = %(table_number)s
            )
            SELECT standing.is_known, standing.barred, standing.entry, dearest_password_cost(),
                   found.table_id, found.table_number, found.store_id, found.store_name, found.table_password_hash,
                   found.token_epoch
              FROM (VALUES (true)) AS asked (at_all)
              LEFT JOIN found ON true
             CROSS JOIN LATERAL login_standing(
                       CASE WHEN found.table_id IS NULL THEN 'unknown' ELSE 'table' END,
                       COALESCE(found.table_id, %(unknown_id)s),
                       %(address)s, %(window)s, %(account_limit)s, %(familiar_limit)s, %(address_limit)s) AS standing
            """,
            {
                "store_id": store_id,
                "table_number": table_number,
                "unknown_id": unknown_id,
                "address": address,
                **self._parameters(),
            },
        )
        account = TableAccount(*row[4:]) if row[4] is not None else None
        kind, account_id = (TABLE, account.table_id) if account else (UNKNOWN, unknown_id)
        return account, _standing(kind, account_id, address, row)

    def find_admin(self, *, username: str, unknown_id: int, address: str) -> tuple[AdminAccount | None, Standing]:
        """The admin with this username, on any connection, and what its login may expect."""
        row = self._connection.fetch_one(
            """
            SELECT standing.is_known, standing.barred, standing.entry, dearest_password_cost(),
                   found.store_id, found.store_name, found.admin_username, found.admin_password_hash, found.token_epoch
              FROM (VALUES (true)) AS asked (at_all)
              LEFT JOIN owner_credentials(%(username)s) AS found ON true
             CROSS JOIN LATERAL login_standing(
                       CASE WHEN found.store_id IS NULL THEN 'unknown' ELSE 'admin' END,
                       COALESCE(found.store_id, %(unknown_id)s),
                       %(address)s, %(window)s, %(account_limit)s, %(familiar_limit)s, %(address_limit)s) AS standing
            """,
            {"username": username, "unknown_id": unknown_id, "address": address, **self._parameters()},
        )
        account = AdminAccount(*row[4:]) if row[4] is not None else None
        kind, account_id = (ADMIN, account.store_id) if account else (UNKNOWN, unknown_id)
        return account, _standing(kind, account_id, address, row)

    def find_person(
        self, *, store_id: int, username: str, unknown_id: int, address: str
    ) -> tuple[AdminAccount | None, Standing]:
        """The owner or the member of staff with this username, on a connection bound to `store_id`."""
        return self._find_in_store("find_person", (ADMIN, STAFF), store_id, username, unknown_id, address)

    def find_approver(
        self, *, store_id: int, username: str, unknown_id: int, address: str
    ) -> tuple[AdminAccount | None, Standing]:
        """The owner or the manager with this username, if they have a PIN, on a connection bound to `store_id`."""
        return self._find_in_store("find_approver", (ADMIN_PIN, STAFF_PIN), store_id, username, unknown_id, address)

    def _find_in_store(
        self, statement: str, kinds: tuple[str, str], store_id: int, username: str, unknown_id: int, address: str
    ) -> tuple[AdminAccount | None, Standing]:
        """What the statement finds. `kinds`: how an owner's failures are counted, and those of the staff."""
        asked = {"store_id": store_id, "username": username, "unknown_id": unknown_id, "address": address}
        row = self._connection.fetch_one(_SQL[statement], asked | self._parameters())
        account = AdminAccount(*row[4:]) if row[4] is not None else None
        of_owner, of_staff = kinds
        if account is None:
            return None, _standing(UNKNOWN, unknown_id, address, row)
        if account.staff_id is None:
            return account, _standing(of_owner, account.store_id, address, row)
        return account, _standing(of_staff, account.staff_id, address, row)

    def record_failure(self, standing: Standing) -> int | None:
        """Count a failure of the account and of the address; seconds to wait if they were used up before, else None.

        Each failure locks the account's first row, so that failures at the same time are counted one by one.
        """
        return self._connection.fetch_value(
            """
            INSERT INTO failed_logins AS counted (kind, account_id, address, failed_at, last_failed_at)
            SELECT subjects.kind, subjects.account_id, subjects.address, '{}', now()
              FROM (VALUES ('address', 0, %(address)s), (%(kind)s, %(account_id)s, ''))
                   AS subjects (kind, account_id, address)
             ORDER BY subjects.kind
                ON CONFLICT (kind, account_id, address) DO UPDATE
               SET last_failed_at = now();

            INSERT INTO failed_logins AS counted (kind, account_id, address, failed_at, last_failed_at)
            SELECT subjects.kind, subjects.account_id, subjects.address, ARRAY[now()], now()
              FROM (VALUES ('address', 0, %(address)s), (%(kind)s, %(account_id)s, %(own_address)s))
                   AS subjects (kind, account_id, address)
             ORDER BY subjects.kind
                ON CONFLICT (kind, account_id, address) DO UPDATE
               SET failed_at = (counted.failed_at || now())
                               [greatest(1, cardinality(counted.failed_at) + 2 - %(kept)s):],
                   last_failed_at = now();

            SELECT GREATEST(standing.barred, standing.wrong)
              FROM login_standing(%(kind)s, %(account_id)s, %(address)s, %(window)s, %(account_limit)s + 1,
                                  %(familiar_limit)s + 1, %(address_limit)s + 1) AS standing
            """,
            {
                **self._subject(standing),
                **self._parameters(),
                "kept": self._limits.account_failures + self._limits.address_failures,
            },
        )

    def record_success(self, standing: Standing, renewal: Renewal | None) -> int | None:
        """Let the right password in, unless the failures have been used up by now: then seconds to wait, else None.

        It clears what was counted for this address; from an unfamiliar one also what all others share. The address is
        familiar to the account from then on, and the hash is renewed if nobody has changed it. A count that has begun
        since its first statement, and that another login holds, is left: to wait for it could be a deadlock.
        """
        return self._connection.fetch_value(
            _SQL["record_success"],
            {
                **self._subject(standing),
                **self._parameters(),
                "familiar_addresses": FAMILIAR_ADDRESSES,
                "old_hash": renewal.old if renewal else None,
                "new_hash": renewal.new if renewal else None,
            },
        )

    def set_password(self, *, grant: Grant, new_hash: str) -> int | None:
        """Change the password of an owner or a member of staff; the new epoch, None if the grant was revoked.

        The tokens given out before are revoked.
        """
        statement = {
            "owner": """
                UPDATE stores
                   SET admin_password_hash = %(new_hash)s, token_epoch = token_epoch + 1
                 WHERE store_id = %(holder_id)s AND token_epoch = %(epoch)s
                RETURNING token_epoch
                """,
            "staff": """
                UPDATE staff
                   SET password_hash = %(new_hash)s, token_epoch = token_epoch + 1
                 WHERE staff_id = %(holder_id)s AND token_epoch = %(epoch)s
                RETURNING token_epoch
                """,
        }[grant.kind]
        parameters = {"holder_id": grant.holder_id, "epoch": grant.epoch, "new_hash": new_hash}
        return self._connection.fetch_value(statement, parameters)

    def set_pin(self, *, grant: Grant, pin_hash: str) -> bool:
        """Set the PIN of an owner or a member of staff; False if the grant was revoked."""
        statement = {
            "owner": """
                UPDATE stores
                   SET pin_hash = %(pin_hash)s
                 WHERE store_id = %(holder_id)s AND token_epoch = %(epoch)s
                RETURNING true
                """,
            "staff": """
                UPDATE staff
                   SET pin_hash = %(pin_hash)s
                 WHERE staff_id = %(holder_id)s AND token_epoch = %(epoch)s
                RETURNING true
                """,
        }[grant.kind]
        parameters = {"holder_id": grant.holder_id, "epoch": grant.epoch, "pin_hash": pin_hash}
        return bool(self._connection.fetch_value(statement, parameters))

    def revoke(self, *, grant: Grant) -> None:
        """Revoke all the tokens of an owner or a member of staff."""
        statement = {
            "owner": "UPDATE stores SET token_epoch = token_epoch + 1 WHERE store_id = %(holder_id)s",
            "staff": "UPDATE staff SET token_epoch = token_epoch + 1 WHERE staff_id = %(holder_id)s",
        }[grant.kind]
        self._connection.fetch_all(statement, {"holder_id": grant.holder_id})

    def _subject(self, standing: Standing) -> dict[str, object]:
        return {
            "kind": standing.kind,
            "account_id": standing.account_id,
            "address": standing.address,
            "own_address": standing.address if standing.is_known else EVERYWHERE,
        }

    def _parameters(self) -> dict[str, object]:
        return {
            "window": self._limits.window,
            "account_limit": self._limits.account_failures,
            "familiar_limit": self._limits.familiar_failures,
            "address_limit": self._limits.address_failures,
        }


def _standing(kind: str, account_id: int, address: str, row: Row) -> Standing:
    is_known, barred, entry, dearest_cost = row[:4]
    return Standing(kind, account_id, address, is_known, barred, entry, dearest_cost)
