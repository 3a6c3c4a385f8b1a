"""What the constraints and triggers of the schema do."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import psycopg2
import pytest
from psycopg2 import errors
from psycopg2.extensions import connection as Connection

from tests.factories import (
    Shop,
    add_history,
    add_menu,
    add_order,
    add_order_item,
    add_store,
    add_table,
    fill_every_table,
    insert,
    query,
    start_session,
    value,
)
from tests.migrations.schema_snapshot import store_tables
from tests.waiting import until_it_holds_up_somebody

Connect = Callable[..., Connection]

# What is there and what is not, for the tests below


@pytest.fixture
def admin(connect: Connect) -> Connection:
    """A superuser's connection."""
    return connect()


@pytest.fixture
def shops(admin: Connection) -> tuple[Shop, Shop]:
    return fill_every_table(admin)


@pytest.fixture
def shop(shops: tuple[Shop, Shop]) -> Shop:
    return shops[0]


def _count(connection: Connection, table: str, store_id: int) -> int:
    return value(connection, f"SELECT count(*) FROM {table} WHERE store_id = %s", store_id)


def _current_session(connection: Connection, table_id: int) -> str | None:
    return value(connection, "SELECT current_session_id::text FROM tables WHERE table_id = %s", table_id)


# Deleting


BOOKS = ["order_history", "order_voids", "stock_moves", "audit_log"]

TABLES_WITH_BOOKS = "SELECT tgrelid::regclass::text FROM pg_trigger WHERE tgfoid = 'refuse_to_change_books'::regproc"
REFERENCES = """
SELECT conname FROM pg_constraint
 WHERE contype = 'f' AND connamespace = 'public'::regnamespace AND conname NOT LIKE '%_store_id_fkey'
"""


def _names(connection: Connection, statement: str) -> set[str]:
    return {name for (name,) in query(connection, statement)}


def test_the_books_below_are_all_that_there_are(admin):
    assert _names(admin, TABLES_WITH_BOOKS) == set(BOOKS)


@pytest.mark.parametrize("role", [None, "tableorder_owner"])
def test_a_store_is_deleted_in_one_statement_and_its_books_stay(admin, shops, connect, role):
    query(connect(role=role), "DELETE FROM stores WHERE store_id = %s", shops[0].store_id)
    for table in store_tables():
        assert bool(_count(admin, table, shops[0].store_id)) == (table in [*BOOKS, "events"]), table
        assert _count(admin, table, shops[1].store_id), table


def test_a_table_with_its_sessions_and_orders_is_deleted_in_one_statement(admin, shop):
    query(admin, "DELETE FROM tables WHERE table_id = %s", shop.table_id)
    counts = {table: _count(admin, table, shop.store_id) for table in store_tables()}
    gone = {"tables", "table_sessions", "orders", "order_items", "calls", "devices", "enrolments"}
    assert {table for table, count in counts.items() if not count} == gone


@pytest.mark.parametrize(
    "removal", ["menus WHERE menu_id = %(menu_id)s", "categories WHERE category_id = %(category_id)s"]
)
def test_a_menu_that_lines_refer_to_is_not_removed(admin, shop, removal):
    with pytest.raises(errors.ForeignKeyViolation) as refusal, admin.cursor() as cursor:
        cursor.execute(f"DELETE FROM {removal}", vars(shop))
    assert refusal.value.diag.constraint_name == "order_items_menu_id_fkey"
    assert _count(admin, "order_items", shop.store_id) == 1


def test_a_menu_that_lines_refer_to_is_retired(admin, shop):
    query(admin, "UPDATE menus SET deleted_at = now() WHERE menu_id = %s", shop.menu_id)
    assert _count(admin, "order_items", shop.store_id) == 1


def test_a_menu_without_lines_is_removed_with_its_category(admin, shop):
    query(admin, "DELETE FROM orders WHERE order_id = %s", shop.order_id)
    query(admin, "DELETE FROM categories WHERE category_id = %s", shop.category_id)
    assert _count(admin, "menus", shop.store_id) == 0


# References stay in one store


