"""SQL, markup and format strings in every text that a client may send: they come back as data, and no more happens."""

from __future__ import annotations

import importlib
import pkgutil
import secrets
from collections.abc import Callable
from functools import partial

import pytest
import requests

import tableorder.schemas
from tableorder.schemas.base import BodySchema, QuerySchema
from tableorder.schemas.cursors import Cursor
from tableorder.schemas.fields import ImageDataUrl, Password, Text
from tableorder.schemas.menus import MenuSchema
from tests.api.client import Client, Restaurant, expect, refused
from tests.api.server import add_restaurant
from tests.noun_entries import entries

HOSTILE = [
    "' OR '1'='1",
    "'; DROP TABLE orders; --",
    "\\'; DELETE FROM menus; --",
    '"; SELECT pg_sleep(9); --',
    "$$; DROP TABLE menus; $$",
    "%(store_id)s %s %% {0} {x}",
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "{{7*7}} ${7*7} #{7*7}",
    "a\\r\\nSet-Cookie: x=1",
    "../../etc/passwd",
    "=1+1 🍜",
]

# What shows otherwise than it is.
DECEITFUL = ["=1+1 \u202e 🍜", "a\r\nSet-Cookie: x=1\x1b[2J", "\u3164"]

# Where rows could be lost or gained.
COUNT = """
SELECT (SELECT count(*) FROM menus WHERE store_id = %s), (SELECT count(*) FROM orders WHERE store_id = %s),
       (SELECT count(*) FROM tables WHERE store_id = %s), (SELECT count(*) FROM pg_tables WHERE schemaname = 'public')
"""


