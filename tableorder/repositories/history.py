"""Ended sessions, as they were; readable after their tables are gone."""

from tableorder.database.connection import Connection
from tableorder.database.statements import load_statements
from tableorder.domain.errors import TableNotFound
from tableorder.domain.pages import Page

_SQL = load_statements(__file__)


class HistoryRepository:
    """A store's archive; documents come as JSON text. Days are of the connection's time zone."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def list_of_store(self, *, store_id: int, table_number: int | None, page: Page) -> str:
        """The store's ended sessions, newest first; of all tables, or of those that had the number at that time."""
        return self._connection.fetch_value(
            _SQL["list_of_store"],
            {"store_id": store_id, "table_number": table_number, **page.parameters()},
        )

    def list_of_table(self, *, store_id: int, table_id: int, page: Page) -> str:
        """One table's ended sessions, newest first, each with the number that the table had at that time.

        Raises TableNotFound if there is no such table and none of its sessions.
        """
        document = self._connection.fetch_value(
            _SQL["list_of_table"],
            {"store_id": store_id, "table_id": table_id, **page.parameters()},
        )
        if document is None:
            raise TableNotFound(table_id=table_id)
        return document
