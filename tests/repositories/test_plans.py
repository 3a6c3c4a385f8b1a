"""Every statement of the repositories on a large installation: indexes all the way, and no dearer for its size."""

from __future__ import annotations

import importlib
import json
import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from hashlib import sha256

import psycopg2
import pytest

from tableorder import repositories
from tableorder.database.connection import Connection
from tableorder.domain.identities import AdminIdentity, Grant, TableIdentity
from tableorder.domain.images import Picture
from tableorder.domain.logins import LoginLimits
from tableorder.domain.pages import Page
from tableorder.housekeeping import tables
from tableorder.repositories.categories import CategoryRepository
from tableorder.repositories.events import EventRepository
from tableorder.repositories.history import HistoryRepository
from tableorder.repositories.logins import LoginRepository, Renewal, Standing
from tableorder.repositories.menus import COLUMNS, MenuRepository
from tableorder.repositories.options import OptionRepository
from tableorder.repositories.orders import Listing, OrderRepository
from tableorder.repositories.pictures import PictureRepository
from tableorder.repositories.sessions import SessionRepository
from tableorder.repositories.stock import StockRepository
from tableorder.repositories.tables import TableRepository
from tableorder.repositories.tickets import TicketRepository
from tableorder.repositories.voids import VoidRepository
from tests.factories import order_of
from tests.noun_entries import entries

