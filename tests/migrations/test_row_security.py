"""What the application's role can see and do: its store's rows, and nothing else."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Iterator
from contextlib import closing

import psycopg2
import pytest
from psycopg2 import errors
from psycopg2.extensions import connection as Connection

from tests.database.embedded import new_database, url_of
from tests.factories import add_menu, add_order, add_store, fill_every_table, query, start_session, value
from tests.migrations.schema_snapshot import store_tables

Connect = Callable[..., Connection]

OWN_STORE = "(store_id = ( SELECT (NULLIF(current_setting('app.store_id'::text, true), ''::text))::integer))"

STORE_TABLES = store_tables()
READ_ONLY = {"stores"}
WITHOUT_A_STORE = {"failed_logins", "familiar_addresses"}
BOOKS = {"order_history", "order_voids", "stock_moves", "audit_log"}

TABLES = """
SELECT relname
  FROM pg_class
 WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace AND relname NOT LIKE '%yoyo%'
"""


def _names(connection: Connection, statement: str) -> set[str]:
    return {name for (name,) in query(connection, statement)}


@pytest.fixture(scope="module")
def filled(postgres: str, template: str) -> Iterator[str]:
    """The name of a database to be cloned, in which the stores 7 and 8 have rows in every table."""
    with new_database(postgres, template) as name:
        with closing(psycopg2.connect(url_of(postgres, name))) as connection, connection:
            fill_every_table(connection)
        yield name


@pytest.fixture
def database_url(postgres: str, filled: str) -> Iterator[str]:
    with new_database(postgres, filled) as name:
        yield url_of(postgres, name)


@pytest.fixture
def admin(connect: Connect) -> Connection:
    """A superuser's connection."""
    return connect()


@pytest.fixture
def application(connect: Connect) -> Connection:
    """A connection that serves store 7."""
    return connect(store_id=7, role="tableorder")


def _is_refused(connection: Connection, statement: str, *parameters: object) -> bool:
    try:
        query(connection, statement, *parameters)
    except errors.InsufficientPrivilege:
        return True
    return False


# The catalog: what holds for tables that are yet to come, too


def test_every_table_with_a_store_has_its_policy(connect: Connect):
    tables = f"{TABLES} AND EXISTS (SELECT FROM pg_attribute WHERE attrelid = pg_class.oid AND attname = 'store_id')"
    with_store = _names(connect(), tables)
    assert with_store == set(STORE_TABLES)
    assert _names(connect(), f"{TABLES} AND relrowsecurity") == with_store
    policies = query(connect(), "SELECT tablename, permissive, roles::text, cmd, qual, with_check FROM pg_policies")
    unnamed = [
        (*row[:4], re.sub(r' AS "?\w+"?', "", row[4]), row[5]) for row in policies
    ]  # versions name it differently
    assert sorted(unnamed) == sorted((table, "PERMISSIVE", "{public}", "ALL", OWN_STORE, None) for table in with_store)


def test_the_tables_without_a_store_are_known(connect: Connect):
    assert _names(connect(), f"{TABLES} AND NOT relrowsecurity") == WITHOUT_A_STORE | {"event_horizon"}


def test_no_view_shows_what_the_policies_hide(connect: Connect):
    views = "SELECT relname FROM pg_class WHERE relkind IN ('v', 'm') AND relnamespace = 'public'::regnamespace"
    assert _names(connect(), views) == set()


def test_the_owner_owns_everything(connect: Connect):
    owners = """
        SELECT DISTINCT pg_get_userbyid(relowner)
          FROM pg_class
         WHERE relnamespace = 'public'::regnamespace AND relname NOT LIKE '%yoyo%'
         UNION
        SELECT DISTINCT pg_get_userbyid(proowner) FROM pg_proc WHERE pronamespace = 'public'::regnamespace
    """
    assert _names(connect(), owners) == {"tableorder_owner"}


