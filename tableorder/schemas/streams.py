"""The live feeds: tickets and events."""

from marshmallow import Schema, fields

from tableorder.schemas import values
from tableorder.schemas.calls import Call
from tableorder.schemas.orders import Order, OrderItem, OrderUpdated, SessionOrders, StoreOrders


class Ticket(values.Document):
    ticket = values.text("opens one stream, once")
    expires_in = values.number("seconds")

    example = {"ticket": "1.Zq0cVbq3m6bJ2f7Yw8tT1x9rN4uKd5sLhG0pAeQiR3o", "expires_in": 30}


class OrderUpdatedEvent(OrderUpdated):
    """`total_amount` and `items` are there if part of the order was voided."""

    table_id = values.identifier()
    total_amount = fields.Integer(metadata={"description": "if it has changed"})
    items = fields.List(fields.Nested(OrderItem), metadata={"description": "if they have changed"})


class OrderDeletedEvent(values.Document):
    order_id = values.big_identifier()
    table_id = values.identifier()


class SessionEvent(values.Document):
    table_id = values.identifier()
    table_number = values.number(least=1)
    session_id = values.session()


class MenuChangedEvent(values.Document):
    version = fields.UUID(
        required=True, metadata={"description": "the menu's; the same as before if a daypart has begun or ended"}
    )


class TableChangedEvent(values.Document):
    table_id = values.identifier()
    table_number = values.number(least=1)


class StockChangedEvent(values.Document):
    """Little is left, or nothing, or something again."""

    stock_id = values.identifier()
    menu_id = values.identifier_or_null()
    option_id = values.identifier_or_null()
    remaining = values.count_or_null("null if it is no longer counted")


class GoodbyeEvent(values.Document):
    reason = values.one_of("shutdown", "token_expired", "token_revoked", "session_ended")


# What an event's `data` is, by the event's type.
TABLE_EVENTS: dict[str, type[Schema]] = {
    "initial": SessionOrders,
    "order_created": Order,
    "order_updated": OrderUpdatedEvent,
    "order_deleted": OrderDeletedEvent,
    "call_created": Call,
    "call_updated": Call,
    "call_closed": Call,
    "session_ended": SessionEvent,
    "menu_changed": MenuChangedEvent,
    "goodbye": GoodbyeEvent,
}
ADMIN_EVENTS = TABLE_EVENTS | {
    "initial": StoreOrders,
    "session_started": SessionEvent,
    "stock_changed": StockChangedEvent,
    "table_changed": TableChangedEvent,
}
