"""The menu: as guests see it, and as an admin changes it."""

from tableorder.openapi.operations import Answer, Body, Operation
from tableorder.schemas import values
from tableorder.schemas.fields import Integer
from tableorder.schemas.menus import (
    GuestMenu,
    ListedMenu,
    Menu,
    MenuChangeSchema,
    MenuIds,
    MenuOrderSchema,
    MenuSchema,
    MenusQuery,
)


class GuestMenuCategory(values.Document):
    category_id = values.identifier()
    category_name = values.text()
    display_order = values.number()
    menus = values.list_of(GuestMenu)


class MenuCategory(GuestMenuCategory):
    menus = values.list_of(ListedMenu)


class GuestMenus(values.Document):
    store_id = values.identifier()
    categories = values.list_of(GuestMenuCategory)


class Menus(values.Document):
    store_id = values.identifier()
    categories = values.list_of(MenuCategory)


class MenuOrder(values.Document):
    menu_ids = MenuIds(Integer(), required=True)


class MenuDeleted(values.Document):
    message = values.text()
    menu_id = values.identifier()


GUEST_MENU = {
    "menu_id": 1,
    "menu_name": "김치찌개",
    "price": 9000,
    "description": "묵은지와 돼지고기",
    "image_base64": None,
    "display_order": 1,
    "is_available": True,
}
TIMES = {"created_at": "2026-02-01T10:00:00+09:00", "updated_at": "2026-02-01T10:00:00+09:00"}
CATEGORY = {"category_id": 1, "category_name": "찌개·탕"}
MENU = {**GUEST_MENU, **TIMES, **CATEGORY}
NEW_MENU = {"category_id": 1, "menu_name": "부대찌개", "price": 9500, "description": "라면 사리 포함"}

OPERATIONS = {
    "show_menu": Operation(
        "Show the menu to guests",
        description="""\
In the store's order. Ask with the ETag of the last answer in If-None-Match: while nothing has changed the answer is an
empty 304. A change by an admin is in the next answer.""",
        query=MenusQuery,
        headers=("If-None-Match",),
        answers={
            200: Answer(
                "The menu by category",
                GuestMenus,
                {"store_id": 1, "categories": [{**CATEGORY, "display_order": 1, "menus": [GUEST_MENU]}]},
                headers=("ETag",),
            ),
            304: Answer("The caller has it", headers=("ETag",), media_type=""),
        },
        problems=("category_not_found",),
    ),
    "list_menus": Operation(
        "List the menus",
        query=MenusQuery,
        answers={
            200: Answer(
                "The menus by category",
                Menus,
                {
                    "store_id": 1,
                    "categories": [{**CATEGORY, "display_order": 1, "menus": [{**GUEST_MENU, **TIMES}]}],
                },
            )
        },
        problems=("category_not_found",),
    ),
    "add_menu": Operation(
        "Add a menu",
        description="It comes last in its category unless `display_order` says otherwise.",
        body=Body(MenuSchema, {"a new stew": NEW_MENU}),
        answers={201: Answer("The menu", Menu, MENU, links={"menu_id": ("update_menu", "delete_menu")})},
        problems=("category_not_found", "limit_reached"),
    ),
    "update_menu": Operation(
        "Change a menu",
        description="""\
Orders that were placed keep their names and prices. null clears a description or an image.
A menu that moves to another category comes last there unless `display_order` is given, too.""",
        body=Body(
            MenuChangeSchema,
            {"a new price": {"price": 9500}, "sold out": {"is_available": False}, "no picture": {"image_base64": None}},
        ),
        answers={200: Answer("The menu", Menu, MENU)},
        problems=("menu_not_found", "category_not_found"),
    ),
    "reorder_menus": Operation(
        "Put a category's menus in another order",
        description="All of them at once: each menu of one category is named once.",
        body=Body(MenuOrderSchema, {"four menus": {"menu_ids": [2, 1, 3, 4]}}),
        answers={200: Answer("The new order", MenuOrder, {"menu_ids": [2, 1, 3, 4]})},
        problems=("menu_not_found", "several_categories", "menus_missing"),
    ),
    "delete_menu": Operation(
        "Delete a menu",
        description="It leaves the menu; orders and archives keep their lines.",
        answers={200: Answer("The menu is deleted", MenuDeleted, {"message": "the menu is deleted", "menu_id": 1})},
        problems=("menu_not_found",),
    ),
}
