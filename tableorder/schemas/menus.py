"""Menus as an admin adds, changes and orders them, and as anybody lists them."""

from typing import Any

from marshmallow import ValidationError, fields

from tableorder.domain.limits import DEFAULT_LIMITS
from tableorder.schemas import values
from tableorder.schemas.base import BodySchema, QuerySchema, changes_of
from tableorder.schemas.fields import (
    Boolean,
    ImageDataUrl,
    Integer,
    Language,
    OptionalText,
    QueryChoice,
    QueryInteger,
    Text,
    Translations,
)
from tableorder.schemas.options import GuestOptionGroup, OptionGroup

MAX_MENUS = DEFAULT_LIMITS.menus  # that a request puts in order
PICTURE_URL = "/api/v1/pictures/9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08.webp"
MENU_VERSION = "0b0b4b0f-9d1c-4a1f-8a0e-3c525f0c1c1e"


def menu_version() -> fields.UUID:
    """The version of a store's menu, which changes with its content."""
    return fields.UUID(required=True, metadata={"description": "changes with the menu's content"})


class GuestMenu(values.Displayed):
    menu_id = values.identifier()
    menu_name = values.text()
    price = values.won()
    description = values.text(or_null=True)
    image_base64 = values.text("a data URL; null if `pictures=url` was asked for", or_null=True)
    image_url = values.text("where the picture is, for good", or_null=True)
    display_order = values.number()
    is_available = values.switch("false: sold out, cannot be ordered")
    option_groups = values.list_of(GuestOptionGroup)

    example = {
        "menu_id": 1,
        "menu_name": "김치찌개",
        "price": 9000,
        "description": "묵은지와 돼지고기",
        "image_base64": None,
        "image_url": PICTURE_URL,
        "display_order": 1,
        "is_available": True,
        "option_groups": [GuestOptionGroup.example],
    }


class Menu(GuestMenu):
    is_available = values.switch("the switch; guests see `orderable`")
    orderable = values.switch("switched on, something is left, and its option groups can be satisfied")
    remaining = values.count_or_null("what is left, null if it is not counted")
    translations = values.translations()
    option_groups = values.list_of(OptionGroup)
    category_id = values.identifier()
    category_name = values.text()
    created_at = values.moment()
    updated_at = values.moment()

    example = GuestMenu.example | {
        "orderable": True,
        "remaining": None,
        "translations": {"en": {"name": "Kimchi stew", "description": "With pork"}},
        "option_groups": [OptionGroup.example],
        "category_id": 1,
        "category_name": "찌개·탕",
        "created_at": "2026-02-01T10:00:00+09:00",
        "updated_at": "2026-02-01T10:00:00+09:00",
    }


class GuestMenuCategory(values.Displayed):
    category_id = values.identifier()
    category_name = values.text()
    display_order = values.number()
    menus = values.list_of(GuestMenu)

    example = {"category_id": 1, "category_name": "찌개·탕", "display_order": 1, "menus": [GuestMenu.example]}


class GuestMenus(values.Document):
    store_id = values.identifier()
    version = menu_version()
    categories = values.list_of(GuestMenuCategory)

    example = {"store_id": 1, "version": MENU_VERSION, "categories": [GuestMenuCategory.example]}


class MenuCategory(GuestMenuCategory):
    menus = values.list_of(Menu)

    example = GuestMenuCategory.example | {"menus": [Menu.example]}


class Menus(values.Document):
    store_id = values.identifier()
    version = menu_version()
    categories = values.list_of(MenuCategory)

    example = {"store_id": 1, "version": MENU_VERSION, "categories": [MenuCategory.example]}


class MenuDeleted(values.Document):
    message = values.text()
    menu_id = values.identifier()

    example = {"message": "the menu is deleted", "menu_id": 1}


class MenuSchema(BodySchema):
    answer = Menu
    takes_pictures = True
    examples = {
        "a new stew": {"category_id": 1, "menu_name": "부대찌개", "price": 9500, "description": "라면 사리 포함"}
    }

    category_id = Integer(required=True)
    menu_name = Text(required=True, most=100)
    translations = Translations(most=100, load_default=dict)
    price = Integer(required=True)
    description = OptionalText(most=500, may_break=True, load_default=None)
    image_base64 = ImageDataUrl(load_default=None)
    display_order = Integer(least=0, load_default=None)
    is_available = Boolean(load_default=True)


MenuChangeSchema = changes_of(
    MenuSchema,
    examples={
        "a new price": {"price": 9500},
        "sold out": {"is_available": False},
        "no picture": {"image_base64": None},
    },
)


class MenuIds(fields.List[Any]):
    """Ids, each once, of as many menus as one category may have."""

    json_rules = {"minItems": 1, "maxItems": MAX_MENUS, "uniqueItems": True}

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> list[Any]:
        if isinstance(value, list) and not 1 <= len(value) <= MAX_MENUS:
            raise ValidationError(f"Must have 1 to {MAX_MENUS} ids.")
        menu_ids = super()._deserialize(value, attr, data, **kwargs)
        if len(set(menu_ids)) != len(menu_ids):
            raise ValidationError("Must name each menu once.")
        return menu_ids


class MenuOrder(values.Document):
    menu_ids = MenuIds(Integer(), required=True)

    example = {"menu_ids": [2, 1, 3, 4]}


class MenuOrderSchema(BodySchema):
    most_bytes = 32 * 1024
    examples = {"four menus": MenuOrder.example}

    menu_ids = MenuIds(Integer(), required=True)


class MenusQuery(QuerySchema):
    category_id = QueryInteger(load_default=None)
    pictures = QueryChoice(
        "url",
        load_default=None,
        metadata={"description": "url: only `image_url`; else `image_base64` has the pictures, too"},
    )


class GuestMenusQuery(MenusQuery):
    lang = Language(load_default=None)


class MenuAvailabilitySchema(BodySchema):
    answer = Menu
    examples = {"sold out": {"is_available": False}}

    is_available = Boolean(required=True)