CROSSINGS = [
    (
        "menus_category_id_fkey",
        """INSERT INTO menus (store_id, category_id, menu_name, price)
           VALUES (%(store_id)s, %(other_category_id)s, '국', 1)""",
    ),
    ("menus_category_id_fkey", "UPDATE menus SET category_id = %(other_category_id)s WHERE menu_id = %(menu_id)s"),
    (
        "table_sessions_table_id_fkey",
        "INSERT INTO table_sessions (store_id, table_id, is_active) VALUES (%(store_id)s, %(other_table_id)s, false)",
    ),
    (
        "table_sessions_table_id_fkey",
        "UPDATE table_sessions SET store_id = %(other_store_id)s WHERE session_id = %(session_id)s",
    ),
    (
        "orders_table_id_fkey",
        """INSERT INTO orders (store_id, table_id, session_id, total_amount)
           VALUES (%(store_id)s, %(other_table_id)s, %(other_session_id)s, 1)""",
    ),
    ("orders_table_id_fkey", "UPDATE orders SET store_id = %(other_store_id)s WHERE order_id = %(empty_order_id)s"),
    (
        "orders_session_id_fkey",
        """INSERT INTO orders (store_id, table_id, session_id, total_amount)
           VALUES (%(store_id)s, %(table_id)s, %(other_session_id)s, 1)""",
    ),
    ("orders_session_id_fkey", "UPDATE orders SET session_id = %(other_session_id)s WHERE order_id = %(order_id)s"),
    (
        "order_items_order_id_fkey",
        """INSERT INTO order_items (store_id, order_id, menu_id, quantity, unit_price)
           VALUES (%(store_id)s, %(other_order_id)s, %(menu_id)s, 1, 1)""",
    ),
    (
        "order_items_menu_id_fkey",
        """INSERT INTO order_items (store_id, order_id, menu_id, quantity, unit_price)
           VALUES (%(store_id)s, %(order_id)s, %(other_menu_id)s, 1, 1)""",
    ),
    (
        "order_items_menu_id_fkey",
        "UPDATE order_items SET menu_id = %(other_menu_id)s WHERE order_item_id = %(order_item_id)s",
    ),
    (
        "options_group_id_fkey",
        "UPDATE options SET group_id = %(other_group_id)s WHERE option_id = %(option_id)s",
    ),
    (
        "menu_option_groups_menu_id_fkey",
        "UPDATE menu_option_groups SET menu_id = %(other_menu_id)s WHERE group_id = %(group_id)s",
    ),
    (
        "menu_option_groups_group_id_fkey",
        "UPDATE menu_option_groups SET group_id = %(other_group_id)s WHERE menu_id = %(menu_id)s",
    ),
    (
        "menu_dayparts_menu_id_fkey",
        "UPDATE menu_dayparts SET menu_id = %(other_menu_id)s WHERE menu_id = %(menu_id)s",
    ),
    (
        "menu_dayparts_daypart_id_fkey",
        """UPDATE menu_dayparts
              SET daypart_id = (SELECT daypart_id FROM dayparts WHERE store_id = %(other_store_id)s)
            WHERE menu_id = %(menu_id)s""",
    ),
    (
        "category_dayparts_category_id_fkey",
        "UPDATE category_dayparts SET category_id = %(other_category_id)s WHERE category_id = %(category_id)s",
    ),
    (
        "category_dayparts_daypart_id_fkey",
        """UPDATE category_dayparts
              SET daypart_id = (SELECT daypart_id FROM dayparts WHERE store_id = %(other_store_id)s)
            WHERE category_id = %(category_id)s""",
    ),
    (
        "stock_menu_id_fkey",
        "INSERT INTO stock (store_id, menu_id, remaining) VALUES (%(store_id)s, %(other_menu_id)s, 1)",
    ),
    (
        "stock_option_id_fkey",
        "UPDATE stock SET option_id = %(other_empty_option_id)s WHERE option_id = %(option_id)s",
    ),
    (
        "calls_session_id_fkey",
        """INSERT INTO calls (store_id, table_id, session_id, table_number, items, closed_at)
           VALUES (%(store_id)s, %(table_id)s, %(other_session_id)s, 1, '[]', now())""",
    ),
    (
        "calls_table_id_fkey",
        """INSERT INTO calls (store_id, table_id, session_id, table_number, items, closed_at)
           VALUES (%(store_id)s, %(other_table_id)s, %(other_session_id)s, 1, '[]', now())""",
    ),
    (
        "devices_table_id_fkey",
        "UPDATE devices SET table_id = %(other_table_id)s WHERE table_id = %(table_id)s",
    ),
    (
        "enrolments_table_id_fkey",
        "UPDATE enrolments SET table_id = %(other_table_id)s WHERE table_id = %(table_id)s",
    ),
    (
        "approvals_staff_id_fkey",
        """INSERT INTO approvals (token_hash, store_id, action, approved_by, staff_id, token_epoch, expires_at)
           SELECT '-', %(store_id)s, 'read_books', 'x', staff_id, 1, now()
             FROM staff WHERE store_id = %(other_store_id)s""",
    ),
    (
        "menus_picture_sha256_fkey",
        """UPDATE menus SET picture_sha256 = (SELECT sha256 FROM pictures WHERE store_id = %(other_store_id)s)
            WHERE menu_id = %(menu_id)s""",
    ),
    (
        "tables_current_session_id_fkey",
        "UPDATE tables SET current_session_id = %(other_session_id)s WHERE table_id = %(table_id)s",
    ),
]