def test_the_roles_have_no_power_over_the_server(connect: Connect):
    powers = """
        SELECT rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication OR rolbypassrls
          FROM pg_roles
         WHERE rolname IN ('tableorder', 'tableorder_owner')
    """
    assert query(connect(), powers) == [(False,), (False,)]
    assert not value(connect(), "SELECT pg_has_role('tableorder', 'tableorder_owner', 'MEMBER')")


def test_privileges_on_tables_are_the_least(connect: Connect):
    grants = """
        SELECT table_name, string_agg(privilege_type, ' ' ORDER BY privilege_type)
          FROM information_schema.table_privileges
         WHERE grantee = %s AND table_schema = 'public'
         GROUP BY table_name
    """
    changed = {*STORE_TABLES, *WITHOUT_A_STORE} - READ_ONLY - BOOKS - {"events"}
    assert dict(query(connect(), grants, "tableorder")) == (
        dict.fromkeys(changed, "DELETE INSERT SELECT UPDATE")
        | dict.fromkeys({*BOOKS, "events"}, "INSERT SELECT")
        | dict.fromkeys({*READ_ONLY, "event_horizon", "_yoyo_migration"}, "SELECT")
    )
    assert query(connect(), grants, "PUBLIC") == []


# Reading


def test_without_a_where_a_store_sees_its_own_rows_only(admin, application):
    for table in STORE_TABLES:
        own = value(admin, f"SELECT count(*) FROM {table} WHERE store_id = 7")
        assert 0 < own < value(admin, f"SELECT count(*) FROM {table}"), table
        seen = query(application, f"SELECT count(*), min(store_id), max(store_id) FROM {table}")
        assert seen == [(own, 7, 7)], table


@pytest.mark.parametrize("setting", [None, "", "0", "-7", "2147483647"])
def test_no_store_or_an_unknown_one_sees_no_rows(connect, setting):
    connection = connect(role="tableorder")
    if setting is not None:
        query(connection, "SELECT set_config('app.store_id', %s, false)", setting)
    assert {table: value(connection, f"SELECT count(*) FROM {table}") for table in STORE_TABLES} == dict.fromkeys(
        STORE_TABLES, 0
    )


@pytest.mark.parametrize("setting", ["abc", "7, 8", "7 OR true", "2147483648", "7.5"])
def test_a_setting_that_is_no_number_is_an_error_and_not_rows(connect, setting):
    connection = connect(role="tableorder")
    query(connection, "SELECT set_config('app.store_id', %s, false)", setting)
    for table in STORE_TABLES:
        with pytest.raises(psycopg2.DataError):
            query(connection, f"SELECT count(*) FROM {table}")


def test_the_store_of_one_transaction_is_not_that_of_the_next(connect):
    connection = connect(role="tableorder")
    bound = "SELECT set_config('app.store_id', '7', true); SELECT count(*) FROM stores"
    assert value(connection, bound) == 1
    assert value(connection, "SELECT count(*) FROM stores") == 0


def test_another_stores_rows_do_not_show_through_a_query_that_fails_on_them(application):
    """A function in the WHERE clause that is not leakproof runs after the policy."""
    names = "SELECT menu_id FROM menus WHERE 1 / (store_id - 8) < 5"
    assert len(query(application, names)) == 1


# Writing


# Those that are not generated from others.
WRITTEN_COLUMNS = """
SELECT string_agg(attname, ', ')
  FROM pg_attribute
 WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = ''
"""


def test_a_row_of_another_store_is_not_inserted(admin, application):
    for table in STORE_TABLES:
        row = value(admin, f"SELECT to_json({table})::text FROM {table} WHERE store_id = 8")
        columns = value(admin, WRITTEN_COLUMNS, table)
        insertion = f"INSERT INTO {table} ({columns}) SELECT {columns} FROM json_populate_record(NULL::{table}, %s)"
        assert _is_refused(application, insertion, row), table


