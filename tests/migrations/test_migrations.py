"""Every migration, up and down, with rows in the tables."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest
from psycopg2.extensions import connection as Connection
from yoyo import get_backend, read_migrations

from tableorder.database.embedded import EmbeddedServer
from tableorder.database.migrations import SOURCE, apply_pending, required_migrations, yoyo_url
from tests.factories import (
    add_category,
    add_history,
    add_menu,
    add_order,
    add_order_item,
    add_store,
    add_table,
    fill_every_table,
    query,
    start_session,
    value,
)

VERSIONS = required_migrations()
PG_DUMP = EmbeddedServer(Path.cwd()).bin("pg_dump")

Rows = dict[str, dict[str, dict]]


class Database:
    """A database that goes from version to version. Version 0 is before the first migration."""

    def __init__(self, url: str) -> None:
        self.url = url

    def connect(self) -> closing[Connection]:
        connection = psycopg2.connect(self.url)
        connection.autocommit = True
        query(connection, "SET timezone = 'Asia/Seoul'")
        return closing(connection)

    def apply_to(self, version: int) -> None:
        with get_backend(yoyo_url(self.url)) as backend:
            backend.apply_migrations(backend.to_apply(read_migrations(str(SOURCE))[:version]))

    def roll_back_to(self, version: int) -> None:
        with get_backend(yoyo_url(self.url)) as backend:
            backend.rollback_migrations(backend.to_rollback(read_migrations(str(SOURCE))[version:]))

    def schema(self) -> str:
        """The schema as SQL, yoyo's own tables left out."""
        options = ["--schema-only", "--restrict-key=same", "--exclude-table=_yoyo_*", "--exclude-table=yoyo_lock"]
        dump = subprocess.run([PG_DUMP, *options, self.url], check=True, capture_output=True, text=True)
        return dump.stdout

    def rows(self) -> Rows:
        """All rows: by table, then by primary key."""
        with self.connect() as connection:
            return {table: _rows_of(connection, table, key) for table, key in query(connection, PRIMARY_KEYS)}

    def query(self, statement: str, *parameters: object) -> list[tuple]:
        with self.connect() as connection:
            return query(connection, statement, *parameters)


PRIMARY_KEYS = """
SELECT conrelid::regclass::text, array_agg(attname::text)
  FROM pg_constraint
  JOIN pg_attribute ON attrelid = conrelid AND attnum = ANY(conkey)
 WHERE contype = 'p' AND connamespace = 'public'::regnamespace AND conrelid::regclass::text NOT LIKE '%yoyo%'
 GROUP BY conrelid
"""


def _rows_of(connection: Connection, table: str, key: list[str]) -> dict[str, dict]:
    rows = (row for (row,) in query(connection, f"SELECT to_jsonb({table}) FROM {table}"))
    return {" ".join(str(row[column]) for column in key): row for row in rows}


def _keys(rows: Rows) -> dict[str, set[str]]:
    return {table: set(by_key) for table, by_key in rows.items()}


@pytest.fixture
def database(empty_database_url: str) -> Database:
    return Database(empty_database_url)


@pytest.fixture
def at_version(database: Database) -> Iterator[Callable[[int], Connection]]:
    """Take the database to a version and connect to it."""
    with database.connect() as connection:

        def go(version: int) -> Connection:
            database.apply_to(version)
            return connection

        yield go


# The files


def test_files_are_numbered_from_one_without_gaps():
    assert [int(name[:4]) for name in VERSIONS] == list(range(1, len(VERSIONS) + 1))


@pytest.mark.parametrize("name", VERSIONS)
def test_a_migration_says_what_it_is_for_and_how_to_undo_it(name):
    assert re.fullmatch(r"\d{4}\.[a-z]+(-[a-z]+)+", name)
    first_line = (SOURCE / f"{name}.sql").read_text().splitlines()[0]
    assert re.fullmatch(r"-- (?!depends:|transactional:).{30,}", first_line)
    assert (SOURCE / f"{name}.rollback.sql").read_text().strip()


def test_a_migration_depends_on_the_one_before():
    for before, migration in zip((None, *VERSIONS), read_migrations(str(SOURCE)), strict=False):
        migration.load()
        assert {needed.id for needed in migration.depends} == ({before} if before else set()), migration.id


