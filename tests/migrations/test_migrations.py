"""Every migration, up and down, with rows in the tables."""

from __future__ import annotations

import base64
import hashlib
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path

import psycopg2
import pytest
from psycopg2.extensions import connection as Connection
from yoyo import get_backend, read_migrations

from tableorder.database.embedded import EmbeddedServer
from tableorder.database.migrations import SOURCE, required_migrations, yoyo_url
from tests.database.embedded import embedded_server, new_database, url_of
from tests.factories import (
    add_category,
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

VERSIONS = required_migrations()
NEWEST = len(VERSIONS)
# By the migration that drops them: tables of which nothing lasts for longer than 30 days. All other rows stay.
DROPPED = {"0048.drop-login-failures": {"login_failures", "login_addresses"}}
PG_DUMP = EmbeddedServer(Path.cwd()).bin("pg_dump")

Rows = dict[str, dict[str, dict]]


class Database:
    """A database that goes from version to version, and a connection to it. Version 0 is an empty database."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.connection = psycopg2.connect(url)
        self.connection.autocommit = True
        query(self.connection, "SET timezone = 'Asia/Seoul'")

    def close(self) -> None:
        self.connection.close()

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
        return {table: self._rows_of(table, key) for table, key in query(self.connection, PRIMARY_KEYS)}

    def _rows_of(self, table: str, key: list[str]) -> dict[str, dict]:
        rows = (row for (row,) in query(self.connection, f"SELECT to_jsonb({table}) FROM {table}"))
        return {" ".join(str(row[column]) for column in key): row for row in rows}


PRIMARY_KEYS = """
SELECT conrelid::regclass::text, array_agg(attname::text ORDER BY attnum)
  FROM pg_constraint
  JOIN pg_attribute ON attrelid = conrelid AND attnum = ANY(conkey)
 WHERE contype = 'p' AND connamespace = 'public'::regnamespace AND conrelid::regclass::text NOT LIKE '%yoyo%'
 GROUP BY conrelid
"""


def _keys(rows: Rows) -> dict[str, set[str]]:
    return {table: set(by_key) for table, by_key in rows.items()}


@dataclass(frozen=True)
class Snapshot:
    """A database to be cloned (nobody may be connected to it), and its schema."""

    name: str
    schema: str


@pytest.fixture(scope="module")
def snapshots(postgres: str) -> Iterator[list[Snapshot]]:
    """One for version 0, 1, 2, ..."""
    with ExitStack() as databases:
        made: list[Snapshot] = []
        for version in range(NEWEST + 1):
            name = databases.enter_context(new_database(postgres, made[-1].name if made else "template0"))
            with closing(Database(url_of(postgres, name))) as database:
                database.apply_to(version)
                made.append(Snapshot(name, database.schema()))
        yield made


@pytest.fixture
def database_at(postgres: str, snapshots: list[Snapshot]) -> Iterator[Callable[[int], Database]]:
    """Make a database at a version, for this test."""
    with ExitStack() as databases:

        def make(version: int) -> Database:
            name = databases.enter_context(new_database(postgres, snapshots[version].name))
            return databases.enter_context(closing(Database(url_of(postgres, name))))

        yield make


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


def test_all_up_all_down_and_up_again_make_the_same_schema(database_at):
    database = database_at(0)
    nothing = database.schema()
    database.apply_to(NEWEST)
    everything = database.schema()
    database.roll_back_to(0)
    assert database.schema() == nothing
    database.apply_to(NEWEST)
    assert database.schema() == everything
    assert everything.count("CREATE TABLE ") > len(store_tables())


def test_all_down_with_rows_in_every_table(database_at, snapshots):
    database = database_at(NEWEST)
    fill_every_table(database.connection)
    database.roll_back_to(0)
    assert database.schema() == snapshots[0].schema


@pytest.mark.parametrize("version", range(1, NEWEST + 1), ids=lambda version: VERSIONS[version - 1])
def test_one_step_down_and_up_keeps_the_rows_and_the_schema(database_at, snapshots, version):
    database = database_at(version)
    fill_every_table(database.connection)
    rows = database.rows()
    assert all(rows.values()), "a table without rows shows nothing"

    database.roll_back_to(version - 1)
    assert database.schema() == snapshots[version - 1].schema
    kept = _without_dropped(version, _keys(database.rows()))
    assert kept.items() <= _keys(rows).items()

    database.apply_to(version)
    assert database.schema() == snapshots[version].schema
    assert _lasting(database.rows(), kept) == _lasting(rows, kept)


def _lasting(rows: Rows, tables: Iterable[str]) -> Rows:
    """The rows of those tables; a menu version is random and renewed at will."""
    return {table: rows[table] for table in tables if table != "menu_versions"}


def _without_dropped(version: int, keys: dict[str, set[str]]) -> dict[str, set[str]]:
    """What has to be there before and after a migration."""
    return {table: rows for table, rows in keys.items() if table not in DROPPED.get(VERSIONS[version - 1], ())}


def test_rows_of_every_version_survive_to_the_newest(database_at):
    database, rows = database_at(0), {}
    for version in range(1, NEWEST + 1):
        database.apply_to(version)
        assert _keys(database.rows()).items() >= _without_dropped(version, rows).items()
        fill_every_table(database.connection, (version * 2, version * 2 + 1))
        rows = _keys(database.rows())
    assert len(rows["stores"]) == 2 * NEWEST


def test_a_rollback_of_the_roles_leaves_them_to_other_databases(database_at):
    database = database_at(NEWEST)
    database.roll_back_to(0)
    roles = "SELECT count(*) FROM pg_roles WHERE rolname IN ('tableorder', 'tableorder_owner')"
    assert value(database.connection, roles) == 2


# What a migration does to the rows that are there


def test_a_wall_clock_time_of_seoul_becomes_its_moment_wherever_the_server_is(database_at):
    database = database_at(3)
    connection = database.connection
    _move_server_to(connection, "America/New_York")
    store_id = add_store(connection, created_at="2026-05-05 09:00", updated_at="infinity")
    table_id = add_table(connection, store_id, created_at="1988-06-01 12:00")  # Seoul had summer time then
    start_session(connection, table_id, start_time="2026-12-31 23:59:59.123456", end_time="2027-01-01 01:00")
    database.apply_to(4)

    def moments(columns: str, table: str) -> list[str]:
        utc = (f"({column} AT TIME ZONE 'UTC')::text" for column in columns.split())
        return list(query(connection, f"SELECT {', '.join(utc)} FROM {table}")[0])

    assert moments("created_at updated_at", "stores") == ["2026-05-05 00:00:00", "infinity"]
    assert moments("created_at", "tables") == ["1988-06-01 02:00:00"]
    assert moments("start_time end_time", "table_sessions") == ["2026-12-31 14:59:59.123456", "2026-12-31 16:00:00"]


def test_going_back_to_wall_clock_times_gives_those_of_seoul(database_at):
    database = database_at(4)
    connection = database.connection
    _move_server_to(connection, "America/New_York")
    store_id = add_store(connection, created_at="2026-05-05 00:00+00")
    menu_id = add_menu(connection, store_id, add_category(connection, store_id))
    session_id = start_session(connection, add_table(connection, store_id))
    add_order(connection, session_id, menu_id, order_time="2026-05-05 15:00+00")
    database.roll_back_to(3)
    assert value(connection, "SELECT created_at::text FROM stores") == "2026-05-05 09:00:00"
    assert value(connection, "SELECT order_time::text FROM orders") == "2026-05-06 00:00:00"


def _move_server_to(connection: Connection, time_zone: str) -> None:
    """The time zone of all later connections to this database."""
    name = value(connection, "SELECT quote_ident(current_database())")
    query(connection, f"ALTER DATABASE {name} SET timezone = '{time_zone}'")


def test_going_back_from_pictures_puts_them_into_their_menus(database_at):
    database = database_at(VERSIONS.index("0051.create-pictures") + 1)
    connection = database.connection
    store_id = add_store(connection)
    webp = bytes(range(256)) * 2  # of which base64 makes several lines
    sha256 = insert(
        connection, "pictures", "sha256", store_id=store_id, sha256=hashlib.sha256(webp).digest(), webp=webp
    )
    category_id = add_category(connection, store_id)
    shown = add_menu(connection, store_id, category_id, picture_sha256=sha256)
    add_menu(connection, store_id, category_id)
    database.roll_back_to(VERSIONS.index("0051.create-pictures"))
    kept = query(connection, "SELECT menu_id, image_base64 FROM menus WHERE image_base64 IS NOT NULL")
    assert kept == [(shown, "data:image/webp;base64," + base64.b64encode(webp).decode())]


def test_missing_values_of_columns_with_a_default_are_filled_in(database_at):
    database = database_at(4)
    connection = database.connection
    menu_id, order_id, session_id = _add_meal(connection)
    query(connection, "UPDATE stores SET created_at = NULL, updated_at = NULL")
    query(connection, "UPDATE categories SET display_order = NULL, created_at = NULL")
    query(connection, "UPDATE menus SET display_order = NULL, created_at = NULL, updated_at = NULL")
    query(connection, "UPDATE tables SET created_at = NULL")
    query(connection, "UPDATE table_sessions SET start_time = NULL, is_active = NULL")
    query(connection, "UPDATE orders SET order_time = NULL, status = NULL")
    database.apply_to(5)
    assert query(connection, "SELECT display_order FROM menus WHERE menu_id = %s", menu_id) == [(0,)]
    assert query(connection, "SELECT status FROM orders WHERE order_id = %s", order_id) == [("대기중",)]
    ended = "SELECT is_active, end_time IS NOT NULL FROM table_sessions WHERE session_id = %s"
    assert query(connection, ended, session_id) == [(False, True)]
    for table in ("stores", "categories", "menus", "tables"):
        assert value(connection, f"SELECT created_at <= now() FROM {table}")


def test_a_session_of_unknown_state_does_not_stay_the_tables_current_one(database_at):
    database = database_at(4)
    connection = database.connection
    _add_meal(connection)
    query(connection, "UPDATE table_sessions SET is_active = NULL")
    database.apply_to(NEWEST)
    assert query(connection, "SELECT current_session_id FROM tables") == [(None,)]


def test_an_order_line_takes_over_the_name_of_its_menu(database_at):
    database = database_at(5)
    connection = database.connection
    menu_id, order_id, _ = _add_meal(connection)
    query(connection, "UPDATE menus SET menu_name = '된장찌개'")
    database.apply_to(6)
    assert query(connection, "SELECT order_id, menu_id, menu_name FROM order_items") == [
        (order_id, menu_id, "된장찌개")
    ]
    query(connection, "UPDATE menus SET menu_name = '순두부찌개', deleted_at = now()")
    add_order_item(connection, order_id, menu_id)
    names = query(connection, "SELECT menu_name FROM order_items ORDER BY order_item_id")
    assert names == [("된장찌개",), ("순두부찌개",)]


def test_of_several_active_sessions_the_current_one_stays(database_at):
    database = database_at(6)
    connection = database.connection
    table_id = add_table(connection, add_store(connection))
    oldest, current, newest = (start_session(connection, table_id) for _ in range(3))
    query(connection, "UPDATE tables SET current_session_id = %s", current)
    database.apply_to(7)
    assert _active_sessions(connection, table_id) == [current]
    assert _current_session(connection, table_id) == current
    ended = query(connection, "SELECT session_id::text FROM table_sessions WHERE end_time <= now()")
    assert {session_id for (session_id,) in ended} == {oldest, newest}


def test_of_several_active_sessions_none_of_them_current_the_newest_stays(database_at):
    database = database_at(6)
    connection = database.connection
    table_id = add_table(connection, add_store(connection))
    newest = start_session(connection, table_id, start_time="2026-05-06 12:00+09")
    start_session(connection, table_id, start_time="2026-05-05 12:00+09")
    query(connection, "UPDATE tables SET current_session_id = NULL")
    database.apply_to(7)
    assert _active_sessions(connection, table_id) == [newest]
    assert _current_session(connection, table_id) == newest


def test_the_orders_of_a_session_that_gives_way_stay_on_the_tables_bill(database_at):
    database = database_at(6)
    connection = database.connection
    store_id = add_store(connection)
    menu_id = add_menu(connection, store_id, add_category(connection, store_id))
    table_id = add_table(connection, store_id)
    other, current = start_session(connection, table_id), start_session(connection, table_id)
    orders = {add_order(connection, other, menu_id), add_order(connection, current, menu_id)}
    database.apply_to(7)
    bill = query(connection, "SELECT order_id FROM orders WHERE session_id = %s", current)
    assert {order_id for (order_id,) in bill} == orders


def test_a_pointer_to_an_ended_session_is_cleared(database_at):
    database = database_at(6)
    connection = database.connection
    table_id = add_table(connection, add_store(connection))
    ended = start_session(connection, table_id, is_active=False)
    query(connection, "UPDATE tables SET current_session_id = %s", ended)
    database.apply_to(7)
    assert _current_session(connection, table_id) is None


def test_sessions_and_order_lines_get_the_store_they_belong_to(database_at):
    database = database_at(7)
    connection = database.connection
    stores = {add_store(connection), add_store(connection)}
    for store_id in stores:
        _add_meal(connection, store_id)
    database.apply_to(8)
    for table in ("table_sessions JOIN tables USING (table_id)", "order_items JOIN orders USING (order_id)"):
        child, parent = table.split()[0], table.split()[2]
        pairs = query(connection, f"SELECT {child}.store_id, {parent}.store_id FROM {table}")
        assert set(pairs) == {(store_id, store_id) for store_id in stores}


@pytest.mark.parametrize("harm", ["DELETE FROM table_sessions", "UPDATE tables SET current_session_id = NULL"])
def test_a_wrong_current_session_is_put_right_before_it_is_forbidden(database_at, harm):
    database = database_at(9)
    connection = database.connection
    table_id = add_table(connection, add_store(connection))
    start_session(connection, table_id)
    query(connection, harm)
    database.apply_to(10)
    assert [_current_session(connection, table_id)] == (_active_sessions(connection, table_id) or [None])


def test_history_gets_the_number_of_its_table_if_that_is_still_there(database_at):
    database = database_at(10)
    connection = database.connection
    store_id = add_store(connection)
    table_id = add_table(connection, store_id, table_number=12)
    for recorded in (table_id, table_id + 1):
        add_history(connection, store_id, recorded)
    database.apply_to(11)
    assert query(connection, "SELECT table_number FROM order_history ORDER BY table_id") == [(12,), (None,)]


def test_stores_that_are_there_get_a_menu_version(database_at):
    database = database_at(15)
    connection = database.connection
    stores = {add_store(connection), add_store(connection)}
    database.apply_to(16)
    assert {store_id for (store_id,) in query(connection, "SELECT store_id FROM menu_versions")} == stores


def test_names_are_normalised_unless_another_row_has_that_name(database_at):
    database = database_at(next(at for at, name in enumerate(VERSIONS) if name.endswith("normalise-names")))
    decomposed = "\u1100\u116e\u11a8\u1109\u116e"
    alone, both = (add_store(database.connection, admin_username=name) for name in (f" {decomposed}\u3000", "음식"))
    kept = {
        add_category(database.connection, store_id, category_name=before): after
        for store_id, before, after in (
            (alone, decomposed, "국수"),
            (alone, f"{decomposed} ", f"{decomposed} "),
            (alone, "\u3000밥\n", "밥"),
            (alone, "\u3000", "\u3000"),
            (alone, "\u0958" * 26, "\u0958" * 26),
            (both, decomposed, decomposed),
            (both, "국수", "국수"),
        )
    }
    taken = add_store(database.connection, admin_username="음식 ")
    database.apply_to(NEWEST)
    assert dict(query(database.connection, "SELECT category_id, category_name FROM categories")) == kept
    usernames = dict(query(database.connection, "SELECT store_id, admin_username FROM stores"))
    assert usernames == {alone: "국수", both: "음식", taken: "음식 "}


def test_the_application_may_not_create_in_a_schema_where_everybody_could(database_at):
    """As everybody could before PostgreSQL 15, and still can in a database that was upgraded."""
    database = database_at(16)
    query(database.connection, "GRANT CREATE ON SCHEMA public TO PUBLIC")
    database.apply_to(17)
    assert not value(database.connection, "SELECT has_schema_privilege('tableorder', 'public', 'CREATE')")


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


def test_yoyo_lists_applies_and_rolls_back_the_database_of_the_environment(database_at):
    database = database_at(NEWEST - 2)
    schemas = {NEWEST - 2: database.schema()}
    assert _listed(database.url) == _statuses(applied=NEWEST - 2)
    assert yoyo("apply", database_url=database.url).returncode == 0
    assert _listed(database.url) == _statuses(applied=NEWEST)
    schemas[NEWEST] = database.schema()
    assert yoyo("rollback", database_url=database.url).returncode == 0
    assert _listed(database.url) == _statuses(applied=NEWEST - 1)
    assert yoyo("rollback", database_url=database.url).returncode == 0
    assert database.schema() == schemas[NEWEST - 2]
    assert yoyo("apply", database_url=database.url).returncode == 0
    assert database.schema() == schemas[NEWEST]


def test_yoyo_applies_everything_and_takes_everything_back(empty_database_url):
    assert yoyo("apply", database_url=empty_database_url).returncode == 0
    assert _listed(empty_database_url) == _statuses(applied=NEWEST)
    assert yoyo("rollback", "--all", database_url=empty_database_url).returncode == 0
    assert _listed(empty_database_url) == _statuses(applied=0)


def test_yoyo_without_a_database_in_the_environment_fails():
    result = yoyo("list", database_url=None)
    assert result.returncode != 0
    assert "DATABASE_URL" in result.stderr


def _statuses(*, applied: int) -> dict[str, str]:
    return dict.fromkeys(VERSIONS[:applied], "A") | dict.fromkeys(VERSIONS[applied:], "U")


# Without a superuser


@pytest.fixture
def bare_server() -> Iterator[EmbeddedServer]:
    """A server on which nobody has made the roles yet."""
    with embedded_server() as server:
        yield server


def test_the_owner_of_a_database_migrates_it_without_being_a_superuser(bare_server):
    with closing(Database(bare_server.uri())) as superuser:
        query(superuser.connection, "CREATE ROLE migrator LOGIN CREATEROLE")
        query(superuser.connection, "CREATE ROLE powerless LOGIN")
        query(superuser.connection, "CREATE DATABASE first OWNER migrator")
        query(superuser.connection, "CREATE DATABASE second OWNER powerless")

    with closing(Database(bare_server.uri("second", user="powerless"))) as hers:
        with pytest.raises(
            psycopg2.Error, match="role tableorder_owner does not exist and powerless may not create it"
        ):
            hers.apply_to(NEWEST)
        with closing(Database(bare_server.uri("first", user="migrator"))) as database:
            _use_as_its_owner(database)
        with pytest.raises(psycopg2.Error, match="powerless is not a member of role tableorder_owner"):
            hers.apply_to(NEWEST)


def _use_as_its_owner(database: Database) -> None:
    database.apply_to(NEWEST)
    fill_every_table(database.connection)
    assert value(database.connection, "SELECT count(*) FROM stores") == 2
    query(database.connection, "SET ROLE tableorder")
    assert value(database.connection, "SELECT count(*) FROM stores") == 0
    query(database.connection, "RESET ROLE")
    schema = database.schema()
    database.roll_back_to(0)
    database.apply_to(NEWEST)
    assert database.schema() == schema
