"""The database that is measured: so many restaurants in the middle of a rush. Every id follows from its number."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import psutil
import psycopg2

from tableorder.database.embedded import EmbeddedServer
from tableorder.database.migrations import apply_pending
from tableorder.domain.identities import AdminIdentity, TableIdentity
from tableorder.domain.passwords import hash_password
from tableorder.http.tokens import issue_token
from tableorder.management.server_config import FILE
from tests.api.server import JWT_SECRET_KEY
from tests.database.embedded import new_database, url_of

TABLES = 20  # of a store
CATEGORIES = 6  # of a store
MENUS = 60  # of a store
ORDERS = 5  # of a table's session
ITEMS = 3  # of an order
PASSWORD = "tablet-1234"

FILL = """
SET session_replication_role = replica;
INSERT INTO stores (store_id, store_name, admin_username, admin_password_hash)
SELECT store, '우리 식당 ' || store, 'admin-' || store, %(hash)s FROM generate_series(1, %(stores)s) AS store;
INSERT INTO menu_versions (store_id) SELECT store_id FROM stores;
INSERT INTO categories (category_id, store_id, category_name, display_order)
SELECT (store_id - 1) * %(categories)s + n, store_id, '분류 ' || n, n
  FROM stores, generate_series(1, %(categories)s) AS n;
INSERT INTO menus (menu_id, store_id, category_id, menu_name, price, description, display_order)
SELECT (store_id - 1) * %(menus)s + n, store_id, (store_id - 1) * %(categories)s + 1 + (n - 1) %% %(categories)s,
       '돌솥 비빔밥 ' || n, 8000 + 100 * n, '제철 나물과 고추장을 곁들인 따뜻한 돌솥 비빔밥', n
  FROM stores, generate_series(1, %(menus)s) AS n;
INSERT INTO tables (table_id, store_id, table_number, table_password_hash, current_session_id)
SELECT id, store_id, n, %(hash)s, lpad(to_hex(id), 32, '0')::uuid
  FROM stores, generate_series(1, %(tables)s) AS n, LATERAL (SELECT (store_id - 1) * %(tables)s + n AS id) AS numbered;
INSERT INTO table_sessions (session_id, table_id, store_id) SELECT current_session_id, table_id, store_id FROM tables;
INSERT INTO orders (order_id, session_id, table_id, store_id, order_time, total_amount)
SELECT (table_id - 1) * %(orders)s + n, current_session_id, table_id, store_id, now() - n * interval '7 minutes',
       %(items)s * 9000
  FROM tables, generate_series(1, %(orders)s) AS n;
INSERT INTO order_items (order_item_id, order_id, store_id, menu_id, menu_name, quantity, base_price, unit_price)
SELECT (order_id - 1) * %(items)s + n, order_id, store_id, (store_id - 1) * %(menus)s + n, '돌솥 비빔밥 ' || n, 1, 9000,
       9000
  FROM orders, generate_series(1, %(items)s) AS n;
INSERT INTO table_sessions (session_id, table_id, store_id, start_time, end_time, is_active)
SELECT md5('meal' || n)::uuid, table_id, (table_id - 1) / %(tables)s + 1, ended - interval '1 hour', ended, false
  FROM generate_series(1, %(history)s) AS n,
       LATERAL (SELECT 1 + n %% (%(stores)s * %(tables)s) AS table_id,
                       now() - n * interval '20 seconds' AS ended) AS meal;
INSERT INTO order_history (session_id, table_id, store_id, table_number, completed_time, archived_order_data)
SELECT session_id, table_id, store_id, 1 + (table_id - 1) %% %(tables)s, end_time,
       jsonb_build_object('session_total', 9000, 'orders', jsonb_build_array(jsonb_build_object(
           'order_id', 1, 'order_time', start_time, 'total_amount', 9000, 'status', '완료',
           'items', jsonb_build_array(jsonb_build_object('order_item_id', 1, 'menu_id', 1, 'menu_name', '돌솥 비빔밥',
                                      'quantity', 1, 'unit_price', 9000, 'subtotal', 9000)))))
  FROM table_sessions WHERE NOT is_active;