def option_ids(admin: Connection, shop: Shop) -> dict[str, int]:
    """Of the store's group, of its option that is counted, and of one more that is not."""
    [(group_id, option_id)] = query(admin, "SELECT group_id, option_id FROM options WHERE store_id = %s", shop.store_id)
    option = {"store_id": shop.store_id, "group_id": group_id, "option_name": "특"}
    return {
        "group_id": group_id,
        "option_id": option_id,
        "empty_option_id": insert(admin, "options", "option_id", **option),
    }


@pytest.mark.parametrize(("constraint", "statement"), CROSSINGS, ids=[constraint for constraint, _ in CROSSINGS])
def test_a_row_does_not_refer_to_another_stores_row(admin, shops, constraint, statement):
    ids = vars(shops[0]) | {f"other_{name}": given for name, given in vars(shops[1]).items()}
    ids["empty_order_id"] = add_order(admin, shops[0].session_id)
    ids |= option_ids(admin, shops[0]) | {f"other_{name}": id_ for name, id_ in option_ids(admin, shops[1]).items()}
    with pytest.raises(errors.ForeignKeyViolation) as refusal, admin.cursor() as cursor:
        cursor.execute(statement, ids)
    assert refusal.value.diag.constraint_name == constraint


def test_every_reference_between_tables_of_a_store_is_crossed_above(admin):
    assert {constraint for constraint, _ in CROSSINGS} == _names(admin, REFERENCES)


def test_an_order_is_not_put_on_a_session_of_another_table(admin, shop):
    other = start_session(admin, add_table(admin, shop.store_id))
    with pytest.raises(errors.ForeignKeyViolation):
        add_order(admin, other, table_id=shop.table_id)


def test_a_line_takes_its_menus_name_and_its_orders_store_if_not_given(admin, shop):
    line = "SELECT menu_name, store_id FROM order_items WHERE order_item_id = %s"
    name = value(admin, "SELECT menu_name FROM menus WHERE menu_id = %s", shop.menu_id)
    plain = add_order_item(admin, shop.order_id, shop.menu_id)
    assert query(admin, line, plain) == [(name, shop.store_id)]
    named = add_order_item(admin, shop.order_id, shop.menu_id, menu_name="옛 이름")
    assert query(admin, line, named) == [("옛 이름", shop.store_id)]


@pytest.mark.parametrize("missing", ["menu_id", "order_id"])
def test_a_line_of_nothing_is_refused(admin, shop, missing):
    with pytest.raises(psycopg2.IntegrityError):
        add_order_item(admin, **{"order_id": shop.order_id, "menu_id": shop.menu_id} | {missing: 2_000_000_000})


# Values


