"""Connections of a request to the rows of its store."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tableorder.database.connection import Check, Connection, Database
from tableorder.transactions.notifier import Notifier
from tableorder.transactions.replica import Replica, ReplicaConnection


class StoreAccess:
    """The primary, the standby if there is one, and the notifier of the live feed.

    With a check, each round trip to the primary begins with that.
    """

    def __init__(self, primary: Database, standby: Database | None) -> None:
        self._primary = primary
        self._notifier = Notifier(primary)
        self._replica = Replica(primary, standby)

    @contextmanager
    def writing(self, store_id: int, check: Check | None = None) -> Iterator[Connection]:
        """A connection to change the store with. The live feed is notified if the block ends well. Raises Unavailable.

        Whether the block has changed anything does not matter: the feed looks for events and may find none.
        """
        with self._primary.connect(store_id, check) as connection:
            yield connection
        self._notifier.notify(store_id)

    @contextmanager
    def reading(self, store_id: int, check: Check | None = None) -> Iterator[Connection]:
        """A connection that may read from the standby, and sees all that the store has committed. Raises Unavailable.

        Finding out whether the standby is up to date takes two more round trips: use it for long reads.
        """
        yield ReplicaConnection(self._replica, store_id, check)
