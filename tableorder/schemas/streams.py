"""The live feeds: tickets and events."""

from marshmallow import Schema, fields

from tableorder.schemas import values
from tableorder.schemas.orders import Order, OrderUpdated, SessionOrders, StoreOrders


class Ticket(values.Document):
    ticket = values.text("opens one stream, once")
    expires_in = values.number("seconds")

    example = {"ticket": "1.Zq0cVbq3m6bJ2f7Yw8tT1x9rN4uKd5sLhG0pAeQiR3o", "expires_in": 30}


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
