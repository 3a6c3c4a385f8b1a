"""The restaurants of an installation. Only its operator sees more than one, on a connection of the schema's owner."""

from typing import Any

from tableorder.database.connection import Connection
from tableorder.domain.errors import StoreNotFound


class StoreRepository:
    """All stores, for the management command."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def list(self) -> list[dict[str, Any]]:
        """Every store: store_id, store_name, admin_username, is_active, created_at, table_count."""
        columns = ("store_id", "store_name", "admin_username", "is_active", "created_at", "table_count")
        rows = self._connection.fetch_all(
            """
            SELECT stores.store_id, stores.store_name, stores.admin_username, stores.is_active, stores.created_at,
                   (SELECT count(*) FROM tables WHERE tables.store_id = stores.store_id)
              FROM stores
             ORDER BY stores.store_id
            """
        )
        return [dict(zip(columns, row, strict=True)) for row in rows]

    def add(self, *, store_name: str, admin_username: str, admin_password_hash: str) -> int:
        """Add a store; its id. Raises UsernameTaken."""
        return self._connection.fetch_value(
            """
            INSERT INTO stores (store_name, admin_username, admin_password_hash)
            VALUES (%(store_name)s, %(admin_username)s, %(admin_password_hash)s)
            RETURNING store_id
            """,
            {
                "store_name": store_name,
                "admin_username": admin_username,
                "admin_password_hash": admin_password_hash,
            },
        )

    def find_id(self, *, admin_username: str) -> int | None:
        """The id of the store with this admin."""
        return self._connection.fetch_value(
            "SELECT store_id FROM stores WHERE admin_username = %(admin_username)s",
            {"admin_username": admin_username},
        )

    def set_password(self, *, admin_username: str, admin_password_hash: str) -> None:
        """Change an admin's password, which revokes the admin's tokens. Raises StoreNotFound."""
        changed = self._connection.fetch_value(
            """
            UPDATE stores
               SET admin_password_hash = %(admin_password_hash)s,
                   token_epoch = token_epoch + 1
             WHERE admin_username = %(admin_username)s
            RETURNING true
            """,
            {"admin_username": admin_username, "admin_password_hash": admin_password_hash},
        )
        if not changed:
            raise StoreNotFound(username=admin_username)

    def set_active(self, *, admin_username: str, is_active: bool) -> None:
        """Enable or disable a store. Raises StoreNotFound.

        Disabling revokes all tokens of the store. Nobody is added meanwhile: their tokens would stay good.
        """
        changed = self._connection.fetch_value(
            """
            SELECT
              FROM devices
              JOIN stores ON stores.store_id = devices.store_id AND stores.admin_username = %(admin_username)s
             ORDER BY devices.device_id
               FOR NO KEY UPDATE OF devices;

            SELECT
              FROM tables
              JOIN stores ON stores.store_id = tables.store_id AND stores.admin_username = %(admin_username)s
             ORDER BY tables.table_id
               FOR NO KEY UPDATE OF tables;

            SELECT FROM stores WHERE admin_username = %(admin_username)s FOR UPDATE;

            WITH changed AS (
                UPDATE stores
                   SET is_active = %(is_active)s,
                       token_epoch = token_epoch + (NOT %(is_active)s)::int
                 WHERE admin_username = %(admin_username)s
                RETURNING store_id, is_active
            ), people AS (
                UPDATE staff
                   SET token_epoch = staff.token_epoch + 1
                  FROM changed
                 WHERE staff.store_id = changed.store_id AND NOT changed.is_active
            ), tablets AS (
                UPDATE tables
                   SET token_epoch = tables.token_epoch + 1
                  FROM changed
                 WHERE tables.store_id = changed.store_id AND NOT changed.is_active
            ), enrolled AS (
                UPDATE devices
                   SET token_epoch = devices.token_epoch + 1
                  FROM changed
                 WHERE devices.store_id = changed.store_id AND NOT changed.is_active
            )
            SELECT store_id FROM changed
            """,
            {"admin_username": admin_username, "is_active": is_active},
        )
        if not changed:
            raise StoreNotFound(username=admin_username)

    def count_live_orders(self) -> dict[str, int]:
        """How many orders of active sessions all stores have together, by status; without those that none has."""
        return dict(self._connection.fetch_all("SELECT status, orders FROM count_live_orders()"))
