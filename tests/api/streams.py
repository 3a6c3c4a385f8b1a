"""A reader of the live feed: it takes events from a real connection, in a thread of its own."""

from __future__ import annotations

import http.client
import json
import threading
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

from tests.api.client import Client, expect
from tests.waiting import until

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
        self._connection = http.client.HTTPConnection(urlsplit(base).netloc, timeout=60)
        self._connection.request("GET", f"{path}?{urlencode(query or {})}", headers=headers)
        self.response = self._connection.getresponse()
        self.status = self.response.status
        if self.status == 200:
            self._thread = threading.Thread(target=self._read, daemon=True)
            self._thread.start()
        else:
            self.problem = json.loads(self.response.read())
            self._connection.close()

    def wait_for(self, count: int, seconds: float = 15) -> list[Event]:
        """All events so far, once there are so many."""
        until(lambda: len(self.events) >= count or self.is_over, seconds)
        assert len(self.events) >= count, self.events
        return self.events

    def wait_until_over(self, seconds: float = 15) -> list[Event]:
        """All events of a stream that the server ends."""
        until(lambda: self.is_over, seconds)
        return self.events

    @property
    def last_event_id(self) -> int:
        return max(event.id for event in self.events if event.id is not None)

    def close(self) -> None:
        """Hang up."""
        if self._connection.sock is None:  # the response has taken it over
            self.response.fp.raw._sock.shutdown(2)  # type: ignore[union-attr]
        else:
            self._connection.sock.shutdown(2)
        self._thread.join(10)

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


def take_ticket(who: Client, path: str = ADMIN_STREAM) -> str:
    """A ticket for the stream at `path`."""
    answer = expect(201, who.post(path.removeprefix("/api/v1") + "/ticket"))
    assert answer["expires_in"] == 30
    return answer["ticket"]