class Scene:
    """A restaurant with a table, and a way to send a text in each field and see what became of it."""

    def __init__(self, restaurant: Restaurant) -> None:
        self.restaurant = restaurant
        self.admin = restaurant.admin
        self.category_id = restaurant.add_category("분류")
        self.menu_id = restaurant.add_menu(category_id=self.category_id)
        restaurant.add_table(1)
        self.other_table_id = restaurant.add_table(2)  # a new password revokes the tokens of its tablets
        self.tablet = restaurant.seat(1)

    def category(self, text: str) -> None:
        added = expect(201, self.admin.post("/admin/categories", {"category_name": text}))
        listed = {c["category_id"]: c for c in expect(200, self.admin.get("/admin/categories"))["categories"]}
        assert added["category_name"] == listed[added["category_id"]]["category_name"] == text
        expect(200, self.admin.delete(f"/admin/categories/{added['category_id']}"))

    def category_change(self, text: str) -> None:
        path = f"/admin/categories/{self.category_id}"
        assert expect(200, self.admin.patch(path, {"category_name": text}))["category_name"] == text
        assert self.shown()["category_name"] == text
        expect(200, self.admin.patch(path, {"category_name": "분류"}))  # others may take the text

    def menu(self, text: str, field: str) -> None:
        body = {"category_id": self.category_id, "menu_name": "국수", "price": 1} | {field: text}
        menu_id = expect(201, self.admin.post("/admin/menus", body))["menu_id"]
        assert {m["menu_id"]: m for m in self.shown()["menus"]}[menu_id][field] == text
        expect(200, self.admin.delete(f"/admin/menus/{menu_id}"))

    def menu_change(self, text: str, field: str) -> None:
        assert expect(200, self.admin.patch(f"/admin/menus/{self.menu_id}", {field: text}))[field] == text
        assert {m["menu_id"]: m for m in self.shown()["menus"]}[self.menu_id][field] == text

    def no_image(self, text: str, *, change: bool) -> None:
        body = {"category_id": self.category_id, "menu_name": "국수", "price": 1, "image_base64": text}
        send = self.admin.patch if change else self.admin.post
        path = f"/admin/menus/{self.menu_id}" if change else "/admin/menus"
        for image in (text, f"data:image/png;base64,{text}", f"data:image/svg+xml,{text}"):
            refused(400, "validation_failed", send(path, body | {"image_base64": image}))

    def table_password(self, text: str) -> None:
        body = {"table_number": 50, "table_password": text}
        table_id = expect(201, self.admin.post("/admin/tables", body))["table_id"]
        self.logs_in_with(50, text)
        expect(200, self.restaurant.end_session(table_id))
        expect(200, self.admin.delete(f"/admin/tables/{table_id}"))

    def table_password_change(self, text: str) -> None:
        expect(200, self.admin.patch(f"/admin/tables/{self.other_table_id}", {"table_password": text}))
        self.logs_in_with(2, text)

    def logs_in_with(self, table_number: int, password: str) -> None:
        body = {"store_id": self.restaurant.store_id, "table_number": table_number}
        login = Client(self.admin.base).post
        refused(401, "credentials_invalid", login("/auth/table/login", body | {"table_password": password + "x"}))
        expect(200, login("/auth/table/login", body | {"table_password": password}))

    def no_table_login(self, text: str) -> None:
        body = {"store_id": self.restaurant.store_id, "table_number": 100 + sum(map(ord, text)), "table_password": text}
        self.logs_in_with_nothing("table", body)

    def no_admin_login(self, field: str, text: str) -> None:
        body = {"username": f"nobody{text}"[:50], "password": "x"} | {field: text}
        self.logs_in_with_nothing("admin", body)

    def logs_in_with_nothing(self, role: str, body: dict[str, object]) -> None:
        refused(401, "credentials_invalid", Client(self.admin.base).post(f"/auth/{role}/login", body))

    def no_status(self, text: str) -> None:
        order_id = expect(201, self.tablet.order((self.menu_id, 1)))["order_id"]
        refused(400, "validation_failed", self.admin.patch(f"/admin/orders/{order_id}/status", {"status": text}))
        expect(200, self.admin.delete(f"/admin/orders/{order_id}"))

    def no_query(self, path: str, name: str, text: str) -> None:
        who = self.tablet if path.startswith("/customer") else self.admin
        refused(400, "validation_failed", who.get(path, params={name: text}))

    def void(self, text: str) -> None:
        order_id = expect(201, self.tablet.order((self.menu_id, 1)))["order_id"]
        expect(200, self.admin.delete(f"/admin/orders/{order_id}", params={"reason": text}))
        assert expect(200, self.admin.get("/admin/voids?limit=1"))["voids"][0]["reason"] == text

    def void_lines(self, text: str) -> None:
        lines = [{"menu_id": self.menu_id, "quantity": 2}]
        order = expect(201, self.tablet.post("/customer/orders", {"items": lines}))
        kept = {"lines": [{"order_item_id": order["items"][0]["order_item_id"], "keep": 1}], "reason": text}
        expect(200, self.admin.post(f"/admin/orders/{order['order_id']}/void-lines", kept))
        assert expect(200, self.admin.get("/admin/voids?limit=1"))["voids"][0]["reason"] == text
        expect(200, self.admin.delete(f"/admin/orders/{order['order_id']}"))

    def notes(self, text: str) -> None:
        sent = {"items": [{"menu_id": self.menu_id, "quantity": 1, "note": text}], "note": text, "menu_version": text}
        order = expect(201, self.tablet.post("/customer/orders", sent))
        assert (order["note"], order["items"][0]["note"]) == (text, text)
        expect(200, self.admin.delete(f"/admin/orders/{order['order_id']}"))

    def option_group(self, text: str, *, change: bool) -> None:
        added = expect(201, self.admin.post("/admin/option-groups", {"group_name": "맵기" if change else text}))
        path = f"/admin/option-groups/{added['group_id']}"
        changed = expect(200, self.admin.patch(path, {"group_name": text})) if change else added
        assert changed["group_name"] == text
        expect(200, self.admin.delete(path))

    def option(self, text: str, *, change: bool) -> None:
        group_id = expect(201, self.admin.post("/admin/option-groups", {"group_name": "맵기"}))["group_id"]
        options = f"/admin/option-groups/{group_id}/options"
        added = expect(201, self.admin.post(options, {"option_name": "순한맛" if change else text}))
        path = f"/admin/options/{added['option_id']}"
        changed = expect(200, self.admin.patch(path, {"option_name": text})) if change else added
        assert changed["option_name"] == text
        expect(200, self.admin.delete(f"/admin/option-groups/{group_id}"))

    def no_stock_reason(self, text: str) -> None:
        stock = expect(200, self.admin.put("/admin/stock", {"menu_id": self.menu_id, "remaining": 1000}))
        path = f"/admin/stock/{stock['stock_id']}/adjust"
        answer = self.admin.post(path, {"delta": 1, "reason": text}, headers={"Idempotency-Key": "1"})
        refused(400, "validation_failed", answer)

    def call_item(self, text: str, *, change: bool) -> None:
        added = expect(201, self.admin.post("/admin/call-items", {"label": secrets.token_hex(4) if change else text}))
        path = f"/admin/call-items/{added['call_item_id']}"
        item = expect(200, self.admin.patch(path, {"label": text})) if change else added
        expect(200, self.admin.delete(path))
        assert item["label"] == text

    def call_note(self, text: str) -> None:
        table_number = secrets.randbelow(10**6) + 100  # each has a rate of its own
        table_id = self.restaurant.add_table(table_number)
        call = expect(201, self.restaurant.seat(table_number).post("/customer/calls", {"note": text}))
        expect(200, self.restaurant.end_session(table_id))
        expect(200, self.admin.delete(f"/admin/tables/{table_id}"))
        assert call["note"] == text

    def origin(self, origin: dict[str, str]) -> None:
        changed = expect(200, self.admin.patch(f"/admin/menus/{self.menu_id}", {"origins": [origin]}))
        assert changed["origins"] == [origin]
        assert {m["menu_id"]: m for m in self.shown()["menus"]}[self.menu_id]["origins"] == [origin]

    def shown(self) -> dict:
        """The category as the guests see it."""
        categories = expect(200, self.tablet.get("/customer/menus"))["categories"]
        return next(c for c in categories if c["category_id"] == self.category_id)


