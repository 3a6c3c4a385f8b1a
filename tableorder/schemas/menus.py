"""Menus as an admin adds, changes and orders them, and as anybody lists them."""

from typing import Any

from marshmallow import ValidationError, fields

from tableorder.schemas import values
from tableorder.schemas.base import BodySchema, ChangeSchema, QuerySchema
from tableorder.schemas.fields import Boolean, ImageDataUrl, Integer, OptionalText, QueryInteger, Text
from tableorder.schemas.options import GuestOptionGroup, OptionGroup

MAX_MENUS = 1000


class GuestMenu(values.Document):
    menu_id = values.identifier()
    menu_name = values.text()
    price = values.won()
    description = values.text(or_null=True)
    image_base64 = values.text("a data URL", or_null=True)
    display_order = values.number()
    is_available = values.switch("false: sold out, cannot be ordered")
    option_groups = values.list_of(GuestOptionGroup)


class Menu(GuestMenu):
    is_available = values.switch("the switch; guests see `orderable`")
    orderable = values.switch("switched on, something is left, and its option groups can be satisfied")
    remaining = values.count_or_null("what is left, null if it is not counted")
    option_groups = values.list_of(OptionGroup)
    category_id = values.identifier()
    category_name = values.text()
    created_at = values.moment()
    updated_at = values.moment()


class MenuSchema(BodySchema):
    answer = Menu
    takes_pictures = True

    category_id = Integer(required=True)
    menu_name = Text(required=True, most=100)
    price = Integer(required=True)
    description = OptionalText(most=500, may_break=True, load_default=None)
    image_base64 = ImageDataUrl(load_default=None)
    display_order = Integer(least=0)
    is_available = Boolean(load_default=True)


class MenuChangeSchema(ChangeSchema):
    answer = Menu
    takes_pictures = True

    category_id = Integer()
    menu_name = Text(most=100)
    price = Integer()
    description = OptionalText(most=500, may_break=True)
    image_base64 = ImageDataUrl()
    display_order = Integer(least=0)
    is_available = Boolean()


class MenuIds(fields.List[Any]):
    """1 to 1,000 ids, each once."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> list[Any]:
        if isinstance(value, list) and not 1 <= len(value) <= MAX_MENUS:
            raise ValidationError(f"Must have 1 to {MAX_MENUS} ids.")
        menu_ids = super()._deserialize(value, attr, data, **kwargs)
        if len(set(menu_ids)) != len(menu_ids):
            raise ValidationError("Must name each menu once.")
        return menu_ids


class MenuOrderSchema(BodySchema):
    menu_ids = MenuIds(Integer(), required=True)


class MenusQuery(QuerySchema):
    category_id = QueryInteger(load_default=None)
