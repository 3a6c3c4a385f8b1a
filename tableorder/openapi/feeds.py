"""Describes the two live feeds, which the stream process serves, as the decorators describe other routes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

from marshmallow import Schema

from tableorder.domain.errors import SessionEnded, TicketInvalid, TooManyStreams
from tableorder.repositories.tickets import LIFETIME
from tableorder.schemas.base import QuerySchema
from tableorder.schemas.fields import OptionalText, Text
from tableorder.schemas.orders import Order
from tableorder.schemas.streams import ADMIN_EVENTS, TABLE_EVENTS
from tableorder.stream.routes import ADMIN_FEED, TABLE_FEED
from tableorder.web.operations import Handler, described_by, may_answer, may_refuse, operation_of, reads_header

HEADING = "Live feeds"

DESCRIPTION = """\
An endless stream of server-sent events; each `data` is one line of JSON. `initial` is first: {initial}. Then comes what
happens, as it is committed. Every event but `goodbye` has an `id`. Come back with the last one in `Last-Event-ID` or
`last_event_id`, and you get what you missed, once and in order, or `initial` again if that is too long ago or too much.
A comment line comes after 30 s of silence. `goodbye` says why the server ends the stream.

| event | its data, of the schemas below |
| --- | --- |
{events}

A browser's EventSource cannot send a token: ask for a ticket, which opens one stream within {lifetime} s, and pass it
as `ticket`."""

EXAMPLE = f"""\
retry: 2000

id: 411
event: order_updated
data: {{"order_id": {Order.example["order_id"]}, "table_id": {Order.example["table_id"]}, "status": "준비중"}}

"""


class StreamQuery(QuerySchema):
    """The query of an EventSource, which cannot send headers."""

    ticket = Text(most=100, metadata={"description": "instead of a token; from `POST …/sse/ticket`"})
    last_event_id = OptionalText(most=19, metadata={"description": "as Last-Event-ID; the header counts first"})


def _feeds(
    caller: Literal["admin", "table"], initial: str, events: Mapping[str, type[Schema]]
) -> Callable[[Handler], Handler]:
    """Say what the feed tells the caller: first what `initial` names, then these events."""
    rows = "\n".join(f"| `{event}` | {schema.__name__} |" for event, schema in events.items())

    def decorate(handler: Handler) -> Handler:
        operation = operation_of(handler)
        operation.caller, operation.query, operation.events = caller, StreamQuery, events
        reads_header("Last-Event-ID")(handler)
        may_refuse(TicketInvalid, TooManyStreams)(handler)
        described_by(DESCRIPTION.format(initial=initial, events=rows, lifetime=LIFETIME))(handler)
        stream = {"type": "string"}
        return may_answer(200, "The stream", stream, example=EXAMPLE, media_type="text/event-stream")(handler)

    return decorate


@_feeds("admin", "as `GET /admin/orders`", ADMIN_EVENTS)
def follow_store() -> None:
    """Follow the store."""


@_feeds("table", "as `GET /customer/orders`", TABLE_EVENTS)
@may_refuse(SessionEnded)
def follow_session() -> None:
    """Follow the table's session."""


# Which operation is at a path.
PATHS: dict[str, Callable[..., object]] = {ADMIN_FEED: follow_store, TABLE_FEED: follow_session}