MENU_TEXTS = [name for name, field in MenuSchema().fields.items() if isinstance(field, Text)]

# By schema and field: send a text there; it comes back as it was, or is refused by rule.
FIELDS: dict[tuple[str, str], Callable[[Scene, str], None]] = {
    ("CategorySchema", "category_name"): Scene.category,
    ("CategoryChangeSchema", "category_name"): Scene.category_change,
    **{("MenuSchema", name): partial(Scene.menu, field=name) for name in MENU_TEXTS},
    ("MenuSchema", "image_base64"): lambda scene, text: scene.no_image(text, change=False),
    **{("MenuChangeSchema", name): partial(Scene.menu_change, field=name) for name in MENU_TEXTS},
    ("MenuChangeSchema", "image_base64"): lambda scene, text: scene.no_image(text, change=True),
    ("TableSchema", "table_password"): Scene.table_password,
    ("TableChangeSchema", "table_password"): Scene.table_password_change,
    ("TableLoginSchema", "table_password"): Scene.no_table_login,
    ("AdminLoginSchema", "username"): lambda scene, text: scene.no_admin_login("username", text),
    ("AdminLoginSchema", "password"): lambda scene, text: scene.no_admin_login("password", text),
    ("StatusSchema", "status"): lambda scene, text: scene.no_status(text[:20]),
    ("SessionOrdersQuery", "cursor"): lambda scene, text: scene.no_query("/customer/orders", "cursor", text),
    ("BooksQuery", "cursor"): lambda scene, text: scene.no_query("/admin/history", "cursor", text),
    ("StoreHistoryQuery", "cursor"): lambda scene, text: scene.no_query("/admin/history", "cursor", text),
    ("CallsQuery", "cursor"): lambda scene, text: scene.no_query("/admin/calls", "cursor", text),
    ("OffsetBooksQuery", "cursor"): lambda scene, text: scene.no_query("/admin/voids", "cursor", text),
    ("OrdersQuery", "status"): lambda scene, text: scene.no_query("/admin/orders", "status", text[:20]),
    ("VoidQuery", "reason"): Scene.void,
    ("VoidLinesSchema", "reason"): Scene.void_lines,
    ("OrderSchema", "note"): Scene.notes,
    ("OrderSchema", "menu_version"): Scene.notes,
    ("ItemSchema", "note"): Scene.notes,
    ("OptionGroupSchema", "group_name"): lambda scene, text: scene.option_group(text, change=False),
    ("OptionGroupChangeSchema", "group_name"): lambda scene, text: scene.option_group(text, change=True),
    ("OptionSchema", "option_name"): lambda scene, text: scene.option(text, change=False),
    ("OptionChangeSchema", "option_name"): lambda scene, text: scene.option(text, change=True),
    ("StockChangeSchema", "reason"): lambda scene, text: scene.no_stock_reason(text[:20]),
    ("CallItemSchema", "label"): lambda scene, text: scene.call_item(text, change=False),
    ("CallItemChangeSchema", "label"): lambda scene, text: scene.call_item(text, change=True),
    ("CallSchema", "note"): lambda scene, text: scene.call_note(text),
    ("OriginSchema", "ingredient"): lambda scene, text: scene.origin({"ingredient": text, "origin": "국내산"}),
    ("OriginSchema", "origin"): lambda scene, text: scene.origin({"ingredient": "쌀", "origin": text}),
}

