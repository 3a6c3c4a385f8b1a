"""Option groups and their options as an admin adds and changes them, and as guests get them with the menu."""

from typing import Any

from marshmallow import ValidationError, fields, validates_schema

from tableorder.domain.orders import MAX_OPTIONS
from tableorder.schemas import values
from tableorder.schemas.base import BodySchema, ChangeSchema
from tableorder.schemas.fields import Boolean, Integer, Text

MAX_PRICE_DELTA = 1_000_000_000  # won, up or down
MAX_GROUPS = 30  # of a menu


class GuestOption(values.Document):
    option_id = values.identifier()
    option_name = values.text()
    price_delta = fields.Integer(required=True, metadata={"description": "won, may be negative"})
    is_available = values.switch("false: sold out, cannot be chosen")
    is_default = values.switch("chosen if the line says nothing about its options")
    display_order = values.number()


class Option(GuestOption):
    group_id = values.identifier()
    orderable = values.switch("what guests get as is_available: switched on, and something is left")
    remaining = values.count_or_null("what is left, null if it is not counted")


class GuestOptionGroup(values.Document):
    group_id = values.identifier()
    group_name = values.text()
    min_select = values.number("so many options at least, counted with their quantities")
    max_select = values.number("so many at most", least=1)
    max_each = values.number("so many of one option at most", least=1)
    display_order = values.number()
    options = values.list_of(GuestOption)


class OptionGroup(GuestOptionGroup):
    options = values.list_of(Option)


class OptionGroups(values.Document):
    store_id = values.identifier()
    option_groups = values.list_of(OptionGroup)


class OptionGroupDeleted(values.Document):
    message = values.text()
    group_id = values.identifier()


class OptionDeleted(values.Document):
    message = values.text()
    option_id = values.identifier()


class OptionGroupSchema(BodySchema):
    answer = OptionGroup

    group_name = Text(required=True, most=50)
    min_select = Integer(least=0, most=MAX_OPTIONS, load_default=0)
    max_select = Integer(most=MAX_OPTIONS, load_default=1)
    max_each = Integer(most=MAX_OPTIONS, load_default=1)
    display_order = Integer(least=0)

    @validates_schema
    def require_order(self, data: dict[str, Any], **kwargs: Any) -> None:
        """min_select <= max_select, max_each <= max_select. A change is checked by the database, which has the rest."""
        if data["min_select"] > data["max_select"]:
            raise ValidationError("Must not be more than max_select.", "min_select")
        if data["max_each"] > data["max_select"]:
            raise ValidationError("Must not be more than max_select.", "max_each")


class OptionGroupChangeSchema(ChangeSchema):
    answer = OptionGroup

    group_name = Text(most=50)
    min_select = Integer(least=0, most=MAX_OPTIONS)
    max_select = Integer(most=MAX_OPTIONS)
    max_each = Integer(most=MAX_OPTIONS)
    display_order = Integer(least=0)


class OptionSchema(BodySchema):
    answer = Option

    option_name = Text(required=True, most=50)
    price_delta = Integer(least=-MAX_PRICE_DELTA, most=MAX_PRICE_DELTA, load_default=0)
    is_available = Boolean(load_default=True)
    is_default = Boolean(load_default=False)
    display_order = Integer(least=0)


class OptionChangeSchema(ChangeSchema):
    answer = Option

    option_name = Text(most=50)
    price_delta = Integer(least=-MAX_PRICE_DELTA, most=MAX_PRICE_DELTA)
    is_available = Boolean()
    is_default = Boolean()
    display_order = Integer(least=0)


class GroupIds(fields.List[Any]):
    """Up to 30 ids, each once; none takes all groups from the menu."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> list[Any]:
        if isinstance(value, list) and len(value) > MAX_GROUPS:
            raise ValidationError(f"Must have {MAX_GROUPS} ids at most.")
        group_ids = super()._deserialize(value, attr, data, **kwargs)
        if len(set(group_ids)) != len(group_ids):
            raise ValidationError("Must name each group once.")
        return group_ids


class MenuOptionGroups(values.Document):
    menu_id = values.identifier()
    group_ids = GroupIds(Integer(), required=True)


class MenuOptionGroupsSchema(BodySchema):
    answer = MenuOptionGroups

    group_ids = GroupIds(Integer(), required=True)
