"""A reader of the live feed: it takes events from a real connection, in a thread of its own."""

from __future__ import annotations

import http.client
import json
import threading
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import requests

from tests.api.client import Client, expect
from tests.connections import connect
from tests.waiting import PATIENCE, until

ADMIN_STREAM = "/api/v1/admin/orders/sse"
TABLE_STREAM = "/api/v1/customer/orders/sse"


@dataclass(frozen=True)
class Event:
    """One event, as a client sees it."""

    id: int | None
    type: str
    data: Any


class Reader:
    """One stream, read as https://html.spec.whatwg.org/multipage/server-sent-events.html tells a client to."""

    def __init__(
        self,
        base: str,
        path: str,
        *,
        token: str | None = None,
        last_event_id: object = None,
        query: dict[str, object] | None = None,
    ) -> None:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        if last_event_id is not None:
            headers["Last-Event-ID"] = str(last_event_id)
        self.events: list[Event] = []
        self.comments = 0
        self.retry: int | None = None
        self.is_over = False
        self._connection = connect(base, timeout=60)
        self._connection.request("GET", f"{path}?{urlencode(query or {})}", headers=headers)
        self.response = self._connection.getresponse()
        self.status = self.response.status
        if self.status == 200:
            self._thread = threading.Thread(target=self._read, daemon=True)
            self._thread.start()
        else:
            self.problem = json.loads(self.response.read())
            self._connection.close()

    def wait_for(self, count: int, seconds: float = PATIENCE) -> list[Event]:
        """All events so far, once there are so many."""
        until(lambda: len(self.events) >= count or self.is_over, seconds)
        assert len(self.events) >= count, self.events
        return self.events

    def wait_until_over(self, seconds: float = PATIENCE) -> list[Event]:
        """All events of a stream that the server ends."""
        until(lambda: self.is_over, seconds)
        return self.events

    @property
    def last_event_id(self) -> int:
        return max(event.id for event in self.events if event.id is not None)

    def close(self) -> None:
        """Hang up, unless the stream has ended."""
        if self._connection.sock:
            self._connection.sock.shutdown(2)
        elif taken_over := self.response.fp:
            taken_over.raw._sock.shutdown(2)
        self._thread.join(60)

    def _read(self) -> None:
        event: dict[str, str] = {}
        try:
            while line := self.response.readline().decode():
                name, _, value = line.rstrip("\n").partition(": ")
                if line == "\n":
                    if "data" in event:
                        identity = int(event["id"]) if "id" in event else None
                        self.events.append(Event(identity, event["event"], json.loads(event["data"])))
                    event = {}
                elif line.startswith(":"):
                    self.comments += 1
                elif name == "retry":
                    self.retry = int(value)
                else:
                    assert name in ("id", "event", "data") and name not in event, line
                    event[name] = value
        except (OSError, http.client.HTTPException, ValueError):
            pass  # cut off in the middle
        finally:
            self.is_over = True
            self.response.close()
            self._connection.close()


class Follower:
    """A client that comes back whenever it is cut off, and keeps every event that it was given, in order."""

    def __init__(self, base: str, token: str) -> None:
        self._base = base
        self._token = token
        self.received: list[Event] = []
        self.connects = 0
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    @property
    def ids(self) -> list[int]:
        return [event.id for event in self.received if event.type not in ("initial", "goodbye")]

    def stop_after(self, count: int) -> None:
        """Stop once so many events have come."""
        until(lambda: len(self.ids) >= count)
        self._stopped.set()
        self._thread.join(60)

    def _run(self) -> None:
        position = None
        while not self._stopped.is_set():
            try:
                reader = Reader(self._base, ADMIN_STREAM, token=self._token, last_event_id=position)
            except (OSError, requests.ConnectionError):
                self._stopped.wait(0.05)
                continue
            if reader.status != 200:
                assert reader.status == 503, reader.problem
                self._stopped.wait(0.05)
                continue
            self.connects += 1
            taken = 0
            while not (reader.is_over and taken == len(reader.events)):
                for event in reader.events[taken:]:
                    taken += 1
                    self.received.append(event)
                    position = event.id if event.id is not None else position
                if self._stopped.wait(0.01):
                    reader.close()
                    return


def take_ticket(who: Client, path: str = ADMIN_STREAM) -> str:
    """A ticket for the stream at `path`."""
    answer = expect(201, who.post(path.removeprefix("/api/v1") + "/ticket"))
    assert answer["expires_in"] == 30
    return answer["ticket"]
