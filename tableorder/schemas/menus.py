"""Menus as an admin adds, changes and orders them, and as anybody lists them."""

from typing import Any

from marshmallow import ValidationError, fields

from tableorder.domain.labels import MAX_SPICY
from tableorder.domain.limits import DEFAULT_LIMITS
from tableorder.schemas import values
from tableorder.schemas.base import BodySchema, QuerySchema, changes_of
from tableorder.schemas.fields import (
    Allergens,
    Boolean,
    ImageDataUrl,
    Integer,
    Language,
    OptionalText,
    Origins,
    QueryChoice,
    QueryInteger,
    Text,
    Translations,
)
from tableorder.schemas.options import GuestOptionGroup, OptionGroup

MAX_MENUS = DEFAULT_LIMITS.menus  # that a request puts in order
PICTURE_URL = "/api/v1/pictures/9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08.webp"
LABELS = {"origin_notice": "쌀: 국내산", "allergen_names": {"난류": "Eggs", "우유": "Milk"}}
MENU_VERSION = "0b0b4b0f-9d1c-4a1f-8a0e-3c525f0c1c1e"


def menu_version() -> fields.UUID:
    """The version of a store's menu, which changes with its content."""
    return fields.UUID(required=True, metadata={"description": "changes with the menu's content"})


def valid_until() -> fields.AwareDateTime:
    """When a daypart begins or ends, so that the menu is another one."""
    return values.moment_or_null("when the menu changes by itself, as a daypart begins or ends; null: never")


def allergen_names() -> fields.Dict:
    """The name of each allergen."""
    return fields.Dict(
        fields.String(),
        fields.String(),
        required=True,
        metadata={"description": "by code, in the language asked for, or in Korean"},
    )


class Origin(values.Document):
    ingredient = values.text()
    origin = values.text()

    example = {"ingredient": "돼지고기", "origin": "국내산"}


class GuestMenu(values.Displayed):
    menu_id = values.identifier()
    menu_name = values.text()
    price = values.won()
    description = values.text(or_null=True)
    allergens = values.allergens()
    origins = values.list_of(Origin)
    spicy = values.number("0, not at all, to 3")
    min_age = values.count_or_null("from this age; null: for everybody")
    image_base64 = values.text("a data URL; null if `pictures=url` was asked for", or_null=True)
    image_url = values.text("where the picture is, for good", or_null=True)
    display_order = values.number()
    is_available = values.switch("false: sold out or not served now, cannot be ordered")
    dayparts = values.dayparts()
    served_now = values.switch("false: not at this hour, by its dayparts or its category's")
    next_from = values.moment_or_null("when it will be served; null: it is, or it never will be")
    option_groups = values.list_of(GuestOptionGroup)

    example = {
        "menu_id": 1,
        "menu_name": "김치찌개",
        "price": 9000,
        "description": "묵은지와 돼지고기",
        "allergens": ["대두", "돼지고기"],
        "origins": [Origin.example],
        "spicy": 2,
        "min_age": None,
        "image_base64": None,
        "image_url": PICTURE_URL,
        "display_order": 1,
        "is_available": True,
        "dayparts": [],
        "served_now": True,
        "next_from": None,
        "option_groups": [GuestOptionGroup.example],
    }


class Menu(GuestMenu):
    is_available = values.switch("the switch; guests see `orderable`")
    orderable = values.switch("switched on, served now, something is left, and its option groups can be satisfied")
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
    dayparts = values.dayparts()
    menus = values.list_of(GuestMenu)

    example = {
        "category_id": 1,
        "category_name": "찌개·탕",
        "display_order": 1,
        "dayparts": [],
        "menus": [GuestMenu.example],
    }


class GuestMenus(values.Document):
    store_id = values.identifier()
    version = menu_version()
    valid_until = valid_until()
    origin_notice = values.text("where ingredients come from (원산지 표시), of the whole menu", or_null=True)
    allergen_names = allergen_names()
    categories = values.list_of(GuestMenuCategory)

    example = {
        "store_id": 1,
        "version": MENU_VERSION,
        "valid_until": None,
        **LABELS,
        "categories": [GuestMenuCategory.example],
    }


class MenuCategory(GuestMenuCategory):
    menus = values.list_of(Menu)

    example = GuestMenuCategory.example | {"menus": [Menu.example]}


class Menus(values.Document):
    store_id = values.identifier()
    version = menu_version()
    valid_until = valid_until()
    origin_notice = values.text("where ingredients come from (원산지 표시), of the whole menu", or_null=True)
    allergen_names = allergen_names()
    categories = values.list_of(MenuCategory)

    example = {
        "store_id": 1,
        "version": MENU_VERSION,
        "valid_until": None,
        **LABELS,
        "categories": [MenuCategory.example],
    }


class MenuDeleted(values.Document):
    message = values.text()
    menu_id = values.identifier()

    example = {"message": "the menu is deleted", "menu_id": 1}


class Suspect(values.Document):
    menu_id = values.identifier()
    ingredient = values.text("its name has it, and nothing says where it is from")

    example = {"menu_id": 3, "ingredient": "쇠고기"}


class MissingLabels(values.Document):
    undeclared = fields.List(Integer(), required=True, metadata={"description": "menus that declare no allergens"})
    suspects = values.list_of(Suspect)

    example = {"undeclared": [2, 3], "suspects": [Suspect.example]}


class OriginSchema(BodySchema):
    answer = Origin

    ingredient = Text(required=True, most=50)
    origin = Text(required=True, most=100)


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
    allergens = Allergens(load_default=None)
    origins = Origins(OriginSchema, load_default=list)
    spicy = Integer(least=0, most=MAX_SPICY, load_default=0)
    min_age = Integer(most=150, allow_none=True, load_default=None)
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