@pytest.mark.parametrize("amount", [0, -1])
@pytest.mark.parametrize(
    "assignment",
    ["menus SET price", "orders SET total_amount", "order_items SET quantity", "order_items SET unit_price"],
)
def test_money_and_quantities_are_positive(admin, shop, assignment, amount):
    with pytest.raises(errors.CheckViolation):
        query(admin, f"UPDATE {assignment} = %s", amount)


@pytest.mark.parametrize("status", ["대기중", "준비중", "완료"])
def test_an_order_has_one_of_three_statuses(admin, shop, status):
    query(admin, "UPDATE orders SET status = %s", status)


@pytest.mark.parametrize("status", ["", "취소", "대기중 ", "완료됨"])
def test_an_order_has_no_other_status(admin, shop, status):
    with pytest.raises(errors.CheckViolation):
        query(admin, "UPDATE orders SET status = %s", status)


@pytest.mark.parametrize(
    ("constraint", "add"),
    [
        ("stores_admin_username_key", lambda c, shop, n: add_store(c, admin_username="사장님")),
        ("tables_store_id_table_number_key", lambda c, shop, n: add_table(c, shop.store_id, table_number=99)),
        (
            "categories_store_id_category_name_key",
            lambda c, shop, n: insert(c, "categories", "category_id", store_id=shop.store_id, category_name="안주"),
        ),
        (
            "order_history_session_id_key",
            lambda c, shop, n: add_history(c, shop.store_id, n, session_id=shop.session_id),
        ),
    ],
)
def test_names_are_unique_and_a_session_is_archived_once(admin, shop, constraint, add):
    add(admin, shop, 1)
    with pytest.raises(errors.UniqueViolation) as refusal:
        add(admin, shop, 2)
    assert refusal.value.diag.constraint_name == constraint


@pytest.mark.parametrize("table", ["stores", "menus"])
@pytest.mark.parametrize("assignment", ["created_at = created_at", "updated_at = '2000-01-01'"])
def test_updated_at_follows_every_update(admin, shops, table, assignment):
    before = value(admin, f"SELECT max(updated_at) FROM {table}")
    query(admin, f"UPDATE {table} SET {assignment} WHERE store_id = %s", shops[0].store_id)
    changed = f"SELECT store_id FROM {table} WHERE updated_at > %s"
    assert query(admin, changed, before) == [(shops[0].store_id,)]


# Sessions


def test_of_simultaneous_sessions_of_a_table_one_is_active(admin, connect):
    table_id = add_table(admin, add_store(admin))
    together = Barrier(8)

    def start(connection: Connection) -> tuple[str | None, str | None]:
        together.wait()
        try:
            return start_session(connection, table_id), None
        except errors.UniqueViolation as refusal:
            return None, refusal.diag.constraint_name

    with ThreadPoolExecutor(8) as threads:
        outcomes = list(threads.map(start, [connect() for _ in range(8)]))
    [started] = [session_id for session_id, _ in outcomes if session_id]
    assert _current_session(admin, table_id) == started
    assert [refusal for _, refusal in outcomes if refusal] == ["table_sessions_one_active_per_table"] * 7


def test_a_second_active_session_waits_for_the_first_and_is_refused(admin, connect):
    table_id = add_table(admin, add_store(admin))
    first, second = connect(), connect()
    query(first, "BEGIN")
    start_session(first, table_id)
    with ThreadPoolExecutor(1) as thread:
        waiting = thread.submit(start_session, second, table_id)
        until_it_holds_up_somebody(first, admin)
        query(first, "COMMIT")
        with pytest.raises(errors.UniqueViolation):
            waiting.result()


def test_a_new_session_becomes_the_tables_current_one_if_it_is_active(admin):
    table_id = add_table(admin, add_store(admin))
    start_session(admin, table_id, is_active=False)
    assert _current_session(admin, table_id) is None
    active = start_session(admin, table_id)
    assert _current_session(admin, table_id) == active


def test_the_current_session_goes_when_it_ends_and_comes_back_when_it_is_reopened(admin, shop):
    change = "UPDATE table_sessions SET is_active = %s WHERE session_id = %s"
    query(admin, change, False, shop.session_id)
    assert _current_session(admin, shop.table_id) is None
    query(admin, change, True, shop.session_id)
    assert _current_session(admin, shop.table_id) == shop.session_id


