"""Rows for tests, by plain SQL on any connection.

They name the columns of the first design only and leave the rest to defaults and triggers, so that they work at every
version of the schema.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from itertools import count
from typing import Any
from uuid import uuid4

from psycopg2.extensions import connection as Connection

from tableorder.domain.limits import Limits
from tests.noun_entries import functions

_numbers = count(1)

NO_LIMITS = Limits(order_rate=0, session_orders=0, session_lines=0)


def query(connection: Connection, statement: str, *parameters: object) -> list[tuple[Any, ...]]:
    """Run a statement and return its rows, if it has any."""
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters or None)
        return cursor.fetchall() if cursor.description else []


def value(connection: Connection, statement: str, *parameters: object) -> Any:
    """The first column of the first row."""
    return query(connection, statement, *parameters)[0][0]


def insert(connection: Connection, table: str, returning: str, **values: object) -> Any:
    """Insert one row and return the column `returning`."""
    columns = {name: given for name, given in values.items() if given is not None}
    marks = ", ".join(["%s"] * len(columns))
    statement = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks}) RETURNING {returning}"
    return value(connection, statement, *columns.values())


def add_store(connection: Connection, store_id: int | None = None, **values: object) -> int:
    number = next(_numbers)
    given = {"store_name": f"한식당 {number}", "admin_username": f"사장{number}", "admin_password_hash": "-"}
    return insert(connection, "stores", "store_id", store_id=store_id, **given | values)


def add_category(connection: Connection, store_id: int, **values: object) -> int:
    given = {"store_id": store_id, "category_name": f"찌개류 {next(_numbers)}"}
    return insert(connection, "categories", "category_id", **given | values)


def add_menu(connection: Connection, store_id: int, category_id: int, **values: object) -> int:
    given = {"store_id": store_id, "category_id": category_id, "menu_name": f"김치찌개 {next(_numbers)}", "price": 9000}
    return insert(connection, "menus", "menu_id", **given | values)


def add_table(connection: Connection, store_id: int, **values: object) -> int:
    given = {"store_id": store_id, "table_number": next(_numbers), "table_password_hash": "-"}
    return insert(connection, "tables", "table_id", **given | values)


def start_session(connection: Connection, table_id: int, **values: object) -> str:
    return insert(connection, "table_sessions", "session_id::text", table_id=table_id, **values)


def add_order(connection: Connection, session_id: str, *menu_ids: int, **values: object) -> int:
    """An order of two of each menu, at the table of the session."""
    [(table_id, store_id)] = query(
        connection,
        "SELECT table_id, tables.store_id FROM table_sessions JOIN tables USING (table_id) WHERE session_id = %s",
        session_id,
    )
    given = {"session_id": session_id, "table_id": table_id, "store_id": store_id, "total_amount": 18000}
    order_id = insert(connection, "orders", "order_id", **given | values)
    for menu_id in menu_ids:
        add_order_item(connection, order_id, menu_id)
    return order_id


def add_order_item(connection: Connection, order_id: int, menu_id: int, **values: object) -> int:
    given = {"order_id": order_id, "menu_id": menu_id, "quantity": 2, "unit_price": 9000}
    return insert(connection, "order_items", "order_item_id", **given | values)


def add_history(connection: Connection, store_id: int, table_id: int, **values: object) -> int:
    given = {
        "session_id": str(uuid4()),
        "table_id": table_id,
        "store_id": store_id,
        "archived_order_data": '{"orders": []}',
    }
    return insert(connection, "order_history", "history_id", **given | values)


def order_of(*lines: tuple[int, int]) -> dict[str, Any]:
    """An order as OrderRepository.place takes it: so many of each menu, (menu_id, quantity)."""
    return {"items": [{"menu_id": menu_id, "quantity": quantity} for menu_id, quantity in lines]}


@dataclass(frozen=True)
class Shop:
    """The ids of one store's rows: a table with an active session, and an order of the one menu."""

    store_id: int
    category_id: int
    menu_id: int
    table_id: int
    session_id: str
    order_id: int
    order_item_id: int


def fill_every_table(connection: Connection, store_ids: tuple[int, int] = (7, 8)) -> tuple[Shop, Shop]:
    """Rows of two stores in every table that there is."""
    shops = _fill_store(connection, store_ids[0]), _fill_store(connection, store_ids[1])
    query(connection, "SELECT setval('stores_store_id_seq', max(store_id)) FROM stores")
    return shops