def test_a_rollback_belongs_to_a_migration():
    rollbacks = {path.name.removesuffix(".rollback.sql") for path in SOURCE.glob("*.rollback.sql")}
    assert rollbacks == set(VERSIONS)
    assert {path.suffix for path in SOURCE.iterdir()} == {".sql"}


# Up and down


def test_all_up_all_down_and_up_again_make_the_same_schema(database):
    nothing = database.schema()
    database.apply_to(len(VERSIONS))
    everything = database.schema()
    database.roll_back_to(0)
    assert database.schema() == nothing
    database.apply_to(len(VERSIONS))
    assert database.schema() == everything
    assert everything.count("CREATE TABLE") == 12


def test_all_down_with_rows_in_every_table(database):
    nothing = database.schema()
    database.apply_to(len(VERSIONS))
    with database.connect() as connection:
        fill_every_table(connection)
    database.roll_back_to(0)
    assert database.schema() == nothing


@pytest.mark.parametrize("version", range(1, len(VERSIONS) + 1), ids=lambda version: VERSIONS[version - 1])
def test_one_step_down_and_up_keeps_the_rows_and_the_schema(database, version):
    database.apply_to(version - 1)
    schema_before = database.schema()
    database.apply_to(version)
    schema = database.schema()
    with database.connect() as connection:
        fill_every_table(connection)
    rows = database.rows()
    assert all(rows.values()), "a table without rows shows nothing"

    database.roll_back_to(version - 1)
    assert database.schema() == schema_before
    kept = _keys(database.rows())
    assert kept.items() <= _keys(rows).items()

    database.apply_to(version)
    assert database.schema() == schema
    again = database.rows()
    again.pop("menu_versions", None), rows.pop("menu_versions", None)  # new random versions are as good
    assert {table: again[table] for table in kept if table in again} == {table: rows[table] for table in kept if table in rows}


@pytest.mark.parametrize("version", range(1, len(VERSIONS)), ids=lambda version: VERSIONS[version - 1])
def test_rows_of_a_version_survive_to_the_newest(database, version):
    database.apply_to(version)
    with database.connect() as connection:
        fill_every_table(connection)
    rows = _keys(database.rows())
    apply_pending(database.url)
    assert rows.items() <= _keys(database.rows()).items()


def test_a_rollback_of_the_roles_leaves_them_to_other_databases(database):
    database.apply_to(len(VERSIONS))
    database.roll_back_to(0)
    assert database.query("SELECT count(*) FROM pg_roles WHERE rolname IN ('tableorder', 'tableorder_owner')") == [(2,)]


# What a migration does to the rows that are there


def test_a_wall_clock_time_of_seoul_becomes_its_moment(at_version):
    connection = at_version(3)
    store_id = add_store(connection, created_at="2026-05-05 09:00")
    table_id = add_table(connection, store_id, created_at="1988-06-01 12:00")  # Seoul had summer time then
    session_id = start_session(connection, table_id, start_time="2026-12-31 23:59:59.123456", end_time="infinity")
    query(connection, "SET timezone = 'America/New_York'")
    at_version(4)

    def moment(column: str, table: str) -> str:
        return value(connection, f"SELECT ({column} AT TIME ZONE 'UTC')::text FROM {table}")

    assert moment("created_at", "stores") == "2026-05-05 00:00:00"
    assert moment("created_at", "tables") == "1988-06-01 02:00:00"
    assert moment("start_time", "table_sessions") == "2026-12-31 14:59:59.123456"
    assert moment("end_time", f"table_sessions WHERE session_id = '{session_id}'") == "infinity"


def test_going_back_to_wall_clock_times_gives_those_of_seoul(database, at_version):
    connection = at_version(4)
    add_store(connection, created_at="2026-05-05 00:00+00")
    database.roll_back_to(3)
    assert value(connection, "SELECT created_at::text FROM stores") == "2026-05-05 09:00:00"


