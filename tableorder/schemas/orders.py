"""Orders as they are sent, listed, moved along and voided."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any, ClassVar

from marshmallow import ValidationError, fields, post_load

from tableorder.domain.limits import MAX_BIG_INTEGER, MAX_INTEGER
from tableorder.domain.orders import (
    MAX_ITEM_NOTE,
    MAX_ITEMS,
    MAX_NOTE,
    MAX_QUANTITY,
    PREPARING,
    STATUSES,
    WAITING,
)
from tableorder.schemas import values
from tableorder.schemas.base import BodySchema, QuerySchema
from tableorder.schemas.cursors import Cursor
from tableorder.schemas.fields import Boolean, Integer, Language, OptionalText, QueryBoolean, QueryInteger, Text

MAX_REASON = 200  # characters


class ChosenOption(values.Document):
    option_id = values.identifier()
    group_name = values.text("this and the rest as it was when the order was placed")
    option_name = values.text()
    display_name = fields.String(metadata={"description": "as the guests saw it, if the order said its `lang`"})
    price_delta = values.price_delta()
    quantity = values.number(least=1)

    example = {
        "option_id": 4,
        "group_name": "맵기",
        "option_name": "아주 매운맛",
        "display_name": "Very hot",
        "price_delta": 500,
        "quantity": 1,
    }


class OrderItem(values.Document):
    order_item_id = values.big_identifier()
    menu_id = values.identifier()
    menu_name = values.text("as it was when the order was placed")
    display_name = values.text("as the guests saw it; null if the order did not say its `lang`", or_null=True)
    category_name = values.text("as it was when the order was placed", or_null=True)
    quantity = values.number(least=1)
    base_price = values.won("won, the menu's price when the order was placed")
    options = values.list_of(ChosenOption)
    unit_price = values.won("won, the base price and the options' together")
    subtotal = values.won()
    note = values.text(or_null=True)

    example = {
        "order_item_id": 77,
        "menu_id": 1,
        "menu_name": "김치찌개",
        "display_name": "Kimchi stew",
        "category_name": "찌개·탕",
        "quantity": 2,
        "base_price": 8500,
        "options": [ChosenOption.example],
        "unit_price": 9000,
        "subtotal": 18000,
        "note": "파 빼고",
    }


class PlacedOrder(values.Document):
    order_id = values.big_identifier()
    total_amount = values.won()
    status = values.one_of(*STATUSES)
    order_time = values.moment()
    note = values.text(or_null=True)
    menu_version = fields.UUID(
        required=True, allow_none=True, metadata={"description": "the menu's when the order was placed"}
    )
    items = values.list_of(OrderItem)

    example = {
        "order_id": 31,
        "total_amount": 18000,
        "status": WAITING,
        "order_time": "2026-02-04T13:30:00.123456+09:00",
        "note": None,
        "menu_version": "0b0b4b0f-9d1c-4a1f-8a0e-3c525f0c1c1e",
        "items": [OrderItem.example],
    }


class VoidedLine(OrderItem):
    """A line as it was."""

    voided_quantity = values.number("so many of it were voided", least=1)

    example = OrderItem.example | {"voided_quantity": 1}


class ArchivedOrder(PlacedOrder):
    voided_lines = values.list_of(VoidedLine)

    example = PlacedOrder.example | {"voided_lines": []}


class Order(PlacedOrder):
    table_id = values.identifier()
    table_number = values.number(least=1)
    session_id = values.session()

    example = PlacedOrder.example | {"table_id": 3, "table_number": 3, "session_id": values.SESSION_ID}


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
    order_id = values.big_identifier()
    status = values.one_of(*STATUSES)

    example = {"order_id": 31, "status": PREPARING}


class OrderVoided(values.Document):
    message = values.text()
    order_id = values.big_identifier()
    table_id = values.identifier()

    example = {"message": "the order is voided", "order_id": 31, "table_id": 3}


class OptionChoiceSchema(BodySchema):
    answer = ChosenOption

    option_id = Integer(required=True)
    quantity = Integer(most=MAX_QUANTITY, load_default=1)


class OptionChoices(fields.List[Any]):
    """Options, each once. null is as if it were absent: the defaults."""

    def __init__(self) -> None:
        super().__init__(fields.Nested(OptionChoiceSchema), allow_none=True)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> list[Any]:
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
    expected_unit_price = Integer(least=-MAX_INTEGER, allow_none=True)


class Items(fields.List[Any]):
    """1 to 50 lines; a longer list is refused before its lines are looked at.

    Most lines have only a menu and a quantity. Loading these two fields directly takes a fraction of the schema's time.
    If that fails, the schema loads all lines and reports the mistakes.
    """

    _plain: ClassVar[Mapping[str, fields.Field[Any]]] = {
        name: ItemSchema().fields[name] for name in ("menu_id", "quantity")
    }

    json_rules = {"minItems": 1, "maxItems": MAX_ITEMS}

    def __init__(self) -> None:
        super().__init__(fields.Nested(ItemSchema), required=True)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> list[Any]:
        if isinstance(value, list) and not 1 <= len(value) <= MAX_ITEMS:
            raise ValidationError(f"Must have 1 to {MAX_ITEMS} items.")
        if isinstance(value, list) and all(
            isinstance(item, dict) and item.keys() == self._plain.keys() for item in value
        ):
            with suppress(ValidationError):
                return [{name: field.deserialize(item[name]) for name, field in self._plain.items()} for item in value]
        return super()._deserialize(value, attr, data, **kwargs)


class OrderSchema(BodySchema):
    """`expected_total` and a line's `expected_unit_price` are compared with what the order costs, and never used."""

    answer = Order
    examples = {
        "two of a menu": {"items": [{"menu_id": 1, "quantity": 2}]},
        "with an option and a quote": {
            "items": [{"menu_id": 1, "quantity": 1, "options": [{"option_id": 4}], "note": "파 빼고"}],
            "expected_total": 9500,
            "lang": "en",
        },
    }

    items = Items()
    note = OptionalText(most=MAX_NOTE)
    expected_total = Integer(least=-MAX_INTEGER, allow_none=True)
    menu_version = OptionalText(most=100)
    lang = Language(allow_none=True, metadata={"description": "the guests': what they order keeps its name in it"})

    @post_load
    def drop_absent(self, data: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
        return without_absent(data | {"items": [without_absent(item) for item in data["items"]]})


def without_absent(data: dict[str, Any]) -> dict[str, Any]:
    """The fields that say something: null is as if the field were absent."""
    return {name: value for name, value in data.items() if value is not None}


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
    reason = OptionalText(most=MAX_REASON, load_default=None)
    restock = QueryBoolean(load_default=False)


class KeptLineSchema(BodySchema):
    answer = OrderItem

    order_item_id = Integer(required=True, most=MAX_BIG_INTEGER)
    keep = Integer(required=True, least=0)


class KeptLines(fields.List[Any]):
    """1 to 50 lines, each once."""

    json_rules = {"minItems": 1, "maxItems": MAX_ITEMS}

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
    examples = {"one remains": {"lines": [{"order_item_id": 77, "keep": 1}], "reason": "잘못 나감"}}

    lines = KeptLines()
    reason = OptionalText(most=MAX_REASON, load_default=None)
    restock = Boolean(load_default=False)
