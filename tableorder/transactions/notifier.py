"""Tells the live feed which stores have news, after the commit and without delaying the request."""

from __future__ import annotations

import queue
import threading
import time

from tableorder.database.connection import Database
from tableorder.domain.errors import Unavailable
from tableorder.repositories.events import EventRepository

PAUSE = 0.02  # seconds after a round trip, so that a rush takes fifty a second at most and not one an order


class Notifier:
    """A thread that sends notifications; one round trip sends all that have come since the last one.

    It drops a notification that it cannot send: the feed finds the event in the log within a second. The thread starts
    with the first notification, and again after a fork.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._stores: queue.SimpleQueue[int] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()

    def notify(self, store_id: int) -> None:
        """Let the feed of the store know soon. Never fails."""
        self._stores.put(store_id)
        if self._thread is None or not self._thread.is_alive():
            with self._lock:
                if self._thread is None or not self._thread.is_alive():
                    self._thread = threading.Thread(target=self._run, name="notifier", daemon=True)
                    self._thread.start()

    def _run(self) -> None:
        while True:
            store_ids = {self._stores.get()}
            while not self._stores.empty():
                store_ids.add(self._stores.get())
            try:
                with self._database.connect(None) as connection:
                    EventRepository(connection).notify(store_ids=sorted(store_ids))
            except Unavailable:
                pass
            time.sleep(PAUSE)
