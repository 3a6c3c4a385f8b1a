"""A table's sessions: started by its first login, ended by the counter, moved into the history."""

from tableorder.database.connection import Connection
from tableorder.database.statements import load_statements
from tableorder.domain.errors import DatabaseBusy, refusal
from tableorder.domain.requests import fingerprint

_SQL = load_statements(__file__)

# A session can end between our finding it and our reading it, then the next attempt starts a new one.
JOIN_ATTEMPTS = 5


class SessionRepository:
    """The sessions of a store's tables."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def join(self, *, store_id: int, table_id: int) -> str:
        """The table's active session, started now if there is none; simultaneous calls get the same one.

        The unique index on active sessions decides who starts it; the others wait for that one's commit. Raises
        TableNotFound if the table is gone.
        """
        for _ in range(JOIN_ATTEMPTS):
            session_id = self._connection.fetch_value(
                _SQL["join_session"], {"store_id": store_id, "table_id": table_id}
            )
            if session_id is not None:
                return session_id
        raise DatabaseBusy("this table's session keeps ending")

    def end(self, *, store_id: int, table_id: int, session_id: str | None = None, key: str | None = None) -> str:
        """Move the table's active session into the history, orders and all, and return what it came to.

        With `session_id` only that session is ended. A repeat with the same `key` returns the first answer and ends
        nothing. Raises TableNotFound, NoActiveSession, SessionChanged, KeyReused.
        """
        answer, refused = self._connection.fetch_one(
            _SQL["end_session"],
            {
                "store_id": store_id,
                "table_id": table_id,
                "session_id": session_id,
                "key": key,
                "request_hash": fingerprint({"session_id": session_id}),
            },
        )
        if answer is None:
            raise refusal(refused, {"table_id": table_id})
        return answer
