"""Two restaurants with meals, past and present, by way of the repositories: every invariant holds."""

from __future__ import annotations

import json

from psycopg2.extensions import connection as Psycopg2Connection

from tableorder.database.connection import Connection
from tableorder.domain.identities import AdminIdentity, TableIdentity
from tableorder.domain.images import Picture
from tableorder.domain.logins import LoginLimits
from tableorder.repositories.calls import CallRepository
from tableorder.repositories.categories import CategoryRepository
from tableorder.repositories.dayparts import DaypartRepository
from tableorder.repositories.devices import DeviceRepository
from tableorder.repositories.menus import MenuRepository
from tableorder.repositories.options import OptionRepository
from tableorder.repositories.orders import OrderRepository
from tableorder.repositories.sessions import SessionRepository
from tableorder.repositories.settings import SettingsRepository
from tableorder.repositories.staff import StaffRepository
from tableorder.repositories.stock import StockRepository
from tableorder.repositories.stores import StoreRepository
from tableorder.repositories.tables import TableRepository
from tests.factories import NO_LIMITS, order_of

TOLD = {"description": "묵은지", "translations": {}, "origins": [], "allergens": None, "spicy": 0, "min_age": None}
MENU = TOLD | {"display_order": 1, "is_available": True}


def serve_meals(raw: Psycopg2Connection, *, meals: int = 3) -> None:
    """In each store: a table with `meals` past sessions, one now, with an order that stays and one that is voided.

    In each the guests have called.
    """
    raw.autocommit = True
    connection = Connection(raw, prefix="", seconds=60)
    for name in ("온달", "평강"):
        store_id = StoreRepository(connection).add(store_name=name, admin_username=name, admin_password_hash="-")
        category = json.loads(
            CategoryRepository(connection).add(store_id=store_id, category_name="찌개류", display_order=1)
        )
        values = {"category_id": category["category_id"], "menu_name": "김치찌개", "price": 9000, **MENU}
        menu_id = json.loads(MenuRepository(connection).add(store_id=store_id, values=values))["menu_id"]
        _tell_of(connection, store_id, menu_id)
        _offer_sizes(connection, AdminIdentity(store_id, name), menu_id)
        _serve_all_week(connection, store_id, menu_id, category["category_id"])
        _hire(connection, store_id)
        table = json.loads(TableRepository(connection).add(store_id=store_id, table_number=1, table_password_hash="-"))
        _enrol(connection, table["table_id"], name)
        for _ in range(meals):
            _order(connection, store_id, table["table_id"], menu_id)
            _call(connection, store_id, table["table_id"])
            SessionRepository(connection).end(store_id=store_id, table_id=table["table_id"])
        _order(connection, store_id, table["table_id"], menu_id)
        voided = _order(connection, store_id, table["table_id"], menu_id)
        OrderRepository(connection).void(order_id=voided, admin=AdminIdentity(store_id, name), reason="잘못 눌렀음")
        _call(connection, store_id, table["table_id"])


def _tell_of(connection: Connection, store_id: int, menu_id: int) -> None:
    """A name in another language, an origin, and a picture, which is not the first one."""
    SettingsRepository(connection).update(store_id=store_id, changes={"origin_notice": "쌀: 국내산"})
    changes = {"translations": {"en": {"name": "Kimchi stew"}}}
    for picture in (Picture(b"a stew"), Picture(b"a better picture of the stew")):
        MenuRepository(connection).update(
            store_id=store_id, menu_id=menu_id, changes=changes, picture=picture, sets_picture=True
        )


def _offer_sizes(connection: Connection, admin: AdminIdentity, menu_id: int) -> None:
    """A group with a default and one option that is counted."""
    options = OptionRepository(connection)
    group = {
        "group_name": "사이즈",
        "translations": {},
        "min_select": 1,
        "max_select": 1,
        "max_each": 1,
        "display_order": None,
    }
    group_id = json.loads(options.add_group(store_id=admin.store_id, values=group))["group_id"]
    offered = {"translations": {}, "allergens": None, "is_available": True, "display_order": None}
    for name, price_delta, is_default in (("보통", 0, True), ("곱빼기", 2000, False)):
        values = {"option_name": name, "price_delta": price_delta, "is_default": is_default, **offered}
        option = options.add(store_id=admin.store_id, group_id=group_id, values=values)
    options.attach(menu_id=menu_id, group_ids=[group_id])
    option_id = json.loads(option)["option_id"]
    StockRepository(connection).set(admin=admin, menu_id=None, option_id=option_id, remaining=30, low_at=None)


def _serve_all_week(connection: Connection, store_id: int, menu_id: int, category_id: int) -> None:
    """The menu and its category have a daypart, which is never over."""
    dayparts = DaypartRepository(connection)
    hours = [{"weekday": weekday, "starts": "00:00", "ends": "00:00"} for weekday in range(7)]
    daypart = json.loads(dayparts.add(store_id=store_id, daypart_name="온종일", hours=hours))
    dayparts.attach_to_menu(menu_id=menu_id, daypart_ids=[daypart["daypart_id"]])
    dayparts.attach_to_category(category_id=category_id, daypart_ids=[daypart["daypart_id"]])


def _hire(connection: Connection, store_id: int) -> None:
    """A cook and a waiter, and what guests can call the waiter for."""
    staff = StaffRepository(connection, roles=("kitchen", "staff"))
    for role in ("kitchen", "staff"):
        staff.add(
            store_id=store_id,
            values={"username": role, "display_name": "김민지", "role": role, "password_hash": "-"},
        )
    for label in ("물", "냅킨"):
        values = {"label": label, "max_quantity": 4, "display_order": 0, "is_active": True, "translations": {}}
        CallRepository(connection).add_item(store_id=store_id, values=values)


def _enrol(connection: Connection, table_id: int, name: str) -> None:
    """A tablet at the table, and a code for another one."""
    devices = DeviceRepository(connection)
    for code_hash in (f"{name} 1".encode(), f"{name} 2".encode()):
        devices.add_enrolment(table_id=table_id, code_hash=code_hash)
    devices.enrol(code_hash=code_hash, key=name, device_name=name, address="10.0.0.1", login_limits=LoginLimits())


def _call(connection: Connection, store_id: int, table_id: int) -> None:
    session_id = SessionRepository(connection).join(store_id=store_id, table_id=table_id)
    CallRepository(connection).place(table=TableIdentity(store_id, table_id, 1, session_id), items=[], note="창가 자리")


def order_something(raw: Psycopg2Connection) -> int:
    """One order more in the first store; its number."""
    raw.autocommit = True
    connection = Connection(raw, prefix="", seconds=60)
    store_id, table_id, menu_id = connection.fetch_one(
        "SELECT store_id, table_id, menu_id FROM tables JOIN menus USING (store_id) ORDER BY store_id, menu_id LIMIT 1"
    )
    return _order(connection, store_id, table_id, menu_id)


def _order(connection: Connection, store_id: int, table_id: int, menu_id: int) -> int:
    session_id = SessionRepository(connection).join(store_id=store_id, table_id=table_id)
    table = TableIdentity(store_id, table_id, 1, session_id)
    key = f"주문-{connection.fetch_value('SELECT gen_random_uuid()::text')}"
    return json.loads(
        OrderRepository(connection).place(table=table, order=order_of((menu_id, 2)), key=key, limits=NO_LIMITS)
    )["order_id"]