INSERT INTO events (store_id, event_type, event_data) SELECT store_id, 'order_created', '{}' FROM orders;
SELECT setval('orders_order_id_seq', max(order_id)) FROM orders;
SELECT setval('order_items_order_item_id_seq', max(order_item_id)) FROM order_items;
"""

# What a run wrote is taken away again, so that the next one finds what the first one found.
RESTORE = """
SET session_replication_role = replica;
DELETE FROM order_items WHERE order_item_id > %(orders)s * %(items)s;
DELETE FROM orders WHERE order_id > %(orders)s;
UPDATE orders SET status = '대기중' WHERE status <> '대기중';
DELETE FROM events WHERE event_id > %(orders)s;
"""
VACUUM = "VACUUM ANALYZE orders, order_items, table_sessions, idempotency_keys, events"


@dataclass(frozen=True)
class Town:
    """Restaurants on a PostgreSQL of their own, with the settings of sql/postgresql.conf."""

    postgres: EmbeddedServer
    url: str
    stores: int

    @property
    def orders(self) -> int:
        """How many orders are live; they have the ids from 1 on."""
        return self.stores * TABLES * ORDERS

    def table_token(self, table_id: int) -> str:
        """The token of the tablet at a table (from 1 on, 20 to a store)."""
        store_id, number = divmod(table_id - 1, TABLES)
        return issue_token(TableIdentity(store_id + 1, table_id, number + 1, str(UUID(int=table_id))), JWT_SECRET_KEY)

    def admin_token(self, store_id: int) -> str:
        """The token of a store's counter."""
        return issue_token(AdminIdentity(store_id, f"admin-{store_id}"), JWT_SECRET_KEY)

    def processes(self) -> list[psutil.Process]:
        """The postmaster and its children."""
        postmaster = psutil.Process(int((self.postgres.data / "postmaster.pid").read_text().split()[0]))
        return [postmaster, *postmaster.children()]

    def menu_versions(self) -> dict[int, str]:
        """The version of each store's menu."""
        return dict(fetch_all(self.url, "SELECT store_id, version::text FROM menu_versions"))

    def restore(self) -> None:
        """Undo what was written since the start, and tidy up after it."""
        run_sql(self.url, RESTORE, {"orders": self.orders, "items": ITEMS})
        run_sql(self.url, VACUUM)
        run_sql(self.url, "CHECKPOINT")


@contextmanager
def found_town(stores: int, history: int, settings: Sequence[str] = ()) -> Iterator[Town]:
    """A town of so many stores and past meals, gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="tableorder-bench-") as folder:
        Path(folder).chmod(0o755)  # for PostgreSQL's user
        postgres = EmbeddedServer(Path(folder) / "postgres")
        postgres.start([*server_settings(), *settings])
        try:
            with new_database(postgres.uri(), "template0") as name:
                yield _fill(Town(postgres, url_of(postgres.uri(), name), stores), history)
        finally:
            postgres.release()


def server_settings() -> list[str]:
    """sql/postgresql.conf as "name=value"."""
    lines = re.findall(r"^(\w+) = ([^#\n]*)", FILE.read_text(), re.MULTILINE)
    return [f"{name}={value.strip().strip(chr(39))}" for name, value in lines]


def fetch_all(url: str, statement: str) -> list[tuple[Any, ...]]:
    """The rows of one statement, as a superuser."""
    with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchall()


def run_sql(url: str, statement: str, parameters: dict[str, object] | None = None) -> None:
    """Run statements as a superuser, each committed by itself if there are no parameters."""
    with closing(psycopg2.connect(url)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement, parameters)


def _fill(town: Town, history: int) -> Town:
    apply_pending(town.url)
    sizes = {"categories": CATEGORIES, "menus": MENUS, "tables": TABLES, "orders": ORDERS, "items": ITEMS}
    run_sql(town.url, FILL, {"stores": town.stores, "history": history, "hash": hash_password(PASSWORD), **sizes})
    run_sql(town.url, "VACUUM ANALYZE")
    run_sql(town.url, "CHECKPOINT")
    return town
