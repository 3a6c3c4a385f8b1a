"""The live feeds, which the stream process serves, and the tickets that open one from a browser."""

from marshmallow import Schema, fields

from tableorder.openapi.operations import Answer, Operation
from tableorder.openapi.orders import ORDER, OrderUpdated, SessionOrders, StoreOrders
from tableorder.openapi.schemas import name_of
from tableorder.repositories.tickets import LIFETIME
from tableorder.schemas import values
from tableorder.schemas.base import QuerySchema
from tableorder.schemas.fields import OptionalText, Text
from tableorder.schemas.orders import Order


class Ticket(values.Document):
    ticket = values.text("opens one stream, once")
    expires_in = values.number("seconds")


class OrderUpdatedEvent(OrderUpdated):
    table_id = values.identifier()


class OrderDeletedEvent(values.Document):
    order_id = values.identifier()
    table_id = values.identifier()


class SessionEvent(values.Document):
    table_id = values.identifier()
    table_number = values.number(least=1)
    session_id = values.session()


class MenuChangedEvent(values.Document):
    version = fields.UUID(required=True)


class TableChangedEvent(values.Document):
    table_id = values.identifier()
    table_number = values.number(least=1)


class GoodbyeEvent(values.Document):
    reason = values.one_of("shutdown", "token_expired", "session_ended")


class StreamQuery(QuerySchema):
    """What EventSource, which cannot send headers, puts into the query."""

    ticket = Text(most=100, metadata={"description": "instead of a token; from `POST …/sse/ticket`"})
    last_event_id = OptionalText(most=19, metadata={"description": "as Last-Event-ID; the header counts first"})


# What an event's `data` is, by the event's type.
TABLE_EVENTS: dict[str, type[Schema]] = {
    "initial": SessionOrders,
    "order_created": Order,
    "order_updated": OrderUpdatedEvent,
    "order_deleted": OrderDeletedEvent,
    "session_ended": SessionEvent,
    "menu_changed": MenuChangedEvent,
    "goodbye": GoodbyeEvent,
}
ADMIN_EVENTS = TABLE_EVENTS | {
    "initial": StoreOrders,
    "session_started": SessionEvent,
    "table_changed": TableChangedEvent,
}

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
data: {{"order_id": {ORDER["order_id"]}, "table_id": {ORDER["table_id"]}, "status": "준비중"}}

"""


def _follow(summary: str, initial: str, events: dict[str, type[Schema]], *problems: str) -> Operation:
    rows = "\n".join(f"| `{event}` | {name_of(schema)} |" for event, schema in events.items())
    return Operation(
        summary,
        description=DESCRIPTION.format(initial=initial, events=rows, lifetime=LIFETIME),
        query=StreamQuery,
        headers=("Last-Event-ID",),
        answers={200: Answer("The stream", {"type": "string"}, EXAMPLE, media_type="text/event-stream")},
        problems=("ticket_invalid", "too_many_streams", *problems),
        events=events,
    )


def _add_ticket(summary: str, *problems: str) -> Operation:
    example = {"ticket": "1.Zq0cVbq3m6bJ2f7Yw8tT1x9rN4uKd5sLhG0pAeQiR3o", "expires_in": LIFETIME}
    return Operation(summary, answers={201: Answer("The ticket", Ticket, example)}, problems=problems)


OPERATIONS = {
    "add_admin_ticket": _add_ticket("Get a ticket for the store's live feed"),
    "add_table_ticket": _add_ticket("Get a ticket for the table's live feed", "session_ended"),
}

# By path: they are not in the URL map, since another process serves them.
STREAMS = {
    "/api/v1/admin/orders/sse": _follow("Follow the store", "as `GET /admin/orders`", ADMIN_EVENTS),
    "/api/v1/customer/orders/sse": _follow(
        "Follow the table's session", "as `GET /customer/orders`", TABLE_EVENTS, "session_ended"
    ),
}
