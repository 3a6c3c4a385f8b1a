"""What is left of dishes and options, as an admin counts it."""

from typing import Any

from marshmallow import ValidationError, validates_schema

from tableorder.domain.limits import MAX_INTEGER
from tableorder.schemas import values
from tableorder.schemas.base import BodySchema
from tableorder.schemas.fields import Integer, Text

REASONS = ("added", "waste")


class Stock(values.Document):
    stock_id = values.identifier()
    menu_id = values.identifier_or_null("of menu_id and option_id one is null")
    option_id = values.identifier_or_null()
    remaining = values.count_or_null("null if it is no longer counted")
    low_at = values.count_or_null("at so many the counter's feed has stock_changed")
    epoch = values.number("grows whenever it is counted anew", least=1)

    example = {"stock_id": 3, "menu_id": 4, "option_id": None, "remaining": 30, "low_at": 5, "epoch": 1}


class ListedStock(Stock):
    name = values.text("of the menu or the option")

    example = Stock.example | {"name": "갈비탕"}


class Stocks(values.Document):
    store_id = values.identifier()
    stock = values.list_of(ListedStock)

    example = {"store_id": 1, "stock": [ListedStock.example]}


class StockSchema(BodySchema):
    answer = ListedStock
    examples = {"thirty a day": {"menu_id": 4, "remaining": 30, "low_at": 5}}

    menu_id = Integer(allow_none=True, load_default=None)
    option_id = Integer(allow_none=True, load_default=None)
    remaining = Integer(required=True, least=0, allow_none=True)
    low_at = Integer(least=0, allow_none=True, load_default=None)

    @validates_schema
    def require_one_subject(self, data: dict[str, Any], **kwargs: Any) -> None:
        if (data["menu_id"] is None) == (data["option_id"] is None):
            raise ValidationError("Give menu_id or option_id, one of them.", "menu_id")


class StockChangeSchema(BodySchema):
    answer = ListedStock
    examples = {"two were spilt": {"delta": -2, "reason": "waste"}}

    delta = Integer(required=True, least=-MAX_INTEGER)
    reason = Text(required=True, most=20, choices=REASONS)

    @validates_schema
    def require_sign(self, data: dict[str, Any], **kwargs: Any) -> None:
        if data["delta"] == 0 or (data["delta"] > 0) != (data["reason"] == "added"):
            raise ValidationError("Must be positive for added and negative for waste.", "delta")
