"""What a login is checked against: the password's hash, and the failures counted for all processes and hosts."""

from collections.abc import Mapping
from dataclasses import dataclass

from tableorder.database.connection import Connection

FAMILIAR_DAYS = 30  # after its last login, for which a store's address stays known

# Seconds until subject number i may try again: until the oldest of its latest `limit` failures leaves the window.
# No row while none of the subjects has that many failures in the window.
RETRY_AFTER = """
    SELECT max(ceil(extract(epoch FROM failures.failed_at[cardinality(failures.failed_at) - allowed.failures + 1]
                                       + %(window)s * interval '1 second' - now())))::int AS seconds
      FROM unnest(%(subjects)s, %(limits)s) AS allowed (subject, failures)
      JOIN login_failures AS failures ON failures.subject = allowed.subject
     WHERE failures.failed_at[cardinality(failures.failed_at) - allowed.failures + 1]
           > now() - %(window)s * interval '1 second'
"""


@dataclass(frozen=True)
class TableAccount:
    """A table as a login finds it."""

    table_id: int
    table_number: int
    store_id: int
    store_name: str
    password_hash: str


@dataclass(frozen=True)
class AdminAccount:
    """A store's admin as a login finds it."""

    store_id: int
    store_name: str
    username: str
    password_hash: str


class LoginRepository:
    """Accounts, failed logins, and the addresses that a store logs in from. Most of it works before a store is known.

    `limits` maps a subject (an account, a client address) to the failures it may have in `window` seconds.
    """

    def __init__(self, connection: Connection, *, window: int) -> None:
        self._connection = connection
        self._window = window

    def find_table(self, *, store_id: int, table_number: int) -> TableAccount | None:
        """The table with this number, on a connection bound to `store_id`."""
        row = self._connection.find_one(
            """
            SELECT tables.table_id, tables.table_number, stores.store_id, stores.store_name, tables.table_password_hash
              FROM tables
              JOIN stores ON stores.store_id = tables.store_id
             WHERE tables.store_id = %(store_id)s AND tables.table_number = %(table_number)s
            """,
            {"store_id": store_id, "table_number": table_number},
        )
        return TableAccount(*row) if row else None

    def find_admin(self, *, username: str) -> AdminAccount | None:
        """The admin with this username, on any connection."""
        row = self._connection.find_one(
            """
            SELECT store_id, store_name, admin_username, admin_password_hash
              FROM admin_credentials(%(username)s)
            """,
            {"username": username},
        )
        return AdminAccount(*row) if row else None

    def is_familiar(self, *, store_id: int | None, address: str) -> bool:
        """Whether the store has logged in from this address lately, on a connection bound to it; False for no store."""
        return self._connection.fetch_value(
            """
            SELECT EXISTS (SELECT FROM login_addresses
                            WHERE store_id = %(store_id)s
                              AND address = %(address)s
                              AND last_login_at > now() - %(familiar)s * interval '1 day')
            """,
            {"store_id": store_id, "address": address, "familiar": FAMILIAR_DAYS},
        )

    def remember(self, *, store_id: int, address: str) -> None:
        """Note that the store has logged in from this address, once a day, and forget those of long ago.

        Nothing is waited for once the address is locked: no deadlock.
        """
        self._connection.fetch_all(
            """
            INSERT INTO login_addresses AS known (store_id, address)
            VALUES (%(store_id)s, %(address)s)
                ON CONFLICT (store_id, address) DO UPDATE
               SET last_login_at = now()
             WHERE known.last_login_at < now() - interval '1 day';

            WITH past AS (
                SELECT address
                  FROM login_addresses
                 WHERE store_id = %(store_id)s AND last_login_at < now() - %(familiar)s * interval '1 day'
                   FOR UPDATE SKIP LOCKED
            )
            DELETE FROM login_addresses
             USING past
             WHERE login_addresses.store_id = %(store_id)s AND login_addresses.address = past.address
            """,
            {"store_id": store_id, "address": address, "familiar": FAMILIAR_DAYS},
        )

    def retry_after(self, *, limits: Mapping[str, int]) -> int | None:
        """Seconds to wait if any of the subjects has used up its failures, else None."""
        return self._connection.fetch_value(RETRY_AFTER, self._parameters(limits))

    def record_failure(self, *, limits: Mapping[str, int]) -> int | None:
        """Count a failure for every subject; seconds to wait if one had used up its failures before, else None.

        Some failures that are long past are forgotten meanwhile. Rows are locked in the order of their names, and
        past ones only if nobody holds them: no deadlock.
        """
        return self._connection.fetch_value(
            """
            WITH past AS (
                SELECT subject
                  FROM login_failures
                 WHERE last_failed_at < now() - %(window)s * interval '1 second'
                 LIMIT 100
                   FOR UPDATE SKIP LOCKED
            )
            DELETE FROM login_failures USING past WHERE login_failures.subject = past.subject;

            WITH recorded AS (
                INSERT INTO login_failures AS failures (subject, failed_at, last_failed_at)
                SELECT subject, ARRAY[now()], now()
                  FROM unnest(%(subjects)s) AS subject
                 ORDER BY subject
                    ON CONFLICT (subject) DO UPDATE
                   SET failed_at = (failures.failed_at || now())
                                   [greatest(1, cardinality(failures.failed_at) + 2 - %(kept)s):],
                       last_failed_at = now()
                RETURNING subject, failed_at
            )
            SELECT max(ceil(extract(epoch FROM failed_at[cardinality(failed_at) - allowed.failures]
                                               + %(window)s * interval '1 second' - now())))::int
              FROM recorded
              JOIN unnest(%(subjects)s, %(limits)s) AS allowed (subject, failures) USING (subject)
             WHERE failed_at[cardinality(failed_at) - allowed.failures] > now() - %(window)s * interval '1 second'
            """,
            self._parameters(limits) | {"kept": max(limits.values()) + 1},
        )

    def clear(self, *, account: str, limit: int) -> int | None:
        """Forget an account's failures after a success, unless it has used them up by now: then seconds to wait."""
        return self._connection.fetch_value(
            """
            SELECT FROM login_failures WHERE subject = ANY(%(subjects)s) FOR UPDATE;

            WITH throttled AS ("""
            + RETRY_AFTER
            + """), cleared AS (
                DELETE FROM login_failures
                 WHERE subject = ANY(%(subjects)s) AND (SELECT seconds FROM throttled) IS NULL
            )
            SELECT seconds FROM throttled
            """,
            self._parameters({account: limit}),
        )

    def _parameters(self, limits: Mapping[str, int]) -> dict[str, object]:
        return {"subjects": list(limits), "limits": list(limits.values()), "window": self._window}