def test_missing_values_of_columns_with_a_default_are_filled_in(at_version):
    connection = at_version(4)
    menu_id, order_id, session_id = _add_meal(connection)
    query(connection, "UPDATE stores SET created_at = NULL, updated_at = NULL")
    query(connection, "UPDATE categories SET display_order = NULL, created_at = NULL")
    query(connection, "UPDATE menus SET display_order = NULL, created_at = NULL, updated_at = NULL")
    query(connection, "UPDATE tables SET created_at = NULL")
    query(connection, "UPDATE table_sessions SET start_time = NULL, is_active = NULL")
    query(connection, "UPDATE orders SET order_time = NULL, status = NULL")
    at_version(5)
    assert query(connection, "SELECT display_order FROM menus WHERE menu_id = %s", menu_id) == [(0,)]
    assert query(connection, "SELECT status FROM orders WHERE order_id = %s", order_id) == [("대기중",)]
    ended = "SELECT is_active, end_time IS NOT NULL FROM table_sessions WHERE session_id = %s"
    assert query(connection, ended, session_id) == [(False, True)]
    for table in ("stores", "categories", "menus", "tables"):
        assert value(connection, f"SELECT created_at <= now() FROM {table}")


def test_a_session_of_unknown_state_does_not_stay_the_tables_current_one(at_version):
    connection = at_version(4)
    _add_meal(connection)
    query(connection, "UPDATE table_sessions SET is_active = NULL")
    at_version(len(VERSIONS))
    assert query(connection, "SELECT current_session_id FROM tables") == [(None,)]


def test_an_order_line_takes_over_the_name_of_its_menu(at_version):
    connection = at_version(5)
    menu_id, order_id, _ = _add_meal(connection)
    query(connection, "UPDATE menus SET menu_name = '된장찌개'")
    at_version(6)
    assert query(connection, "SELECT order_id, menu_id, menu_name FROM order_items") == [(order_id, menu_id, "된장찌개")]
    query(connection, "UPDATE menus SET menu_name = '순두부찌개', deleted_at = now()")
    add_order_item(connection, order_id, menu_id)
    names = query(connection, "SELECT menu_name FROM order_items ORDER BY order_item_id")
    assert names == [("된장찌개",), ("순두부찌개",)]


def test_of_several_active_sessions_the_current_one_stays(at_version):
    connection = at_version(6)
    table_id = add_table(connection, add_store(connection))
    oldest, current, newest = (start_session(connection, table_id) for _ in range(3))
    query(connection, "UPDATE tables SET current_session_id = %s", current)
    at_version(7)
    assert _active_sessions(connection, table_id) == [current]
    assert _current_session(connection, table_id) == current
    ended = query(connection, "SELECT session_id::text FROM table_sessions WHERE end_time <= now()")
    assert {session_id for (session_id,) in ended} == {oldest, newest}


def test_of_several_active_sessions_none_of_them_current_the_newest_stays(at_version):
    connection = at_version(6)
    table_id = add_table(connection, add_store(connection))
    newest = start_session(connection, table_id, start_time="2026-05-06 12:00+09")
    start_session(connection, table_id, start_time="2026-05-05 12:00+09")
    query(connection, "UPDATE tables SET current_session_id = NULL")
    at_version(7)
    assert _active_sessions(connection, table_id) == [newest]
    assert _current_session(connection, table_id) == newest


def test_the_orders_of_a_session_that_gives_way_stay_on_the_tables_bill(at_version):
    connection = at_version(6)
    store_id = add_store(connection)
    menu_id = add_menu(connection, store_id, add_category(connection, store_id))
    table_id = add_table(connection, store_id)
    other, current = start_session(connection, table_id), start_session(connection, table_id)
    orders = {add_order(connection, other, menu_id), add_order(connection, current, menu_id)}
    at_version(7)
    bill = query(connection, "SELECT order_id FROM orders WHERE session_id = %s", current)
    assert {order_id for (order_id,) in bill} == orders


def test_a_pointer_to_an_ended_session_is_cleared(at_version):
    connection = at_version(6)
    table_id = add_table(connection, add_store(connection))
    ended = start_session(connection, table_id, is_active=False)
    query(connection, "UPDATE tables SET current_session_id = %s", ended)
    at_version(7)
    assert _current_session(connection, table_id) is None


def test_sessions_and_order_lines_get_the_store_they_belong_to(at_version):
    connection = at_version(7)
    stores = {add_store(connection), add_store(connection)}
    for store_id in stores:
        _add_meal(connection, store_id)
    at_version(8)
    for table in ("table_sessions JOIN tables USING (table_id)", "order_items JOIN orders USING (order_id)"):
        child, parent = table.split()[0], table.split()[2]
        pairs = query(connection, f"SELECT {child}.store_id, {parent}.store_id FROM {table}")
        assert set(pairs) == {(store_id, store_id) for store_id in stores}


