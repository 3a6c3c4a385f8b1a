"""A role that row-level security does not bind may not serve: refused at the start, later not ready."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager

import psycopg2
import pytest
import requests

from tests.api.client import Client, expect
from tests.api.server import PROCESSES, Server, add_restaurant, refused, run_sql
from tests.database.embedded import as_application
from tests.database.servers import Server as Postgres
from tests.waiting import until

TOO_MUCH = {
    "SUPERUSER": "is a superuser",
    "BYPASSRLS": "has BYPASSRLS",
    "CREATEROLE": "has CREATEROLE",
    "IN ROLE tableorder_owner": "may become another role: tableorder_owner owns the tables",
    "IN ROLE pg_execute_server_program": "may become another role: pg_execute_server_program reaches the files",
}


@contextmanager
def role(database_url: str, attributes: str) -> Iterator[str]:
    """The URL of a new role that may also do what the application does."""
    name = f"waiter_{secrets.token_hex(4)}"
    with closing(psycopg2.connect(database_url)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(f"CREATE ROLE {name} LOGIN {attributes}")
            cursor.execute(f"GRANT tableorder TO {name}")
            try:
                yield database_url.replace("postgres@", f"{name}@", 1)
            finally:
                cursor.execute(f"DROP ROLE {name}")


@pytest.mark.parametrize("attributes", TOO_MUCH)
@pytest.mark.parametrize("kind", PROCESSES)
def test_a_role_that_row_level_security_does_not_bind_is_refused_at_the_start(database_url, attributes, kind):
    with role(database_url, attributes) as url:
        said = refused(kind, DATABASE_URL=url)
    assert said.startswith("tableorder: DATABASE_URL: waiter_")
    assert TOO_MUCH[attributes] in said and "Connect as the role tableorder" in said


@pytest.mark.parametrize("name", ["DATABASE_REPLICA_URL", "DATABASE_LISTEN_URL"])
def test_each_database_url_is_looked_at(database_url, name):
    said = refused("", DATABASE_URL=as_application(database_url), **{name: database_url})
    assert said.startswith(f"tableorder: {name}: postgres is a superuser; ")


def test_another_role_that_is_bound_serves(database_url, tmp_path):
    with role(database_url, "") as url:
        server = Server(url, tmp_path / "log").wait_until_ready()
        server.stop()


@pytest.fixture(scope="module")
def postgres_server(tmp_path_factory) -> Iterator[Postgres]:
    """One whose roles a test may change."""
    from tableorder.database.migrations import apply_pending

    running = Postgres(tmp_path_factory.mktemp("isolation"))
    apply_pending(running.url())
    yield running
    running.close()


@pytest.fixture
def server(postgres_server, tmp_path) -> Iterator[Server]:
    running = Server(
        postgres_server.url(),
        tmp_path / "log",
        WEB_CONCURRENCY="1",
        WEB_THREADS="4",
        DATABASE_POOL_SIZE="2",
        DATABASE_MAX_OVERFLOW="0",
    )
    yield running.wait_until_ready()
    running.stop()


HARM = [
    ("ALTER ROLE tableorder BYPASSRLS", "ALTER ROLE tableorder NOBYPASSRLS", "tableorder has BYPASSRLS"),
    ("ALTER ROLE tableorder SUPERUSER", "ALTER ROLE tableorder NOSUPERUSER", "tableorder is a superuser"),
    (
        "GRANT tableorder_owner TO tableorder",
        "REVOKE tableorder_owner FROM tableorder",
        "tableorder may become another role: tableorder_owner owns the tables",
    ),
    (
        "ALTER TABLE menus OWNER TO tableorder",
        "ALTER TABLE menus OWNER TO tableorder_owner",
        "tableorder owns the tables",
    ),
]


@pytest.mark.parametrize(("harm", "remedy", "said"), HARM)
def test_a_role_that_is_given_too_much_is_not_ready_until_it_is_taken_back(server, postgres_server, harm, remedy, said):
    client = Client(server.base)
    run_sql(postgres_server.url(), harm)
    try:
        answer = expect(503, client.get("/health/ready"))
    finally:
        run_sql(postgres_server.url(), remedy)
    assert answer == {
        "status": "unavailable",
        "checks": {"database": "it does not keep the stores apart; the log says why"},
    }
    assert f"not ready: {said}; row-level security" in server.log()
    expect(200, client.get("/health/ready"))


def test_asking_in_a_loop_opens_no_connections(server, postgres_server):
    client = Client(server.base)
    expect(200, client.get("/health/ready"))
    opened = "SELECT sessions FROM pg_stat_database WHERE datname = current_database()"
    before = expect(200, client.get("/health/db"))["pool"]["connects"]
    threads = [
        threading.Thread(target=lambda: [expect(200, client.get("/health/ready")) for _ in range(25)]) for _ in range(2)
    ]
    [(sessions,)] = run_sql(postgres_server.url(), opened)
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    pool = expect(200, client.get("/health/db"))["pool"]
    assert pool["connects"] - before <= 1  # two threads at once may be the first to need the second
    until(lambda: run_sql(postgres_server.url(), opened)[0][0] > sessions)  # they are counted when the session ends
    assert run_sql(postgres_server.url(), opened)[0][0] - sessions < 10


def test_it_is_not_ready_while_the_pool_cannot_connect(server, postgres_server):
    """A plain connection is possible all the time; the application's requests are refused."""
    client = Client(server.base)
    run_sql(postgres_server.url(), "ALTER ROLE tableorder CONNECTION LIMIT 0")
    try:
        end_sessions(postgres_server)
        answer = expect(503, client.get("/health/ready"))
        assert answer["checks"] == {"database": "the database cannot be reached"}
        assert requests.get(f"{server.base}/health/db", timeout=10).status_code == 503
    finally:
        run_sql(postgres_server.url(), "ALTER ROLE tableorder CONNECTION LIMIT -1")
    expect(200, client.get("/health/ready"))