# Twenty tables, 60 menus in 6 categories a store; every table has a session with two orders of three lines and twenty
# ended ones (1,000 stores: 20,000 tables, 400,000 ended sessions). A store's rows are spread as time spreads them.
FILL = """
SET session_replication_role = replica;
INSERT INTO stores (store_id, store_name, admin_username, admin_password_hash)
SELECT s, '식당', 'admin-' || s, 'x' FROM generate_series(1, %(stores)s) AS s;
INSERT INTO menu_versions (store_id) SELECT s FROM generate_series(1, %(stores)s) AS s;
INSERT INTO store_settings (store_id, origin_notice) SELECT s, '쌀' FROM generate_series(1, %(stores)s) AS s;
INSERT INTO categories (category_id, store_id, category_name)
SELECT (s - 1) * 6 + c, s, '분류 ' || c FROM generate_series(1, %(stores)s) AS s, generate_series(1, 6) AS c;
INSERT INTO menus (menu_id, store_id, category_id, menu_name, price, translations)
SELECT (s - 1) * 60 + m, s, (s - 1) * 6 + 1 + m %% 6, '메뉴 ' || m, 1000, '{"en": {"name": "Dish"}}'
  FROM generate_series(1, %(stores)s) AS s, generate_series(1, 60) AS m;
INSERT INTO pictures (store_id, sha256, webp, unused_since)
SELECT store_id, sha256(drawn.webp), drawn.webp, CASE WHEN menu_id %% 6 = 0 THEN now() - interval '2 days' END
  FROM menus, LATERAL (SELECT ('picture ' || menu_id)::bytea AS webp) AS drawn
 WHERE menu_id %% 3 = 0;
UPDATE menus SET picture_sha256 = sha256(('picture ' || menu_id)::bytea) WHERE menu_id %% 6 = 3;
INSERT INTO option_groups (group_id, store_id, group_name)
SELECT (s - 1) * 5 + g, s, '그룹 ' || g FROM generate_series(1, %(stores)s) AS s, generate_series(1, 5) AS g;
INSERT INTO options (option_id, store_id, group_id, option_name)
SELECT (s - 1) * 20 + o, s, (s - 1) * 5 + 1 + o %% 4, '옵션 ' || o
  FROM generate_series(1, %(stores)s) AS s, generate_series(1, 20) AS o;
INSERT INTO menu_option_groups (store_id, menu_id, group_id)
SELECT store_id, menu_id, (store_id - 1) * 5 + 1 + menu_id %% 4 FROM menus WHERE menu_id %% 3 = 0;
INSERT INTO dayparts (daypart_id, store_id, daypart_name, hours)
SELECT (s - 1) * 5 + n, s, '때 ' || n, always.hours
  FROM generate_series(1, %(stores)s) AS s, generate_series(1, 5) AS n,
       (SELECT jsonb_agg(jsonb_build_object('weekday', day, 'starts', '00:00', 'ends', '00:00')) AS hours
          FROM generate_series(0, 6) AS day) AS always;
INSERT INTO menu_dayparts (store_id, menu_id, daypart_id)
SELECT store_id, menu_id, (store_id - 1) * 5 + 1 + menu_id %% 5 FROM menus WHERE menu_id %% 4 = 0;
INSERT INTO category_dayparts (store_id, category_id, daypart_id)
SELECT store_id, category_id, (store_id - 1) * 5 + 1 FROM categories WHERE category_id %% 6 = 2;
UPDATE menu_versions SET period = tstzrange(now(), NULL);
INSERT INTO stock (store_id, menu_id, remaining)
SELECT store_id, menu_id, 1000 FROM menus WHERE menu_id %% 5 = 0 ORDER BY menu_id;
INSERT INTO stock_moves (store_id, stock_id, epoch, delta, reason, order_id)
SELECT store_id, stock_id, 1, -1, 'sold', 100000000 + n FROM stock, generate_series(1, 20) AS n;
INSERT INTO tables (table_id, store_id, table_number, table_password_hash)
SELECT (s - 1) * 20 + t, s, t, 'x' FROM generate_series(1, %(stores)s) AS s, generate_series(1, 20) AS t;
INSERT INTO table_sessions (table_id, store_id) SELECT table_id, store_id FROM tables;
UPDATE tables SET current_session_id = session_id FROM table_sessions WHERE tables.table_id = table_sessions.table_id;
INSERT INTO staff (staff_id, store_id, username, display_name, role, password_hash)
SELECT (s - 1) * 5 + n, s, 'person-' || n, '직원', 'staff', 'x'
  FROM generate_series(1, %(stores)s) AS s, generate_series(1, 5) AS n;
INSERT INTO devices (device_id, store_id, table_id, device_name, token_hash)
SELECT table_id, store_id, table_id, '태블릿', sha256(table_id::text::bytea) FROM tables;
INSERT INTO enrolments (code_hash, store_id, table_id, expires_at)
SELECT sha256(('code ' || n || ' ' || table_id)::bytea), store_id, table_id, now() + n * interval '5 minutes'
  FROM tables, generate_series(-1, 1) AS n;
INSERT INTO call_items (call_item_id, store_id, label)
SELECT (s - 1) * 5 + n, s, '물 ' || n FROM generate_series(1, %(stores)s) AS s, generate_series(1, 5) AS n;
INSERT INTO calls (store_id, session_id, table_id, table_number, items, closed_at)
SELECT store_id, session_id, table_id, 1, '[]', CASE WHEN n < 3 THEN now() END
  FROM table_sessions, generate_series(1, 3) AS n;
INSERT INTO orders (session_id, table_id, store_id, total_amount)
SELECT session_id, table_id, store_id, 3000 FROM table_sessions, generate_series(1, 2);
INSERT INTO order_items (order_id, store_id, menu_id, menu_name, quantity, base_price, unit_price)
SELECT order_id, store_id, (store_id - 1) * 60 + 1 + (order_id * 3 + n) %% 60, '메뉴', 1, 1000, 1000
  FROM orders, generate_series(1, 3) AS n;
INSERT INTO order_history (session_id, table_id, store_id, table_number, completed_time, archived_order_data)
SELECT gen_random_uuid(), t, (t - 1) / 20 + 1, (t - 1) %% 20 + 1, timestamptz '2026-01-01' + n * interval '1 day',
       '{"orders": [], "session_total": 0}'
  FROM generate_series(1, 20) AS n, generate_series(1, %(stores)s * 20) AS t;
INSERT INTO order_voids (store_id, order_id, session_id, table_id, table_number, voided_by, voided_order)
SELECT 1 + n %% %(stores)s, 100000000 + n, gen_random_uuid(), 1, 1, 'admin', '{}'
  FROM generate_series(1, %(stores)s * 20) AS n;
INSERT INTO idempotency_keys (session_id, idempotency_key, store_id, request_hash, answer)
SELECT session_id, 'key', store_id, '', '{}' FROM table_sessions;
INSERT INTO admin_keys (store_id, action, subject_id, idempotency_key, request_hash, answer)
SELECT store_id, 'end_session', table_id, 'key', '', '{}' FROM tables;
INSERT INTO failed_logins (kind, account_id, address, failed_at, last_failed_at)
SELECT 'table', n, '', ARRAY[now()], now() FROM generate_series(1, %(stores)s * 20) AS n;
INSERT INTO failed_logins (kind, account_id, address, failed_at, last_failed_at)
SELECT 'address', 0, '10.1.0.' || n, ARRAY[now()], now() FROM generate_series(1, %(stores)s * 20) AS n;
INSERT INTO events (store_id, event_type, event_data, created_at)
SELECT s, 'menu_changed', '{}', now() - interval '20 hours' + n * interval '12 minutes'
  FROM generate_series(1, 100) AS n, generate_series(1, %(stores)s) AS s
 ORDER BY n, s;
INSERT INTO stream_tickets (ticket_hash, store_id, claims, expires_at)
SELECT sha256(('ticket ' || s || n)::bytea), s, '{}', now() + interval '1 minute'
  FROM generate_series(1, 4) AS n, generate_series(1, %(stores)s) AS s;
INSERT INTO familiar_addresses (kind, account_id, address)
SELECT 'table', t, '10.0.' || n || '.' || t / 20
  FROM generate_series(1, 4) AS n, generate_series(1, %(stores)s * 20) AS t;
INSERT INTO table_sessions (session_id, table_id, store_id, is_active, start_time, end_time)
SELECT session_id, table_id, store_id, false, now() - interval '3 days', now() - interval '2 days'
  FROM order_history WHERE completed_time < '2026-01-03';
INSERT INTO idempotency_keys (session_id, idempotency_key, store_id, request_hash, answer, created_at)
SELECT gen_random_uuid(), 'old', store_id, '', '{}', now() - interval '2 days' FROM tables;
INSERT INTO admin_keys (store_id, action, subject_id, idempotency_key, request_hash, answer, created_at)
SELECT store_id, 'end_session', table_id, 'old', '', '{}', now() - interval '2 days' FROM tables;
INSERT INTO stream_tickets (ticket_hash, store_id, claims, expires_at)
SELECT sha256(('old ' || s)::bytea), s, '{}', now() - interval '1 minute' FROM generate_series(1, %(stores)s) AS s;
INSERT INTO failed_logins (kind, account_id, address, failed_at, last_failed_at)
SELECT 'unknown', n, '', '{}', now() - interval '1 day' + n * interval '1 second'
  FROM generate_series(1, %(stores)s * 20) AS n;
INSERT INTO familiar_addresses (kind, account_id, address, last_login_at)
SELECT 'admin', s, '10.2.0.1', now() - interval '31 days' FROM generate_series(1, %(stores)s) AS s;
INSERT INTO approvals (token_hash, store_id, action, subject, approved_by, token_epoch, expires_at)
SELECT sha256(('approval ' || s || ' ' || n)::bytea), s, 'void', n, 'admin-' || s, 1,
       now() + (n - 2) * interval '1 minute'
  FROM generate_series(1, 5) AS n, generate_series(1, %(stores)s) AS s;
INSERT INTO audit_log (store_id, actor, role, action, at)
SELECT s, 'admin-' || s, 'owner', 'void', now() - n * interval '6 days'
  FROM generate_series(1, 100) AS n, generate_series(1, %(stores)s) AS s
 ORDER BY n DESC, s;
SELECT setval('orders_order_id_seq', (SELECT max(order_id) FROM orders)),
       setval('order_items_order_item_id_seq', (SELECT max(order_item_id) FROM order_items)),
       setval('option_groups_group_id_seq', (SELECT max(group_id) FROM option_groups)),
       setval('options_option_id_seq', (SELECT max(option_id) FROM options)),
       setval('categories_category_id_seq', (SELECT max(category_id) FROM categories)),
       setval('staff_staff_id_seq', (SELECT max(staff_id) FROM staff)),
       setval('devices_device_id_seq', (SELECT max(device_id) FROM devices)),
       setval('call_items_call_item_id_seq', (SELECT max(call_item_id) FROM call_items)),
       setval('dayparts_daypart_id_seq', (SELECT max(daypart_id) FROM dayparts)),
       setval('menus_menu_id_seq', (SELECT max(menu_id) FROM menus)),
       setval('tables_table_id_seq', (SELECT max(table_id) FROM tables));
INSERT INTO menus (store_id, category_id, menu_name, price, deleted_at)
SELECT s, (s - 1) * 6 + 1, '메뉴', 1000, now() - interval '2 days' FROM generate_series(1, %(stores)s) AS s;
"""

