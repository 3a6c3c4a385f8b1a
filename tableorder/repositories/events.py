"""The log behind the live feed: what happened in a store, in the order in which it was committed."""

from __future__ import annotations

from dataclasses import dataclass

from tableorder.database.connection import Connection
from tableorder.domain.identities import TableIdentity
from tableorder.domain.limits import MAX_INTEGER
from tableorder.repositories.orders import OrderRepository


@dataclass(frozen=True)
class Event:
    """One thing that happened; `data` is JSON text."""

    event_id: int
    session_id: str | None
    event_type: str
    data: str


@dataclass(frozen=True)
class Snapshot:
    """A document as JSON text, and the id of the latest event that is in it."""

    position: int
    document: str


class EventRepository:
    """A store's events. Ids grow in commit order, so that those after an id are all that a reader has missed."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def position(self, *, store_id: int) -> int:
        """The id of the latest event; of a store without one, the id up to which all events were pruned."""
        return self._connection.fetch_value("SELECT up_to FROM event_position(%(store_id)s)", {"store_id": store_id})

    def can_resume(self, *, store_id: int, event_id: int, limit: int = 0) -> bool:
        """Whether every event after `event_id` is still there, and `event_id` is one that can have been given.

        Not if they are more than `limit`, where that is not 0.
        """
        return self._connection.fetch_value(
            """
            SELECT %(event_id)s BETWEEN (SELECT pruned_up_to FROM event_horizon) AND up_to
                   AND (%(limit)s = 0 OR (SELECT count(*)
                                            FROM (SELECT
                                                    FROM events
                                                   WHERE store_id = %(store_id)s AND event_id > %(event_id)s
                                                   LIMIT %(limit)s + 1) AS missed) <= %(limit)s)
              FROM event_position(%(store_id)s)
            """,
            {"store_id": store_id, "event_id": event_id, "limit": limit},
        )

    def is_session_active(self, *, table: TableIdentity) -> bool:
        """Whether the session of this table's token is still open."""
        return self._connection.fetch_value(
            """
            SELECT EXISTS (SELECT FROM table_sessions
                            WHERE session_id = %(session_id)s AND table_id = %(table_id)s AND is_active)
            """,
            {"session_id": table.session_id, "table_id": table.table_id},
        )

    def list_after(self, *, store_id: int, event_id: int, limit: int, stored_bytes: int = MAX_INTEGER) -> list[Event]:
        """The next events after `event_id`: at most `limit`, and of so many bytes as stored, but at least one.

        As stored, which is compressed: to know how long they are otherwise they would have to be read.
        """
        rows = self._connection.fetch_all(
            """
            SELECT event_id, session_id::text, event_type, event_data::text
              FROM (
                 SELECT event_id, session_id, event_type, event_data,
                        sum(pg_column_size(event_data)) OVER (ORDER BY event_id) - pg_column_size(event_data) AS before
                   FROM (
                      SELECT event_id, session_id, event_type, event_data
                        FROM events
                       WHERE store_id = %(store_id)s AND event_id > %(event_id)s
                       ORDER BY event_id
                       LIMIT %(limit)s
                   ) AS next
              ) AS measured
             WHERE before < %(stored_bytes)s
             ORDER BY event_id
            """,
            {"store_id": store_id, "event_id": event_id, "limit": limit, "stored_bytes": stored_bytes},
        )
        return [Event(*row) for row in rows]

    def snapshot_of_store(self, *, store_id: int) -> Snapshot:
        """The counter's view (OrderRepository.list_by_table), read together with its position."""
        listing = OrderRepository(self._connection).list_by_table(store_id=store_id)
        return Snapshot(listing.position, listing.document or "")

    def snapshot_of_session(self, *, table: TableIdentity) -> Snapshot:
        """The tablet's view (OrderRepository.list_of_session), read together with its position.

        Raises SessionEnded.
        """
        listing = OrderRepository(self._connection).list_of_session(
            table=table, limit=None, before=None, with_position=True
        )
        return Snapshot(listing.position or 0, listing.document)

    def latest(self, *, store_ids: list[int]) -> dict[int, int]:
        """By store, the id of its latest event, on any connection; stores without events are left out."""
        return dict(
            self._connection.fetch_all(
                "SELECT store_id, event_id FROM latest_events(%(store_ids)s::integer[])", {"store_ids": store_ids}
            )
        )

    def notify(self, *, store_ids: list[int]) -> None:
        """Notify the feeds of these stores that there may be news in the log."""
        self._connection.fetch_all(
            "SELECT pg_notify('tableorder_events', store_id::text) FROM unnest(%(store_ids)s::integer[]) AS store_id",
            {"store_ids": store_ids},
        )