def test_ending_an_old_session_leaves_the_newer_one(admin):
    """Even if there were two active ones, which the index prevents."""
    query(admin, "DROP INDEX table_sessions_one_active_per_table")
    table_id = add_table(admin, add_store(admin))
    old, new = start_session(admin, table_id), start_session(admin, table_id)
    query(admin, "UPDATE table_sessions SET is_active = false WHERE session_id = %s", old)
    assert _current_session(admin, table_id) == new
    query(admin, "UPDATE table_sessions SET end_time = now() WHERE session_id = %s", old)
    assert _current_session(admin, table_id) == new


def test_a_deleted_session_is_not_the_current_one(admin, shop):
    query(admin, "DELETE FROM table_sessions WHERE table_id = %s AND NOT is_active", shop.table_id)
    assert _current_session(admin, shop.table_id) == shop.session_id
    query(admin, "DELETE FROM table_sessions WHERE session_id = %s", shop.session_id)
    assert _current_session(admin, shop.table_id) is None


def test_a_moved_session_is_the_current_one_of_its_new_table(admin, shop):
    query(admin, "DELETE FROM orders")
    new_table = add_table(admin, shop.store_id)
    query(admin, "UPDATE table_sessions SET table_id = %s WHERE session_id = %s", new_table, shop.session_id)
    assert _current_session(admin, shop.table_id) is None
    assert _current_session(admin, new_table) == shop.session_id


def test_a_session_is_not_moved_away_from_its_orders_or_onto_an_active_one(admin, shop):
    move = "UPDATE table_sessions SET table_id = %s WHERE session_id = %s"
    new_table = add_table(admin, shop.store_id)
    with pytest.raises(errors.ForeignKeyViolation):
        query(admin, move, new_table, shop.session_id)
    start_session(admin, new_table)
    query(admin, "DELETE FROM orders")
    with pytest.raises(errors.UniqueViolation):
        query(admin, move, new_table, shop.session_id)


# The books


@pytest.mark.parametrize("table", BOOKS)
@pytest.mark.parametrize("change", ["UPDATE {} SET store_id = store_id", "DELETE FROM {}", "TRUNCATE {}"])
def test_the_books_are_not_changed(admin, shop, table, change):
    with pytest.raises(errors.RestrictViolation):
        query(admin, change.format(table))


@pytest.mark.parametrize("table", BOOKS)
def test_a_retention_may_delete_from_the_books_in_its_transaction_and_nothing_else(admin, shops, table):
    retention = "SELECT set_config('app.retention', 'on', true);"
    for change in (f"UPDATE {table} SET store_id = store_id", f"TRUNCATE {table}"):
        with pytest.raises(errors.RestrictViolation):
            query(admin, f"{retention} {change}")
    query(admin, f"{retention} DELETE FROM {table} WHERE store_id = {shops[0].store_id}")
    assert _count(admin, table, shops[0].store_id) == 0
    with pytest.raises(errors.RestrictViolation):
        query(admin, f"DELETE FROM {table}")
    assert _count(admin, table, shops[1].store_id) >= 1


# The menu's version


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE menus SET price = 1 WHERE store_id = 7",
        "DELETE FROM menus WHERE store_id = 7 AND menu_name = '국'",
        "INSERT INTO categories (store_id, category_name) VALUES (7, '국')",
        "UPDATE categories SET display_order = 2 WHERE store_id = 7",
        """INSERT INTO menus (store_id, category_id, menu_name, price)
           SELECT 7, category_id, '탕', 1 FROM categories WHERE store_id = 7""",
    ],
)
def test_a_change_of_a_stores_menu_renews_its_version_and_no_others(admin, shops, change):
    add_menu(admin, 7, shops[0].category_id, menu_name="국")
    before = dict(query(admin, "SELECT store_id, version FROM menu_versions"))
    query(admin, change)
    after = dict(query(admin, "SELECT store_id, version FROM menu_versions"))
    assert {store_id for store_id in after if after[store_id] != before[store_id]} == {7}
