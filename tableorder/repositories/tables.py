"""A store's tables, each with its number, its tablet's password and, while guests are there, its session."""

from tableorder.database.connection import Connection
from tableorder.domain.errors import LimitReached, TableInUse, TableNotFound
from tableorder.domain.limits import DEFAULT_LIMITS, Limits


class TableRepository:
    """The tables of a store; documents come as JSON text."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def list(self, *, store_id: int) -> str:
        """All tables by number."""
        return self._connection.fetch_value(
            """
            SELECT json_build_object(
                       'store_id', %(store_id)s,
                       'tables', COALESCE(json_agg(json_build_object(
                                              'table_id', table_id,
                                              'table_number', table_number,
                                              'current_session_id', current_session_id,
                                              'is_active', current_session_id IS NOT NULL)
                                          ORDER BY table_number), '[]'))::text
              FROM tables
             WHERE store_id = %(store_id)s
            """,
            {"store_id": store_id},
        )

    def add(
        self, *, store_id: int, table_number: int, table_password_hash: str, limits: Limits = DEFAULT_LIMITS
    ) -> str:
        """Add a table and return it. Raises TableNumberTaken, LimitReached.

        Additions to a store wait for each other, so that each counts those before.
        """
        document = self._connection.fetch_value(
            """
            SELECT pg_advisory_xact_lock(7283462, %(store_id)s);

            INSERT INTO tables (store_id, table_number, table_password_hash)
            SELECT %(store_id)s, %(table_number)s, %(table_password_hash)s
             WHERE %(limit)s = 0
                OR (SELECT count(*) FROM tables WHERE store_id = %(store_id)s) < %(limit)s
            RETURNING json_build_object(
                'table_id', table_id,
                'table_number', table_number,
                'store_id', store_id,
                'current_session_id', current_session_id,
                'is_active', current_session_id IS NOT NULL)::text
            """,
            {
                "store_id": store_id,
                "table_number": table_number,
                "table_password_hash": table_password_hash,
                "limit": limits.tables,
            },
        )
        if document is None:
            raise LimitReached(limit=limits.tables, noun="tables")
        return document

    def update(self, *, table_id: int, table_number: int | None = None, table_password_hash: str | None = None) -> str:
        """Change what is given and return the table. Raises TableNotFound, TableNumberTaken.

        A new password revokes the table's tokens.
        """
        document = self._connection.fetch_value(
            """
            UPDATE tables
               SET table_number = COALESCE(%(table_number)s, table_number),
                   table_password_hash = COALESCE(%(table_password_hash)s, table_password_hash),
                   token_epoch = token_epoch + (%(table_password_hash)s IS NOT NULL)::int
             WHERE table_id = %(table_id)s
            RETURNING json_build_object(
                'table_id', table_id,
                'table_number', table_number,
                'store_id', store_id,
                'current_session_id', current_session_id,
                'is_active', current_session_id IS NOT NULL)::text
            """,
            {"table_id": table_id, "table_number": table_number, "table_password_hash": table_password_hash},
        )
        if document is None:
            raise TableNotFound(table_id=table_id)
        return document

    def delete(self, *, table_id: int) -> None:
        """Remove a table; its history stays. Raises TableNotFound, TableInUse while a session is active.

        The condition is on the row itself, so that a login that comes at the same moment is seen after the wait. The
        table's devices go with it; they are locked first, as their logins do.
        """
        deleted = self._connection.fetch_value(
            """
            SELECT FROM devices WHERE table_id = %(table_id)s ORDER BY device_id FOR UPDATE;

            DELETE FROM tables
             WHERE table_id = %(table_id)s AND current_session_id IS NULL
            RETURNING true
            """,
            {"table_id": table_id},
        )
        if not deleted:
            self.require(table_id=table_id)
            raise TableInUse(table_id=table_id)

    def require(self, *, table_id: int) -> None:
        """Raises TableNotFound if the store has no such table."""
        if not self._connection.fetch_value(
            "SELECT true FROM tables WHERE table_id = %(table_id)s", {"table_id": table_id}
        ):
            raise TableNotFound(table_id=table_id)
