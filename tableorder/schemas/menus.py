"""Menus as an admin adds, changes and orders them, and as anybody lists them."""

from typing import Any

from marshmallow import ValidationError, fields

from tableorder.schemas.base import BodySchema, ChangeSchema, QuerySchema
from tableorder.schemas.fields import Boolean, ImageDataUrl, Integer, QueryInteger, Text

MAX_MENUS = 1000


class MenuSchema(BodySchema):
    category_id = Integer(required=True)
    menu_name = Text(required=True, most=100)
    price = Integer(required=True)
    description = Text(least=0, most=500, allow_none=True, load_default=None)
    image_base64 = ImageDataUrl(allow_none=True, load_default=None)
    display_order = Integer(least=0)
    is_available = Boolean(load_default=True)


class MenuChangeSchema(ChangeSchema):
    category_id = Integer()
    menu_name = Text(most=100)
    price = Integer()
    description = Text(least=0, most=500, allow_none=True)
    image_base64 = ImageDataUrl(allow_none=True)
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