@pytest.mark.parametrize("harm", ["DELETE FROM table_sessions", "UPDATE tables SET current_session_id = NULL"])
def test_a_wrong_current_session_is_put_right_before_it_is_forbidden(at_version, harm):
    connection = at_version(9)
    table_id = add_table(connection, add_store(connection))
    start_session(connection, table_id)
    query(connection, harm)
    at_version(10)
    assert [_current_session(connection, table_id)] == (_active_sessions(connection, table_id) or [None])


def test_history_gets_the_number_of_its_table_if_that_is_still_there(at_version):
    connection = at_version(10)
    store_id = add_store(connection)
    table_id = add_table(connection, store_id, table_number=12)
    for recorded in (table_id, table_id + 1):
        add_history(connection, store_id, recorded)
    at_version(11)
    assert query(connection, "SELECT table_number FROM order_history ORDER BY table_id") == [(12,), (None,)]


def test_stores_that_are_there_get_a_menu_version(at_version):
    connection = at_version(15)
    stores = {add_store(connection), add_store(connection)}
    at_version(16)
    assert {store_id for (store_id,) in query(connection, "SELECT store_id FROM menu_versions")} == stores


def test_public_may_not_create_in_the_schema_afterwards(database):
    """Before PostgreSQL 15 everybody may; a database that was upgraded keeps that."""
    database.query("GRANT CREATE ON SCHEMA public TO PUBLIC")
    apply_pending(database.url)
    assert database.query("SELECT has_schema_privilege('tableorder', 'public', 'CREATE')") == [(False,)]


def _add_meal(connection: Connection, store_id: int | None = None) -> tuple[int, int, str]:
    """One order of one menu: the ids of the menu, the order, the session."""
    store_id = store_id or add_store(connection)
    menu_id = add_menu(connection, store_id, add_category(connection, store_id))
    session_id = start_session(connection, add_table(connection, store_id))
    return menu_id, add_order(connection, session_id, menu_id), session_id


def _active_sessions(connection: Connection, table_id: int) -> list[str]:
    active = "SELECT session_id::text FROM table_sessions WHERE table_id = %s AND is_active"
    return [session_id for (session_id,) in query(connection, active, table_id)]


def _current_session(connection: Connection, table_id: int) -> str | None:
    return value(connection, "SELECT current_session_id::text FROM tables WHERE table_id = %s", table_id)


# yoyo's own command


def yoyo(*arguments: str, database_url: str | None) -> subprocess.CompletedProcess[str]:
    environment = {name: given for name, given in os.environ.items() if name != "DATABASE_URL"}
    if database_url:
        environment["DATABASE_URL"] = database_url
    command = [sys.executable, "-m", "yoyo", *arguments]
    return subprocess.run(command, cwd=SOURCE.parent, env=environment, capture_output=True, text=True)


def _listed(database_url: str) -> dict[str, str]:
    """Each migration's status, A or U, as `yoyo list` prints it."""
    listing = yoyo("list", database_url=database_url)
    assert listing.returncode == 0, listing.stderr
    return dict(reversed(line.split()[:2]) for line in listing.stdout.splitlines() if re.match(r"[AU] ", line))


def test_yoyo_lists_applies_and_rolls_back_the_database_of_the_environment(database):
    assert _listed(database.url) == dict.fromkeys(VERSIONS, "U")
    assert yoyo("apply", database_url=database.url).returncode == 0
    assert _listed(database.url) == dict.fromkeys(VERSIONS, "A")
    schema = database.schema()
    assert yoyo("rollback", database_url=database.url).returncode == 0
    assert _listed(database.url) == dict.fromkeys(VERSIONS, "A") | {VERSIONS[-1]: "U"}
    assert yoyo("apply", database_url=database.url).returncode == 0
    assert database.schema() == schema


def test_yoyo_without_a_database_in_the_environment_fails():
    result = yoyo("list", database_url=None)
    assert result.returncode != 0
    assert "DATABASE_URL" in result.stderr


# Without a superuser


@pytest.fixture(scope="module")
def bare_server(tmp_path_factory) -> Iterator[EmbeddedServer]:
    """A server on which nobody has made the roles yet."""
    import tempfile

    with tempfile.TemporaryDirectory(prefix="tableorder-test-") as directory, EmbeddedServer(Path(directory)) as server:
        yield server