def end_sessions(postgres_server: Postgres) -> None:
    ended = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = 'tableorder'"
    assert all(done for (done,) in run_sql(postgres_server.url(), ended))


def test_missing_migrations_are_named(postgres_server, server):
    client = Client(server.base)
    take, restore = "DELETE FROM _yoyo_migration WHERE migration_id LIKE '0002%%' RETURNING *", None
    with closing(psycopg2.connect(postgres_server.url())) as connection, connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE taken AS TABLE _yoyo_migration")
        cursor.execute(take, restore)
    try:
        answer = expect(503, client.get("/health/ready"))
    finally:
        with closing(psycopg2.connect(postgres_server.url())) as connection, connection, connection.cursor() as cursor:
            cursor.execute("INSERT INTO _yoyo_migration SELECT * FROM taken WHERE migration_id LIKE '0002%'")
            cursor.execute("DROP TABLE taken")
    assert answer["checks"] == {"database": "ok", "migrations": "not applied: 0002.create-indexes"}


def test_a_sequence_at_its_end_is_a_fault_of_ours(database_url, tmp_path):
    server = Server(database_url, tmp_path / "log").wait_until_ready()
    try:
        restaurant = add_restaurant(server)
        restaurant.add_table(1)
        tablet, menu_id = restaurant.seat(1), restaurant.add_menu()
        run_sql(database_url, "ALTER SEQUENCE orders_order_id_seq MAXVALUE 2147483647")
        run_sql(database_url, "SELECT setval(pg_get_serial_sequence('orders', 'order_id'), 2147483646)")
        assert expect(201, tablet.order((menu_id, 1)))["order_id"] == 2147483647
        answer = tablet.order((menu_id, 1))
        assert answer.status_code == 500, answer.text
        assert answer.json()["code"] == "internal_error"
    finally:
        server.stop()
    assert "crash in request" in server.log() and "psycopg2.errors.SequenceGeneratorLimitExceeded" in server.log()