# Plans come back as notices, those of statements inside triggers too.
EXPLAIN = """
SET session_replication_role = origin;
SET plan_cache_mode = force_generic_plan;
LOAD 'auto_explain';
SET auto_explain.log_min_duration = 0;
SET auto_explain.log_analyze = on;
SET auto_explain.log_buffers = on;
SET auto_explain.log_timing = off;
SET auto_explain.log_nested_statements = on;
SET auto_explain.log_format = json;
SET auto_explain.log_level = notice;
SET client_min_messages = notice;
SET ROLE tableorder;
"""

STORE = 50
TABLE = (STORE - 1) * 20 + 7
MENU = (STORE - 1) * 60 + 7
CATEGORY = (STORE - 1) * 6 + 2


@dataclass
class Cost:
    """What a call did: the tables it scanned whole, and the 8 KiB pages it touched."""

    scanned: set[str]
    pages: int


class Installation:
    """A filled database, and what calls of the repositories cost on it; nothing that they do lasts."""

    def __init__(self, database_url: str, stores: int) -> None:
        self.raw = psycopg2.connect(database_url)
        self.raw.autocommit = True
        self.prepared: set[str] = set()
        with self.raw.cursor() as cursor:
            cursor.execute(FILL, {"stores": stores})
            cursor.execute("VACUUM ANALYZE")
            cursor.execute(EXPLAIN)

    def table(self) -> TableIdentity:
        with self.raw.cursor() as cursor:
            cursor.execute(
                "SELECT set_config('app.store_id', %s, true);"
                "SELECT current_session_id::text FROM tables WHERE table_id = %s",
                (str(STORE), TABLE),
            )
            [(session_id,)] = cursor.fetchall()
        return TableIdentity(STORE, TABLE, 7, session_id)

    def cost(self, call: Callable[[Connection, TableIdentity], object], store_id: int | None = STORE) -> Cost:
        table = self.table()
        self.run("BEGIN")
        try:
            self.raw.notices.clear()
            prefix = f"SELECT set_config('app.store_id', '{store_id or ''}', true); "
            call(Connection(self.raw, prefix=prefix, seconds=60, prepared=self.prepared), table)
            plans = [json.loads(notice[notice.index("{") :])["Plan"] for notice in self.raw.notices if "{" in notice]
        finally:
            self.run("ROLLBACK")
        assert plans
        return Cost({name for plan in plans for name in _scanned(plan)}, sum(_pages(plan) for plan in plans))

    def run(self, statement: str) -> None:
        with self.raw.cursor() as cursor:
            cursor.execute(statement)


