"""Orders as they are sent, listed, moved along and voided."""

from typing import Any

from marshmallow import ValidationError, fields

from tableorder.domain.limits import MAX_INTEGER
from tableorder.domain.orders import MAX_ITEMS, MAX_QUANTITY, PREPARING, STATUSES, WAITING, Line
from tableorder.schemas import values
from tableorder.schemas.base import BodySchema, QuerySchema
from tableorder.schemas.cursors import Cursor
from tableorder.schemas.fields import Integer, OptionalText, QueryInteger, Text


class OrderItem(values.Document):
    order_item_id = values.identifier()
    menu_id = values.identifier()
    menu_name = values.text("as it was when the order was placed")
    quantity = values.number(least=1)
    unit_price = values.won("won, as it was when the order was placed")
    subtotal = values.won()

    example = {
        "order_item_id": 77,
        "menu_id": 1,
        "menu_name": "김치찌개",
        "quantity": 2,
        "unit_price": 9000,
        "subtotal": 18000,
    }


class ArchivedOrder(values.Document):
    order_id = values.identifier()
    total_amount = values.won()
    status = values.one_of(*STATUSES)
    order_time = values.moment()
    items = values.list_of(OrderItem)

    example = {
        "order_id": 31,
        "total_amount": 18000,
        "status": WAITING,
        "order_time": "2026-02-04T13:30:00.123456+09:00",
        "items": [OrderItem.example],
    }


class Order(ArchivedOrder):
    table_id = values.identifier()
    table_number = values.number(least=1)
    session_id = values.session()

    example = ArchivedOrder.example | {"table_id": 3, "table_number": 3, "session_id": values.SESSION_ID}


class SessionOrders(values.Document):
    session_id = values.session()
    table_number = values.number(least=1)
    total_session_amount = values.won("won, of all the session's orders")
    orders = values.list_of(Order)
    next_cursor = values.text("the `cursor` of the next page; null if `limit` did not cut off any", or_null=True)

    example = {
        "session_id": values.SESSION_ID,
        "table_number": 3,
        "total_session_amount": 18000,
        "orders": [Order.example],
        "next_cursor": None,
    }


class TableOrders(values.Document):
    table_id = values.identifier()
    table_number = values.number(least=1)
    session_id = values.session()
    total_amount = values.won("won, of the orders listed")
    order_count = values.number("how many are listed")
    orders = values.list_of(Order)

    example = {
        "table_id": 3,
        "table_number": 3,
        "session_id": values.SESSION_ID,
        "total_amount": 18000,
        "order_count": 1,
        "orders": [Order.example],
    }


class StoreOrders(values.Document):
    store_id = values.identifier()
    tables = values.list_of(TableOrders)

    example = {"store_id": 1, "tables": [TableOrders.example]}


class OrderUpdated(values.Document):
    order_id = values.identifier()
    status = values.one_of(*STATUSES)

    example = {"order_id": 31, "status": PREPARING}


class OrderVoided(values.Document):
    message = values.text()
    order_id = values.identifier()
    table_id = values.identifier()

    example = {"message": "the order is voided", "order_id": 31, "table_id": 3}


class LineSchema(BodySchema):
    answer = OrderItem

    menu_id = Integer(required=True)
    quantity = Integer(required=True, most=MAX_QUANTITY)


def _is_line(value: Any) -> bool:
    """Whether LineSchema would take it: the usual case, in a tenth of the time."""
    return (
        isinstance(value, dict)
        and value.keys() == {"menu_id", "quantity"}
        and type(value["menu_id"]) is type(value["quantity"]) is int
        and 1 <= value["menu_id"] <= MAX_INTEGER
        and 1 <= value["quantity"] <= MAX_QUANTITY
    )


class Items(fields.List[Any]):
    """1 to 50 lines; a longer list is refused before its lines are looked at."""

    json_rules = {"minItems": 1, "maxItems": MAX_ITEMS}

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> list[Any]:
        if isinstance(value, list) and not 1 <= len(value) <= MAX_ITEMS:
            raise ValidationError(f"Must have 1 to {MAX_ITEMS} items.")
        if not isinstance(value, list) or not all(map(_is_line, value)):
            value = super()._deserialize(value, attr, data, **kwargs)  # which says what is wrong
        return [Line(**line) for line in value]


class OrderSchema(BodySchema):
    answer = Order
    examples = {"two of a menu": {"items": [{"menu_id": 1, "quantity": 2}]}}

    items = Items(fields.Nested(LineSchema), required=True)


class StatusSchema(BodySchema):
    answer = Order
    examples = {"being prepared": {"status": PREPARING}}

    status = Text(required=True, most=20, choices=STATUSES)


class SessionOrdersQuery(QuerySchema):
    limit = QueryInteger(most=100, load_default=None)
    cursor = Cursor(load_default=None)


class OrdersQuery(QuerySchema):
    status = Text(most=20, choices=STATUSES, load_default=None)
    table_id = QueryInteger(load_default=None)


class VoidQuery(QuerySchema):
    reason = OptionalText(most=200, load_default=None)
