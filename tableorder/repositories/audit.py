"""Who did what to a store. Triggers write it, see migrations/0058.create-audit-log.sql."""

from tableorder.database.connection import Connection
from tableorder.database.statements import load_statements

_SQL = load_statements(__file__)


class AuditRepository:
    """A store's audit log; documents come as JSON text."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def list(self, *, store_id: int, limit: int, cursor: tuple[int, int] | None) -> str:
        """A page of the entries, newest first.

        `cursor` is (at in microseconds since 1970, audit_id) of the last entry of the page before.
        """
        before_time, before_id = cursor or (None, None)
        parameters = {"store_id": store_id, "limit": limit, "before_time": before_time, "before_id": before_id}
        return self._connection.fetch_value(_SQL["list_audit"], parameters)