def _scanned(plan: dict) -> Iterator[str]:
    if plan["Node Type"] == "Seq Scan" and plan["Actual Loops"]:  # 0: planned, and never begun
        yield plan["Relation Name"]
    for child in plan.get("Plans", []):
        yield from _scanned(child)


def _pages(plan: dict) -> int:
    return plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]


@pytest.fixture(scope="module")
def small(make_database) -> Iterator[Installation]:
    installation = Installation(make_database(), 100)
    yield installation
    installation.raw.close()


@pytest.fixture(scope="module")
def large(make_database) -> Iterator[Installation]:
    installation = Installation(make_database(), 1000)
    yield installation
    installation.raw.close()


ADMIN = AdminIdentity(STORE, f"admin-{STORE}")
ORDER = (TABLE - 1) * 2 + 1
PERSON = Grant("staff", (STORE - 1) * 5 + 1, 1)
STANDING = Standing("table", TABLE, "10.0.1.50", True, None, None, 12)
PICTURE = Picture(b"a new picture")
WITH_PICTURE = (STORE - 1) * 60 + 3
VALUES = dict.fromkeys(COLUMNS) | {
    "category_id": CATEGORY,
    "menu_name": "새 메뉴",
    "translations": {},
    "origins": [],
    "spicy": 0,
    "price": 1000,
    "display_order": 0,
    "is_available": True,
}


def _order_id(connection: Connection, table: TableIdentity) -> int:
    return connection.fetch_value("SELECT max(order_id) FROM orders WHERE session_id = %(s)s", {"s": table.session_id})


def _logins(connection: Connection) -> LoginRepository:
    return LoginRepository(connection, limits=LoginLimits())


def _end_and_delete_table(connection: Connection, table: TableIdentity) -> None:
    SessionRepository(connection).end(store_id=STORE, table_id=table.table_id)
    TableRepository(connection).delete(table_id=table.table_id)


def _add_and_delete_category(connection: Connection, table: TableIdentity) -> None:
    CategoryRepository(connection).add(store_id=STORE, category_name="새 분류", display_order=None)
    category_id = connection.fetch_value("SELECT max(category_id) FROM categories WHERE store_id = 50")
    CategoryRepository(connection).delete(category_id=category_id)


def _reorder(connection: Connection, table: TableIdentity) -> None:
    rows = connection.fetch_all("SELECT menu_id FROM menus WHERE category_id = %(c)s", {"c": CATEGORY})
    MenuRepository(connection).reorder(menu_ids=[menu_id for (menu_id,) in rows])