NEVER_KEPT = {
    ("MenuSchema", "image_base64"),
    ("MenuChangeSchema", "image_base64"),
    ("StatusSchema", "status"),
    ("SessionOrdersQuery", "cursor"),
    ("BooksQuery", "cursor"),
    ("StoreHistoryQuery", "cursor"),
    ("OffsetBooksQuery", "cursor"),
    ("CallsQuery", "cursor"),
    ("OrdersQuery", "status"),
    ("StockChangeSchema", "reason"),
}

FIELDS |= entries("TEXTS")
NEVER_KEPT |= set(entries("NEVER_KEPT"))


@pytest.fixture(scope="module")
def scene(server) -> Scene:
    return Scene(add_restaurant(server))


def text_fields() -> set[tuple[str, str]]:
    """Every field of every schema of a request that takes text, passwords and cursors among them."""
    for module in pkgutil.iter_modules(tableorder.schemas.__path__):
        importlib.import_module(f"tableorder.schemas.{module.name}")
    schemas = list(all_subclasses(BodySchema)) + list(all_subclasses(QuerySchema))
    return {
        (schema.__name__, name)
        for schema in schemas
        if schema.__module__.startswith("tableorder.schemas.")
        for name, field in schema().fields.items()
        if isinstance(field, (Text, Password, ImageDataUrl, Cursor))
    }


def all_subclasses(cls: type) -> set[type]:
    return {child for direct in cls.__subclasses__() for child in {direct, *all_subclasses(direct)}}


def test_every_text_field_has_an_entry():
    assert text_fields() == set(FIELDS)


@pytest.mark.parametrize("field", FIELDS, ids=".".join)
def test_hostile_text_is_data(scene, query, field):
    of_store = [scene.restaurant.store_id] * 3
    [before] = query(COUNT, *of_store)
    for text in HOSTILE:
        FIELDS[field](scene, text)
    [after] = query(COUNT, *of_store)
    assert after[1:] == before[1:]
    assert after[0] - before[0] in (0, len(HOSTILE))  # a deleted menu's row may stay


@pytest.mark.parametrize("field", FIELDS, ids=".".join)
def test_deceitful_text_is_refused(scene, field):
    """By a field that would keep it or look for it; the others are those that hostile text does not pass."""
    for text in DECEITFUL:
        if field in NEVER_KEPT:
            FIELDS[field](scene, text)
        else:
            with pytest.raises(AssertionError, match=r"^400: .*validation_failed"):
                FIELDS[field](scene, text)


def test_hostile_headers_and_tickets_are_data(scene, stream_server):
    for text in (text for text in HOSTILE if "\r" not in text):
        header = text.encode("utf-8").decode("latin-1")
        order = scene.tablet.order((scene.menu_id, 1), key=header)
        assert expect(201, scene.tablet.order((scene.menu_id, 1), key=header)) == expect(201, order)
        answer = scene.admin.get("/admin/tables", headers={"X-Request-ID": header})
        assert not set(answer.headers["X-Request-ID"]) & set("<>\"'; ") and "Set-Cookie" not in answer.headers
        ticket = f"{scene.restaurant.store_id}.{text}"
        url = f"{stream_server.base}/api/v1/admin/orders/sse"
        refused(401, "ticket_invalid", requests.get(url, params={"ticket": ticket}, timeout=30))