def test_an_own_row_is_not_given_to_another_store(application):
    assert [t for t in STORE_TABLES if not _is_refused(application, f"UPDATE {t} SET store_id = 8")] == []


@pytest.mark.parametrize("table", STORE_TABLES)
@pytest.mark.parametrize("change", ["UPDATE {} SET store_id = store_id", "DELETE FROM {}"])
def test_a_write_without_a_where_does_not_touch_another_store(admin, application, table, change):
    others = f"SELECT to_jsonb({table}) FROM {table} WHERE store_id = 8 ORDER BY 1"
    before = query(admin, others)
    if table in BOOKS | READ_ONLY | {"events"}:
        with pytest.raises(errors.InsufficientPrivilege):
            query(application, change.format(table))
    else:
        _write(application, change.format(table))
    assert query(admin, others) == before


def _write(connection: Connection, statement: str) -> None:
    """Something must be written, if nothing of the own store refers to it."""
    with connection.cursor() as cursor:
        try:
            cursor.execute(statement)
            assert cursor.rowcount > 0
        except errors.ForeignKeyViolation:
            assert statement.startswith("DELETE")


def test_another_stores_rows_are_not_found_by_their_keys(admin, application):
    for table, key in (("menus", "menu_id"), ("orders", "order_id"), ("table_sessions", "session_id")):
        other = value(admin, f"SELECT {key}::text FROM {table} WHERE store_id = 8")
        assert query(application, f"SELECT FROM {table} WHERE {key} = %s FOR UPDATE", other) == []
        assert query(application, f"DELETE FROM {table} WHERE {key} = %s RETURNING 1", other) == []


def test_another_stores_table_gets_no_session_and_no_order(admin, application):
    [(table_id, session_id)] = query(admin, "SELECT table_id, current_session_id::text FROM tables WHERE store_id = 8")
    with pytest.raises(psycopg2.Error):
        start_session(application, table_id, is_active=False)
    with pytest.raises(psycopg2.Error):
        start_session(application, table_id, is_active=False, store_id=7)
    order = {"session_id": session_id, "table_id": table_id, "total_amount": 1}
    for store_id in (7, 8):
        with pytest.raises(psycopg2.Error):
            query(
                application,
                "INSERT INTO orders (store_id, session_id, table_id, total_amount) VALUES (%s, %s, %s, %s)",
                store_id,
                *order.values(),
            )


def test_a_store_does_its_daily_work(admin, application):
    """Orders a new menu, ends the session, and the triggers reach what they need."""
    category_id = value(application, "SELECT category_id FROM categories")
    version = value(application, "SELECT version FROM menu_versions")
    menu_id = add_menu(application, 7, category_id)
    assert value(application, "SELECT version FROM menu_versions") != version
    session_id = value(application, "SELECT current_session_id::text FROM tables")
    add_order(application, session_id, menu_id)
    query(application, "UPDATE table_sessions SET is_active = false")
    assert value(application, "SELECT current_session_id FROM tables") is None
    query(application, "DELETE FROM table_sessions")
    assert value(application, "SELECT count(*) FROM order_items") == 0


# The books, and the schema


@pytest.mark.parametrize("table", sorted(BOOKS))
@pytest.mark.parametrize("change", ["UPDATE {} SET store_id = store_id", "DELETE FROM {}", "TRUNCATE {}"])
def test_the_books_are_not_changed_not_even_as_a_retention(application, table, change):
    query(application, "SELECT set_config('app.retention', 'on', false)")
    assert _is_refused(application, change.format(table))


