"""Orders as they are sent, listed, moved along and voided."""

from typing import Any

from marshmallow import ValidationError, fields, post_load

from tableorder.domain.limits import MAX_BIG_INTEGER
from tableorder.domain.orders import MAX_ITEM_NOTE, MAX_ITEMS, MAX_NOTE, MAX_OPTIONS, MAX_QUANTITY, STATUSES
from tableorder.schemas import values
from tableorder.schemas.base import BodySchema, QuerySchema
from tableorder.schemas.cursors import Cursor
from tableorder.schemas.fields import Boolean, Integer, OptionalText, QueryBoolean, QueryInteger, Text

MAX_REASON = 200  # characters


class ChosenOption(values.Document):
    option_id = values.identifier()
    group_name = values.text("this and the rest as it was when the order was placed")
    option_name = values.text()
    price_delta = fields.Integer(required=True, metadata={"description": "won, may be negative"})
    quantity = values.number(least=1)


class OrderItem(values.Document):
    order_item_id = values.big_identifier()
    menu_id = values.identifier()
    menu_name = values.text("as it was when the order was placed")
    category_name = values.text("as it was when the order was placed", or_null=True)
    quantity = values.number(least=1)
    base_price = values.won("won, the menu's price when the order was placed")
    options = values.list_of(ChosenOption)
    unit_price = values.won("won, the base price and the options' together")
    subtotal = values.won()
    note = values.text(or_null=True)


class ArchivedOrder(values.Document):
    order_id = values.big_identifier()
    total_amount = values.won()
    status = values.one_of(*STATUSES)
    order_time = values.moment()
    note = values.text(or_null=True)
    menu_version = fields.UUID(required=True, allow_none=True, metadata={"description": "the menu's at that moment"})
    items = values.list_of(OrderItem)


class Order(ArchivedOrder):
    table_id = values.identifier()
    table_number = values.number(least=1)
    session_id = values.session()


class OptionChoiceSchema(BodySchema):
    answer = ChosenOption

    option_id = Integer(required=True)
    quantity = Integer(most=MAX_OPTIONS, load_default=1)


class OptionChoices(fields.List[Any]):
    """Up to 30 options, each once. null is as if it were absent: the defaults."""

    def __init__(self) -> None:
        super().__init__(fields.Nested(OptionChoiceSchema), allow_none=True)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> list[Any]:
        if isinstance(value, list) and len(value) > MAX_OPTIONS:
            raise ValidationError(f"Must have {MAX_OPTIONS} options at most.")
        choices: list[Any] = super()._deserialize(value, attr, data, **kwargs) or []
        if len({choice["option_id"] for choice in choices}) != len(choices):
            raise ValidationError("Must name each option once.")
        return choices


class ItemSchema(BodySchema):
    answer = OrderItem

    menu_id = Integer(required=True)
    quantity = Integer(required=True, most=MAX_QUANTITY)
    options = OptionChoices()
    note = OptionalText(most=MAX_ITEM_NOTE)
    expected_unit_price = Integer(allow_none=True)

    @post_load
    def drop_absent(self, data: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
        return without_absent(data)


class Items(fields.List[Any]):
    """1 to 50 lines; a longer list is refused before its lines are looked at."""

    def __init__(self) -> None:
        super().__init__(fields.Nested(ItemSchema), required=True)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> list[Any]:
        if isinstance(value, list) and not 1 <= len(value) <= MAX_ITEMS:
            raise ValidationError(f"Must have 1 to {MAX_ITEMS} items.")
        return super()._deserialize(value, attr, data, **kwargs)


class OrderSchema(BodySchema):
    """`expected_total` and a line's `expected_unit_price` are compared with what the order costs, and never used."""

    answer = Order

    items = Items()
    note = OptionalText(most=MAX_NOTE)
    expected_total = Integer(allow_none=True)
    menu_version = OptionalText(most=100)

    @post_load
    def drop_absent(self, data: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
        return without_absent(data)


def without_absent(data: dict[str, Any]) -> dict[str, Any]:
    """The fields that say something: null is as if the field were absent."""
    return {name: value for name, value in data.items() if value is not None}


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
    reason = OptionalText(most=MAX_REASON, load_default=None)
    restock = QueryBoolean(load_default=False)


class KeptLineSchema(BodySchema):
    order_item_id = Integer(required=True, most=MAX_BIG_INTEGER)
    keep = Integer(required=True, least=0, most=MAX_QUANTITY)


class KeptLines(fields.List[Any]):
    """1 to 50 lines, each once."""

    def __init__(self) -> None:
        super().__init__(fields.Nested(KeptLineSchema), required=True)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> list[Any]:
        if isinstance(value, list) and not 1 <= len(value) <= MAX_ITEMS:
            raise ValidationError(f"Must have 1 to {MAX_ITEMS} lines.")
        lines: list[Any] = super()._deserialize(value, attr, data, **kwargs) or []
        if len({line["order_item_id"] for line in lines}) != len(lines):
            raise ValidationError("Must name each line once.")
        return lines


class VoidLinesSchema(BodySchema):
    answer = Order

    lines = KeptLines()
    reason = OptionalText(most=MAX_REASON, load_default=None)
    restock = Boolean(load_default=False)
