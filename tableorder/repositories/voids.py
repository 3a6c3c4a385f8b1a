"""Orders that an admin deleted: off the lists, on the books."""

from tableorder.database.connection import Connection
from tableorder.database.statements import load_statements
from tableorder.domain.pages import Page

_SQL = load_statements(__file__)


class VoidRepository:
    """A store's voids; documents come as JSON text. They are written by OrderRepository.void."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def list(self, *, store_id: int, page: Page) -> str:
        """The voids, newest first: who, when, why, and the order with every line.

        Days are of the connection's time zone.
        """
        return self._connection.fetch_value(
            _SQL["list_voids"],
            {"store_id": store_id, **page.parameters()},
        )
