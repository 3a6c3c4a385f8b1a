"""Ended sessions, as they were; readable after their tables are gone."""

from datetime import date

from tableorder.database.connection import Connection
from tableorder.domain.errors import NotFound


class HistoryRepository:
    """A store's archive; documents come as JSON text."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def list(self, *, table_id: int, start: date | None, end: date | None, limit: int, offset: int) -> str:
        """One table's ended sessions, newest first, from the start of day `start` to the end of day `end`.

        Days are of the connection's time zone. Raises NotFound if there is no such table and never was.
        """
        row = self._connection.fetch_one(
            """
            WITH found AS (
                SELECT history_id, session_id, completed_time, archived_order_data
                  FROM order_history
                 WHERE table_id = %(table_id)s
                   AND (%(start)s::date IS NULL OR completed_time >= %(start)s::date::timestamptz)
                   AND (%(end)s::date IS NULL OR completed_time < (%(end)s::date + 1)::timestamptz)
            ), page AS (
                SELECT history_id, session_id, completed_time, archived_order_data
                  FROM found
                 ORDER BY completed_time DESC, history_id DESC
                 LIMIT %(limit)s OFFSET %(offset)s
            ), numbered AS (
                SELECT COALESCE((SELECT table_number FROM tables WHERE table_id = %(table_id)s),
                                (SELECT table_number
                                   FROM order_history
                                  WHERE table_id = %(table_id)s
                                  ORDER BY completed_time DESC, history_id DESC
                                  LIMIT 1)) AS table_number
            )
            SELECT numbered.table_number,
                   json_build_object(
                       'table_id', %(table_id)s,
                       'table_number', numbered.table_number,
                       'total_count', (SELECT count(*) FROM found),
                       'history', COALESCE((
                           SELECT json_agg(json_build_object(
                                      'history_id', history_id,
                                      'session_id', session_id,
                                      'completed_time', completed_time,
                                      'archived_order_data', archived_order_data)
                                  ORDER BY completed_time DESC, history_id DESC)
                             FROM page), '[]'))::text
              FROM numbered
            """,
            {"table_id": table_id, "start": start, "end": end, "limit": limit, "offset": offset},
        )
        table_number, document = row
        if table_number is None:
            raise NotFound(f"there is no table {table_id}", code="table_not_found")
        return document