FORBIDDEN = [
    "CREATE TABLE mine (n integer)",
    "CREATE VIEW mine AS SELECT 1",
    "CREATE SCHEMA mine",
    "CREATE SEQUENCE mine",
    "CREATE TYPE mine AS ENUM ('a')",
    "CREATE FUNCTION mine() RETURNS integer LANGUAGE sql AS 'SELECT 1'",
    "CREATE OR REPLACE FUNCTION refuse_to_change_books() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN OLD; END'",
    "CREATE TRIGGER mine BEFORE INSERT ON menus FOR EACH ROW EXECUTE FUNCTION touch_updated_at()",
    "CREATE POLICY mine ON menus USING (true)",
    "CREATE INDEX mine ON menus (price)",
    "CREATE ROLE mine",
    "CREATE DATABASE mine",
    "ALTER POLICY own_store ON menus USING (true)",
    "DROP POLICY own_store ON menus",
    "ALTER TABLE menus ADD COLUMN mine integer",
    "ALTER TABLE menus OWNER TO tableorder",
    "ALTER TABLE menus DISABLE ROW LEVEL SECURITY",
    "ALTER TABLE order_history DISABLE TRIGGER ALL",
    "ALTER TABLE order_history DISABLE TRIGGER trigger_protect_order_history",
    "ALTER FUNCTION admin_credentials(text) SECURITY INVOKER",
    "ALTER ROLE tableorder SUPERUSER",
    "ALTER ROLE tableorder BYPASSRLS",
    "DROP TABLE order_items",
    "DROP FUNCTION admin_credentials(text)",
    "DROP SCHEMA public CASCADE",
    "SET session_replication_role = replica",
    "COPY menus TO PROGRAM 'cat'",
    "SELECT pg_read_file('/etc/hostname')",
    "DELETE FROM _yoyo_migration",
    *(f"TRUNCATE {table} CASCADE" for table in [*STORE_TABLES, *sorted(WITHOUT_A_STORE)]),
]


def test_the_application_changes_nothing_but_rows(application):
    assert [statement for statement in FORBIDDEN if not _is_refused(application, statement)] == []


def test_the_application_reads_which_migrations_are_applied(application):
    assert value(application, "SELECT count(*) FROM _yoyo_migration") > 0


# A login of its own


@pytest.fixture
def new_role(postgres: str) -> Iterator[Callable[[str], dict[str, str]]]:
    """Make a role that may log in, and say how; roles belong to the whole server."""
    made: list[str] = []
    connection = psycopg2.connect(postgres)
    connection.autocommit = True

    def make(attributes: str = "") -> dict[str, str]:
        login = {"user": f"tableorder_test_{secrets.token_hex(6)}", "password": secrets.token_hex(6)}
        query(connection, f"CREATE ROLE {login['user']} LOGIN PASSWORD '{login['password']}' {attributes}")
        made.append(login["user"])
        return login

    yield make
    for name in made:
        query(connection, f"DROP ROLE {name}")
    connection.close()


def test_a_login_of_the_application_becomes_nobody_else(admin, connect, new_role):
    login = connect(**new_role("IN ROLE tableorder"))
    superuser = value(admin, "SELECT current_user")
    changes = (
        "SET ROLE tableorder_owner",
        "SET SESSION AUTHORIZATION tableorder_owner",
        f'SET ROLE "{superuser}"',
        f'SET SESSION AUTHORIZATION "{superuser}"',
        "GRANT tableorder_owner TO tableorder",
        "SELECT set_config('role', 'tableorder_owner', false)",
    )
    assert [change for change in changes if not _is_refused(login, change)] == []
    for role in ("SET ROLE tableorder", "RESET ROLE"):
        query(login, role)
        assert value(login, "SELECT count(*) FROM stores") == 0
    query(login, "SELECT set_config('app.store_id', '8', false)")
    assert query(login, "SELECT store_id FROM stores") == [(8,)]


def test_row_security_cannot_be_switched_off(application):
    query(application, "SET row_security = off")
    with pytest.raises(errors.InsufficientPrivilege):
        query(application, "SELECT count(*) FROM menus")


# The one way past the policies


@pytest.fixture
def boss(admin: Connection) -> int:
    return add_store(admin, store_name="온달", admin_username="Sajang_1", admin_password_hash="$2b$12$hash")


CREDENTIALS = "SELECT * FROM admin_credentials(%s)"


