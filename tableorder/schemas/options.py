"""Option groups and their options as an admin adds and changes them, and as guests get them with the menu."""

from typing import Any

from marshmallow import ValidationError, fields, validates_schema

from tableorder.domain.orders import MAX_OPTIONS
from tableorder.schemas import values
from tableorder.schemas.base import BodySchema, changes_of
from tableorder.schemas.fields import Allergens, Boolean, Integer, Text, Translations

MAX_PRICE_DELTA = 1_000_000_000  # won, up or down


class GuestOption(values.Displayed):
    option_id = values.identifier()
    option_name = values.text()
    price_delta = values.price_delta()
    is_available = values.switch("false: sold out, cannot be chosen")
    is_default = values.switch("chosen if the line says nothing about its options")
    allergens = values.allergens()
    display_order = values.number()

    example = {
        "option_id": 4,
        "option_name": "아주 매운맛",
        "price_delta": 500,
        "is_available": True,
        "is_default": False,
        "allergens": None,
        "display_order": 4,
    }


class Option(GuestOption):
    group_id = values.identifier()
    translations = values.translations()
    orderable = values.switch("what guests get as is_available: switched on, and something is left")
    remaining = values.count_or_null("what is left, null if it is not counted")

    example = GuestOption.example | {
        "group_id": 2,
        "translations": {"en": {"name": "Very hot"}},
        "orderable": True,
        "remaining": None,
    }


class GuestOptionGroup(values.Displayed):
    group_id = values.identifier()
    group_name = values.text()
    min_select = values.number("so many options at least, counted with their quantities")
    max_select = values.number("so many at most", least=1)
    max_each = values.number("so many of one option at most", least=1)
    display_order = values.number()
    options = values.list_of(GuestOption)

    example = {
        "group_id": 2,
        "group_name": "맵기",
        "min_select": 1,
        "max_select": 1,
        "max_each": 1,
        "display_order": 1,
        "options": [GuestOption.example],
    }


class OptionGroup(GuestOptionGroup):
    translations = values.translations()
    options = values.list_of(Option)

    example = GuestOptionGroup.example | {"translations": {"en": {"name": "Spiciness"}}, "options": [Option.example]}


class OptionGroups(values.Document):
    store_id = values.identifier()
    option_groups = values.list_of(OptionGroup)

    example = {"store_id": 1, "option_groups": [OptionGroup.example]}


class OptionGroupDeleted(values.Document):
    message = values.text()
    group_id = values.identifier()

    example = {"message": "the option group is deleted", "group_id": 2}


class OptionDeleted(values.Document):
    message = values.text()
    option_id = values.identifier()

    example = {"message": "the option is deleted", "option_id": 4}


class OptionGroupSchema(BodySchema):
    answer = OptionGroup
    examples = {"spice": {"group_name": "맵기", "min_select": 1, "max_select": 1}}

    group_name = Text(required=True, most=50)
    translations = Translations(most=50, load_default=dict)
    min_select = Integer(least=0, most=MAX_OPTIONS, load_default=0)
    max_select = Integer(most=MAX_OPTIONS, load_default=1)
    max_each = Integer(most=MAX_OPTIONS, load_default=1)
    display_order = Integer(least=0, load_default=None)

    @validates_schema
    def require_order(self, data: dict[str, Any], **kwargs: Any) -> None:
        """min_select <= max_select, max_each <= max_select. A change is checked by the database, which has the rest."""
        for name in ("min_select", "max_each"):
            if data[name] > data["max_select"]:
                raise ValidationError("Must not be more than max_select.", name)


OptionGroupChangeSchema = changes_of(OptionGroupSchema, examples={"up to three": {"max_select": 3}})


class OptionSchema(BodySchema):
    answer = Option
    examples = {"very hot": {"option_name": "아주 매운맛", "price_delta": 500}}

    option_name = Text(required=True, most=50)
    translations = Translations(most=50, load_default=dict)
    price_delta = Integer(least=-MAX_PRICE_DELTA, most=MAX_PRICE_DELTA, load_default=0)
    is_available = Boolean(load_default=True)
    is_default = Boolean(load_default=False)
    allergens = Allergens(load_default=None)
    display_order = Integer(least=0, load_default=None)


OptionChangeSchema = changes_of(OptionSchema, examples={"dearer": {"price_delta": 1000}})


class GroupIds(fields.List[Any]):
    """Ids, each once; none takes all groups from the menu."""

    json_rules = {"uniqueItems": True}

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> list[Any]:
        group_ids = super()._deserialize(value, attr, data, **kwargs)
        if len(set(group_ids)) != len(group_ids):
            raise ValidationError("Must name each group once.")
        return group_ids


class MenuOptionGroups(values.Document):
    menu_id = values.identifier()
    group_ids = GroupIds(Integer(), required=True)

    example = {"menu_id": 1, "group_ids": [2, 1]}


class MenuOptionGroupsSchema(BodySchema):
    answer = MenuOptionGroups
    examples = {"two groups": {"group_ids": [2, 1]}}

    group_ids = GroupIds(Integer(), required=True)