def _fill_store(connection: Connection, store_id: int) -> Shop:
    add_store(connection, store_id)
    category_id = add_category(connection, store_id)
    menu_id = add_menu(connection, store_id, category_id, description="묵은지", display_order=1)
    table_id = add_table(connection, store_id, table_number=1)
    past = start_session(connection, table_id, is_active=False)
    query(connection, "UPDATE table_sessions SET end_time = now() WHERE session_id = %s", past)
    numbered = {"table_number": 1} if _has_column(connection, "order_history", "table_number") else {}
    add_history(connection, store_id, table_id, session_id=past, **numbered)
    session_id = start_session(connection, table_id)
    order_id = add_order(connection, session_id)
    order_item_id = add_order_item(connection, order_id, menu_id)
    shop = Shop(store_id, category_id, menu_id, table_id, session_id, order_id, order_item_id)
    _fill_later_tables(connection, shop)
    return shop


def _fill_later_tables(connection: Connection, shop: Shop) -> None:
    """The tables that the first design did not have; menu_versions fills itself."""
    if exists(connection, "order_voids"):
        void = {"order_id": shop.order_id + 1000, "session_id": shop.session_id, "table_id": shop.table_id}
        book = {"table_number": 1, "voided_by": "사장", "voided_order": "{}"}
        insert(connection, "order_voids", "void_id", store_id=shop.store_id, **void | book)
    if exists(connection, "idempotency_keys"):
        key = {"session_id": shop.session_id, "idempotency_key": "하나", "request_hash": b"-", "answer": "{}"}
        insert(connection, "idempotency_keys", "store_id", store_id=shop.store_id, **key)
    if exists(connection, "login_failures"):
        failure = {"subject": f"table:{shop.store_id}:1", "failed_at": "{2026-05-05}", "last_failed_at": "2026-05-05"}
        insert(connection, "login_failures", "subject", **failure)
    if exists(connection, "admin_keys"):
        key = {"action": "end_session", "subject_id": shop.table_id, "idempotency_key": "하나", "request_hash": b"-"}
        insert(connection, "admin_keys", "store_id", store_id=shop.store_id, answer="{}", **key)
    if exists(connection, "option_groups"):
        group_id = insert(connection, "option_groups", "group_id", store_id=shop.store_id, group_name="사이즈")
        option = {"store_id": shop.store_id, "group_id": group_id, "option_name": "곱빼기"}
        option_id = insert(connection, "options", "option_id", **option)
        attached = {"store_id": shop.store_id, "menu_id": shop.menu_id, "group_id": group_id}
        insert(connection, "menu_option_groups", "group_id", **attached)
    if exists(connection, "pictures"):
        webp = f"그림 {shop.store_id}".encode()
        insert(
            connection, "pictures", "sha256", store_id=shop.store_id, webp=webp, sha256=hashlib.sha256(webp).digest()
        )
    if exists(connection, "stock"):
        counted = {"store_id": shop.store_id, "option_id": option_id, "remaining": 3}
        stock_id = insert(connection, "stock", "stock_id", **counted)
        move = {"store_id": shop.store_id, "stock_id": stock_id, "epoch": 1, "delta": 3, "reason": "set"}
        insert(connection, "stock_moves", "move_id", **move)
    if exists(connection, "failed_logins"):
        count = {"kind": "table", "account_id": shop.table_id, "address": ""}
        failure = {"failed_at": "{2026-05-05}", "last_failed_at": "2026-05-05"}
        insert(connection, "failed_logins", "account_id", **count | failure)
        insert(connection, "familiar_addresses", "account_id", **count | {"address": "192.0.2.1"})
    if exists(connection, "stream_tickets"):
        ticket = {"ticket_hash": f"{shop.store_id}".encode(), "claims": "{}", "expires_at": "2026-05-05"}
        insert(connection, "stream_tickets", "store_id", store_id=shop.store_id, **ticket)
    if exists(connection, "login_addresses"):
        insert(connection, "login_addresses", "store_id", store_id=shop.store_id, address="192.0.2.1")

    for add_rows in functions("add_rows"):
        add_rows(connection, shop)


def exists(connection: Connection, table: str) -> bool:
    """Tell whether this version of the schema has the table."""
    return value(connection, "SELECT to_regclass(%s) IS NOT NULL", table)


def _has_column(connection: Connection, table: str, column: str) -> bool:
    found = "SELECT count(*) = 1 FROM information_schema.columns WHERE table_name = %s AND column_name = %s"
    return value(connection, found, table, column)