SENT = order_of((MENU, 1), (MENU + 1, 2), (MENU + 2, 3))
GROUP, OPTION, STOCK = (STORE - 1) * 5 + 1, (STORE - 1) * 20 + 4, (STORE - 1) * 12 + 1
NEW_GROUP = {
    "group_name": "양",
    "translations": {},
    "min_select": 0,
    "max_select": 1,
    "max_each": 1,
    "display_order": None,
}
NEW_OPTION = {
    "option_name": "특",
    "translations": {},
    "price_delta": 0,
    "is_available": True,
    "is_default": False,
    "allergens": None,
    "display_order": None,
}
WITH_OPTIONS = {"items": [{"menu_id": MENU - 1, "quantity": 1, "options": []}, {"menu_id": MENU + 3, "quantity": 2}]}


def _place_and_void_lines(connection: Connection, table: TableIdentity) -> None:
    order = json.loads(OrderRepository(connection).place(table=table, order=SENT, key=None))
    kept = [{"order_item_id": order["items"][0]["order_item_id"], "keep": 0}]
    OrderRepository(connection).void_lines(
        order_id=order["order_id"], lines=kept, admin=ADMIN, reason=None, restock=True
    )


DAY = date(2026, 1, 20)

LATER = Page(10, before=(1768000000000000, 1))


def list_of_store(connection: Connection, page: Page, table_number: int | None = None) -> str:
    return HistoryRepository(connection).list_of_store(store_id=STORE, table_number=table_number, page=page)


def list_of_table(connection: Connection, page: Page) -> str:
    return HistoryRepository(connection).list_of_table(store_id=STORE, table_id=TABLE, page=page)


