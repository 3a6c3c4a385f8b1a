"""Orders as they are sent, listed, moved along and voided."""

from typing import Any

from marshmallow import ValidationError, fields

from tableorder.domain.limits import MAX_INTEGER
from tableorder.domain.orders import MAX_ITEMS, MAX_QUANTITY, STATUSES, Line
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


class ArchivedOrder(values.Document):
    order_id = values.identifier()
    total_amount = values.won()
    status = values.one_of(*STATUSES)
    order_time = values.moment()
    items = values.list_of(OrderItem)


class Order(ArchivedOrder):
    table_id = values.identifier()
    table_number = values.number(least=1)
    session_id = values.session()


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

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> list[Any]:
        if isinstance(value, list) and not 1 <= len(value) <= MAX_ITEMS:
            raise ValidationError(f"Must have 1 to {MAX_ITEMS} items.")
        if not isinstance(value, list) or not all(map(_is_line, value)):
            value = super()._deserialize(value, attr, data, **kwargs)  # which says what is wrong
        return [Line(**line) for line in value]


class OrderSchema(BodySchema):
    answer = Order

    items = Items(fields.Nested(LineSchema), required=True)


class StatusSchema(BodySchema):
    answer = Order

    status = Text(required=True, most=20, choices=STATUSES)


class SessionOrdersQuery(QuerySchema):
    limit = QueryInteger(most=100, load_default=None)
    cursor = Cursor(load_default=None)


class OrdersQuery(QuerySchema):
    status = Text(most=20, choices=STATUSES, load_default=None)
    table_id = QueryInteger(load_default=None)


class VoidQuery(QuerySchema):
    reason = OptionalText(most=200, load_default=None)
