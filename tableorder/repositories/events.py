"""The log behind the live feed: what happened in a store, in the order in which it was committed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from tableorder.database.connection import Connection
from tableorder.domain.identities import TableIdentity
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

    def can_resume(self, *, store_id: int, event_id: int) -> bool:
        """Whether every event after `event_id` is still there, and `event_id` is one that can have been given."""
        return self._connection.fetch_value(
            """
            SELECT %(event_id)s BETWEEN (SELECT pruned_up_to FROM event_horizon) AND up_to
              FROM event_position(%(store_id)s)
            """,
            {"store_id": store_id, "event_id": event_id},
        )

    def list_after(self, *, store_id: int, event_id: int, limit: int) -> list[Event]:
        """The next events after `event_id`, at most `limit`."""
        rows = self._connection.fetch_all(
            """
            SELECT event_id, session_id::text, event_type, event_data::text
              FROM events
             WHERE store_id = %(store_id)s AND event_id > %(event_id)s
             ORDER BY event_id
             LIMIT %(limit)s
            """,
            {"store_id": store_id, "event_id": event_id, "limit": limit},
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

    def announce(self, *, store_ids: list[int]) -> None:
        """Notify the feeds of these stores that there may be news in the log."""
        self._connection.fetch_all(
            "SELECT pg_notify('tableorder_events', store_id::text) FROM unnest(%(store_ids)s::integer[]) AS store_id",
            {"store_ids": store_ids},
        )

    def prune(self, *, older_than: timedelta, at_most: int) -> int:
        """Delete up to `at_most` events of all stores that are older; how many were deleted."""
        return self._connection.fetch_value(
            "SELECT prune_events(%(older_than)s, %(at_most)s)", {"older_than": older_than, "at_most": at_most}
        )
