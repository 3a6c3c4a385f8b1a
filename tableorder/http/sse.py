"""How events are written: server-sent events.

https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream
"""

from __future__ import annotations

import json
import random
import re
from dataclasses import dataclass

from tableorder.domain.identities import Grant
from tableorder.http.money import without_money

REVOCATION = "tokens_revoked"  # the type of an event for us alone; its data are `kind`, `holder_id` and `up_to`

_DATA = re.compile(rb"^data: (.*)$", re.MULTILINE)

HEARTBEAT = b": \n\n"


@dataclass(frozen=True, slots=True)
class Frame:
    """An event, written once for all streams that it goes to.

    One that revokes tokens is for no stream, and ends some: those on what is `revoked`, up to that epoch.
    """

    event_id: int
    event_type: str
    session_id: str | None
    text: bytes
    revoked: Grant | None = None

    def revokes(self, grant: Grant) -> bool:
        """Whether a token that rests on this grant is good no longer."""
        revoked = self.revoked
        return revoked is not None and grant[:2] == revoked[:2] and grant.epoch <= revoked.epoch


def frame(event_id: int, event_type: str, session_id: str | None, data: str) -> Frame:
    """An event of the log; `data` is JSON text."""
    if event_type == REVOCATION:
        told = json.loads(data)
        return Frame(event_id, event_type, None, b"", Grant(told["kind"], told["holder_id"], told["up_to"]))
    return Frame(event_id, event_type, session_id, _write(event_type, data, event_id))


def retry() -> bytes:
    """How long a client is to wait before it reconnects: not all alike, so that not all come back at once."""
    return b"retry: %d\n\n" % random.randint(1000, 3000)  # noqa: S311


def initial(document: str, position: int) -> bytes:
    """The document that a stream begins with, and the id of the latest event that is in it."""
    return _write("initial", document, position)


def goodbye(reason: str) -> bytes:
    """The last event of a stream that we end. It has no id: who comes back does so with the last one that had."""
    return _write("goodbye", f'{{"reason": "{reason}"}}')


def hide_money(text: bytes) -> bytes:
    """Events without the amounts of money in their data."""
    return _DATA.sub(lambda line: f"data: {without_money(line[1])}".encode(), text)


def parse_event_id(text: str) -> int | None:
    """The id that a client saw last; None if it is not one of ours."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def _write(event_type: str, data: str, event_id: int | None = None) -> bytes:
    """`data` is JSON, in which a line break stands between values only and may be left out."""
    head = "" if event_id is None else f"id: {event_id}\n"
    return f"{head}event: {event_type}\ndata: {data.replace(chr(10), '')}\n\n".encode()