CALLS: dict[str, Callable[[Connection, TableIdentity], object]] = {
    "orders.place": lambda c, t: OrderRepository(c).place(table=t, order=SENT, key=None),
    "orders.place with a key": lambda c, t: OrderRepository(c).place(table=t, order=SENT, key="1"),
    "orders.place with options": lambda c, t: OrderRepository(c).place(table=t, order=WITH_OPTIONS, key=None),
    "orders.place in a language": lambda c, t: OrderRepository(c).place(
        table=t, order=WITH_OPTIONS | {"lang": "en"}, key=None
    ),
    "orders.void_lines": _place_and_void_lines,
    "options.list": lambda c, t: OptionRepository(c).list(store_id=STORE),
    "options.add_group": lambda c, t: OptionRepository(c).add_group(store_id=STORE, values=NEW_GROUP),
    "options.update_group": lambda c, t: OptionRepository(c).update_group(group_id=GROUP, changes={"group_name": "양"}),
    "options.delete_group": lambda c, t: OptionRepository(c).delete_group(group_id=GROUP + 4),
    "options.add": lambda c, t: OptionRepository(c).add(store_id=STORE, group_id=GROUP, values=NEW_OPTION),
    "options.update": lambda c, t: OptionRepository(c).update(option_id=OPTION, changes={"price_delta": 1}),
    "options.delete": lambda c, t: OptionRepository(c).delete(option_id=OPTION),
    "options.attach": lambda c, t: OptionRepository(c).attach(menu_id=MENU, group_ids=[GROUP, GROUP + 1]),
    "stock.list": lambda c, t: StockRepository(c).list(store_id=STORE),
    "stock.set": lambda c, t: StockRepository(c).set(
        admin=ADMIN, menu_id=MENU, option_id=None, remaining=5, low_at=None
    ),
    "stock.adjust": lambda c, t: StockRepository(c).adjust(
        admin=ADMIN, stock_id=STOCK, change={"delta": 1, "reason": "added"}, key="1"
    ),
    "orders.list_of_session": lambda c, t: OrderRepository(c).list_of_session(table=t, limit=None, before=None),
    "orders.list_of_session, a page": lambda c, t: OrderRepository(c).list_of_session(
        table=t, limit=10, before=(1770000000000000, 1)
    ),
    "orders.get": lambda c, t: OrderRepository(c).get(order_id=_order_id(c, t)),
    "orders.get_of_session": lambda c, t: OrderRepository(c).get_of_session(
        order_id=_order_id(c, t), session_id=t.session_id
    ),
    "orders.list_by_table": lambda c, t: OrderRepository(c).list_by_table(store_id=STORE),
    "orders.list_by_table, filtered": lambda c, t: OrderRepository(c).list_by_table(
        store_id=STORE, status="대기중", table_id=TABLE
    ),
    "orders.update_status": lambda c, t: OrderRepository(c).update_status(order_id=_order_id(c, t), status="완료"),
    "orders.void": lambda c, t: OrderRepository(c).void(order_id=_order_id(c, t), admin=ADMIN, reason=None),
    "sessions.join": lambda c, t: SessionRepository(c).join(store_id=STORE, table_id=TABLE),
    "sessions.end": lambda c, t: SessionRepository(c).end(store_id=STORE, table_id=TABLE, key="1"),
    "tables.list": lambda c, t: TableRepository(c).list(store_id=STORE),
    "tables.add": lambda c, t: TableRepository(c).add(store_id=STORE, table_number=99, table_password_hash="x"),
    "tables.update": lambda c, t: TableRepository(c).update(table_id=TABLE, table_number=98, table_password_hash=None),
    "tables.delete": _end_and_delete_table,
    "categories.list": lambda c, t: CategoryRepository(c).list(store_id=STORE),
    "categories.update": lambda c, t: CategoryRepository(c).update(
        category_id=CATEGORY, category_name="x", display_order=None
    ),
    "categories.add, categories.delete": _add_and_delete_category,
    "menus.catalog": lambda c, t: MenuRepository(c).catalog(store_id=STORE, category_id=None, known_editions=()),
    "menus.catalog, in a language": lambda c, t: MenuRepository(c).catalog(
        store_id=STORE, category_id=None, known_editions=(), wanted=["en-US", "en"]
    ),
    "menus.catalog, a category": lambda c, t: MenuRepository(c).catalog(
        store_id=STORE, category_id=CATEGORY, known_editions=()
    ),
    "menus.list": lambda c, t: MenuRepository(c).list(store_id=STORE, category_id=None),
    "menus.missing_labels": lambda c, t: MenuRepository(c).missing_labels(store_id=STORE),
    "menus.add": lambda c, t: MenuRepository(c).add(store_id=STORE, values=VALUES),
    "menus.update": lambda c, t: MenuRepository(c).update(store_id=STORE, menu_id=MENU, changes={"price": 2}),
    "menus.add, the last": lambda c, t: MenuRepository(c).add(store_id=STORE, values=VALUES | {"display_order": None}),
    "menus.update, to another category": lambda c, t: MenuRepository(c).update(
        store_id=STORE, menu_id=MENU, changes={"category_id": CATEGORY + 1}
    ),
    "menus.reorder": _reorder,
    "menus.delete": lambda c, t: MenuRepository(c).delete(menu_id=MENU),
    "menus.add, with a picture": lambda c, t: MenuRepository(c).add(store_id=STORE, values=VALUES, picture=PICTURE),
    "menus.update, another picture": lambda c, t: MenuRepository(c).update(
        store_id=STORE, menu_id=WITH_PICTURE, changes={}, picture=PICTURE, sets_picture=True
    ),
    "menus.delete, with a picture": lambda c, t: MenuRepository(c).delete(menu_id=WITH_PICTURE),
    "menus.catalog, without pictures": lambda c, t: MenuRepository(c).catalog(store_id=STORE, with_pictures=False),
    "pictures.get": lambda c, t: PictureRepository(c).get(sha256=sha256(b"picture 2943").hexdigest()),
    "history.list_of_store": lambda c, t: list_of_store(c, Page(20)),
    "history.list_of_store, some days": lambda c, t: list_of_store(c, Page(20, DAY, DAY)),
    "history.list_of_store, a later page": lambda c, t: list_of_store(c, LATER),
    "history.list_of_store, a number": lambda c, t: list_of_store(c, Page(20), 7),
    "history.list_of_store, a number that was not there": lambda c, t: list_of_store(c, Page(20), 999),
    "history.list_of_store, a later page of a number": lambda c, t: list_of_store(c, LATER, 7),
    "history.list_of_table": lambda c, t: list_of_table(c, Page(20)),
    "history.list_of_table, some days": lambda c, t: list_of_table(c, Page(20, DAY, DAY)),
    "history.list_of_table, a later page": lambda c, t: list_of_table(c, LATER),
    "voids.list": lambda c, t: VoidRepository(c).list(store_id=STORE, page=Page(20)),
    "voids.list, some days": lambda c, t: VoidRepository(c).list(store_id=STORE, page=Page(20, DAY, DAY)),
    "voids.list, a later page": lambda c, t: VoidRepository(c).list(store_id=STORE, page=LATER),
    "logins.find_table": lambda c, t: _logins(c).find_table(
        store_id=STORE, table_number=7, unknown_id=-1, address="10.0.1.50"
    ),
    "logins.find_admin": lambda c, t: _logins(c).find_admin(
        username=ADMIN.username, unknown_id=-1, address="10.0.1.50"
    ),
    "logins.find_person": lambda c, t: _logins(c).find_person(
        store_id=STORE, username="person-1", unknown_id=-1, address="10.0.1.50"
    ),
    "logins.set_password": lambda c, t: _logins(c).set_password(grant=PERSON, new_hash="y"),
    "logins.find_approver": lambda c, t: _logins(c).find_approver(
        store_id=STORE, username=ADMIN.username, unknown_id=-1, address="10.0.1.50"
    ),
    "logins.set_pin": lambda c, t: _logins(c).set_pin(grant=PERSON, pin_hash="y"),
    "logins.revoke": lambda c, t: _logins(c).revoke(grant=PERSON),
    "logins.record_failure": lambda c, t: _logins(c).record_failure(STANDING),
    "logins.record_success": lambda c, t: _logins(c).record_success(STANDING, Renewal("x", "y")),
    "logins.record_success, of a person": lambda c, t: _logins(c).record_success(
        replace(STANDING, kind="staff", account_id=PERSON.holder_id), None
    ),
    "events.position": lambda c, t: EventRepository(c).position(store_id=STORE),
    "events.can_resume": lambda c, t: EventRepository(c).can_resume(store_id=STORE, event_id=1),
    "events.can_resume, if they are few": lambda c, t: EventRepository(c).can_resume(
        store_id=STORE, event_id=1, limit=1000
    ),
    "events.is_session_active": lambda c, t: EventRepository(c).is_session_active(table=t),
    "events.list_after": lambda c, t: EventRepository(c).list_after(store_id=STORE, event_id=1, limit=100),
    "events.snapshot_of_store": lambda c, t: EventRepository(c).snapshot_of_store(store_id=STORE),
    "events.snapshot_of_session": lambda c, t: EventRepository(c).snapshot_of_session(table=t),
    "events.notify": lambda c, t: EventRepository(c).notify(store_ids=[STORE, STORE + 1]),
    "events.latest": lambda c, t: EventRepository(c).latest(store_ids=[STORE, STORE + 1]),
    "tickets.add_for_table": lambda c, t: TicketRepository(c).add_for_table(table=t, claims={}),
    "tickets.add_for_admin": lambda c, t: TicketRepository(c).add_for_admin(store_id=STORE, claims={}),
    "tickets.redeem": lambda c, t: TicketRepository(c).redeem(ticket="50.x"),
    "housekeeping.prune_events": lambda c, t: tables.prune_events(c, 100, older_than=19.9 * 3600),
    "housekeeping.prune_idempotency_keys": lambda c, t: tables.prune_idempotency_keys(c, 100),
    "housekeeping.prune_admin_keys": lambda c, t: tables.prune_admin_keys(c, 100),
    "housekeeping.prune_table_sessions": lambda c, t: tables.prune_table_sessions(c, 100),
    "housekeeping.prune_menus": lambda c, t: tables.prune_menus(c, 100),
    "housekeeping.prune_pictures": lambda c, t: tables.prune_pictures(c, 100),
    "housekeeping.prune_options": lambda c, t: tables.prune_options(c, 100),
    "housekeeping.prune_option_groups": lambda c, t: tables.prune_option_groups(c, 100),
    "housekeeping.prune_stream_tickets": lambda c, t: tables.prune_stream_tickets(c, 10),
    "housekeeping.prune_enrolments": lambda c, t: tables.prune_enrolments(c, 10),
    "housekeeping.prune_failed_logins": lambda c, t: tables.prune_failed_logins(c, 100, window=300),
    "housekeeping.prune_familiar_addresses": lambda c, t: tables.prune_familiar_addresses(c, 100),
    "housekeeping.prune_approvals": lambda c, t: tables.prune_approvals(c, 10),
    "housekeeping.prune_audit_log": lambda c, t: tables.prune_audit_log(c, 100, older_than=365),
}
CALLS |= entries("PLANS")