def test_an_admin_is_looked_up_by_the_exact_name(boss, connect):
    unbound = connect(role="tableorder")
    assert query(unbound, CREDENTIALS, "Sajang_1") == [(boss, "온달", "Sajang_1", "$2b$12$hash")]


def test_no_admin_is_looked_up_by_another_name(boss, connect):
    unbound = connect(role="tableorder")
    for name in (
        "",
        "sajang_1",
        "Sajang_1 ",
        " Sajang_1",
        "Sajang%",
        "%",
        "Sajang__",
        "' OR true --",
        "Sajang_1\n",
        None,
    ):
        assert query(unbound, CREDENTIALS, name) == [], name


def test_the_look_up_is_not_for_everybody(boss, connect, new_role):
    with pytest.raises(errors.InsufficientPrivilege):
        query(connect(**new_role()), CREDENTIALS, "Sajang_1")
    assert not value(connect(), "SELECT has_function_privilege('public', 'admin_credentials(text)', 'EXECUTE')")


def test_the_look_up_is_not_led_astray_by_the_search_path(boss, connect):
    liar = connect(role="tableorder")
    query(
        liar,
        """
        CREATE TEMPORARY TABLE stores AS
        SELECT 7 AS store_id, 'x'::varchar AS store_name, 'Sajang_1'::varchar AS admin_username,
               'known'::varchar AS admin_password_hash;
        CREATE FUNCTION pg_temp.lies(text, text) RETURNS boolean LANGUAGE sql AS 'SELECT true';
        CREATE OPERATOR pg_temp.= (LEFTARG = text, RIGHTARG = text, FUNCTION = pg_temp.lies);
        SET search_path = pg_temp, public, pg_catalog
        """,
    )
    assert query(liar, "SELECT store_id FROM stores") == [(7,)]
    assert query(liar, "SELECT * FROM public.admin_credentials('Sajang_1')") == [
        (boss, "온달", "Sajang_1", "$2b$12$hash")
    ]
    assert query(liar, "SELECT * FROM public.admin_credentials('nobody')") == []


# What the application may ask for about all stores


@pytest.mark.parametrize("age", ["0 s", "-1 day", None])
def test_the_events_of_the_last_minute_are_kept_whatever_is_asked_for(admin, application, age):
    query(admin, "UPDATE events SET created_at = now()")
    assert value(application, "SELECT prune_events(%s, 1000000)", age) == 0
    query(admin, "UPDATE events SET created_at = now() - interval '61 s'")
    assert value(application, "SELECT prune_events(%s, 1)", age) == 1
    query(
        admin,
        "INSERT INTO events (store_id, event_type, event_data, created_at)"
        " SELECT 7, 'menu_changed', '{}', now() - interval '61 s' FROM generate_series(1, 10001)",
    )
    assert value(application, "SELECT prune_events(%s, NULL)", age) == 10000


def test_the_dearest_hash_is_that_of_any_store_and_of_bcrypt(admin, application):
    assert value(application, "SELECT dearest_password_cost()") is None
    query(admin, "UPDATE tables SET table_password_hash = '$2b$10$x' WHERE store_id = 8")
    assert value(application, "SELECT dearest_password_cost()") == 10
    query(admin, "UPDATE stores SET admin_password_hash = '$2b$12$x' WHERE store_id = 8")
    query(admin, "UPDATE stores SET admin_password_hash = '$2z$99$x' WHERE store_id = 7")
    assert value(application, "SELECT dearest_password_cost()") == 12


def test_a_store_renews_its_own_hash_and_changes_nothing_else_of_its_row(admin, application):
    query(application, "UPDATE stores SET admin_password_hash = 'new'")
    assert query(admin, "SELECT store_id FROM stores WHERE admin_password_hash = 'new'") == [(7,)]
    for column in ("store_name", "admin_username"):
        assert _is_refused(application, f"UPDATE stores SET {column} = 'x'")