ONE_ROW = {"event_horizon"}


def test_every_method_of_every_repository_is_here():
    named = {word.strip(", ") for call in CALLS for word in call.split() if "." in word}
    methods = {
        f"{noun}.{name}"
        for noun, repository in repositories_by_noun()
        for name in vars(repository)
        if not name.startswith("_")
    }
    methods |= {f"housekeeping.{name}" for name in vars(tables) if name.startswith("prune_")}
    # require is a look-up by primary key that delete makes.
    assert methods - {"tables.require"} == named


# They are for the operator, who sees all stores.
OPERATORS = {"StoreRepository", "OldPictureRepository"}


def repositories_by_noun() -> Iterator[tuple[str, type]]:
    """The application's: each is in the module of its noun."""
    for module in pkgutil.iter_modules(repositories.__path__, f"{repositories.__name__}."):
        for name, value in vars(importlib.import_module(module.name)).items():
            if name.endswith("Repository") and value.__module__ == module.name and name not in OPERATORS:
                yield module.name.rpartition(".")[2], value


def test_a_listing_that_the_caller_has_is_not_built(large):
    listings: list[Listing] = []

    def look(connection: Connection, table: TableIdentity) -> None:
        known_version = listings[-1].version if listings else None
        listings.append(OrderRepository(connection).list_by_table(store_id=STORE, known_version=known_version))

    built, known = large.cost(look), large.cost(look)
    assert listings[0].version and listings == [listings[0], replace(listings[0], document=None)]
    assert known.scanned <= ONE_ROW
    assert known.pages < 40 < built.pages  # the store's tables are 20


@pytest.mark.parametrize("call", CALLS)
def test_a_call_scans_no_table_and_costs_the_same_on_ten_times_the_data(call, small, large):
    before, after = small.cost(CALLS[call]), large.cost(CALLS[call])
    assert after.scanned - ONE_ROW == set()
    assert after.pages <= before.pages * 1.25 + 12, (before.pages, after.pages)  # an index may be a level deeper


# Ten times as many sessions and voids of one store, one table, one number: years instead of months. And as many calls
# at the store's other tables: a loud day.
YEARS = """
INSERT INTO order_history (session_id, table_id, store_id, table_number, completed_time, archived_order_data)
SELECT gen_random_uuid(), %(table)s, %(store)s, 7, timestamptz '2026-01-01' + n * interval '1 minute',
       jsonb_build_object('orders', repeat('x', 500))
  FROM generate_series(1, %(entries)s) AS n;
INSERT INTO order_voids (store_id, order_id, session_id, table_id, table_number, voided_at, voided_by, voided_order)
SELECT %(store)s, (SELECT max(order_id) FROM order_voids) + n, gen_random_uuid(), %(table)s, 7,
       timestamptz '2026-01-01' + n * interval '1 minute', 'admin',
       jsonb_build_object('items', repeat('x', 500))
  FROM generate_series(1, %(entries)s) AS n;
INSERT INTO calls (store_id, session_id, table_id, table_number, items, asked_at, closed_at)
SELECT store_id, session_id, table_id, 1, '[]', asked_at, asked_at
  FROM table_sessions
 CROSS JOIN LATERAL (SELECT now() - n * interval '1 second' AS asked_at
                       FROM generate_series(1, %(entries)s / 20) AS n) AS asked
 WHERE store_id = %(store)s AND table_id <> %(table)s;
"""
BOOKS = [call for call in CALLS if call.startswith(("history.", "voids."))]
WITH_CALLS = [call for call in CALLS if call.startswith("calls.")] + ["sessions.end", "tables.delete"]


@pytest.fixture(scope="module")
def old(make_database) -> Iterator[Callable[[int], Installation]]:
    """An installation of 50 stores, of which one has had so many sessions and voids more."""
    installations: dict[int, Installation] = {}

    def make(entries: int) -> Installation:
        if entries not in installations:
            url = make_database()
            installations[entries] = installation = Installation(url, STORE)
            installation.run("RESET ROLE")
            with installation.raw.cursor() as cursor:
                cursor.execute(YEARS, {"table": TABLE, "store": STORE, "entries": entries})
            installation.run("VACUUM ANALYZE")
            installation.run(EXPLAIN)
        return installations[entries]

    yield make
    for installation in installations.values():
        installation.raw.close()


@pytest.mark.parametrize("call", BOOKS)
def test_a_page_of_the_books_costs_the_same_however_long_they_are(call, old):
    """But for the count of all entries, which is made in the index alone: 150 of them in a page."""
    before, after = old(2_000).cost(CALLS[call]), old(20_000).cost(CALLS[call])
    assert after.scanned - ONE_ROW == set()
    counted = 18_000 / 100 if "total_count" in _answer(old(2_000), call) else 0
    assert after.pages <= before.pages * 1.25 + 12 + counted, (before.pages, after.pages)


@pytest.mark.parametrize("call", WITH_CALLS)
def test_a_call_costs_the_same_however_loud_the_other_tables_are(call, old):
    before, after = old(2_000).cost(CALLS[call]), old(20_000).cost(CALLS[call])
    assert "calls" not in after.scanned
    assert after.pages <= before.pages * 1.25 + 12, (before.pages, after.pages)


def _answer(installation: Installation, call: str) -> dict:
    documents: list[str] = []
    installation.cost(lambda connection, table: documents.append(CALLS[call](connection, table)))
    return json.loads(documents[0])
