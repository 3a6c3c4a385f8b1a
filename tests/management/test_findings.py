"""Each item of the checklist about PostgreSQL itself, in a good and a bad state, on a server of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg2
import pytest

from tableorder.database.administration import administer
from tableorder.database.connection import Connection
from tableorder.database.embedded import EmbeddedServer
from tableorder.database.migrations import apply_pending
from tableorder.database.urls import other_database
from tableorder.management import check, findings
from tests.api.client import Client, expect
from tests.api.server import Server, run_sql
from tests.database.embedded import as_application, embedded_server
from tests.waiting import until


@pytest.fixture(scope="module")
def server() -> Iterator[EmbeddedServer]:
    with embedded_server("archive_mode=on", "max_prepared_transactions=1") as running:
        apply_pending(running.uri())
        yield running


@pytest.fixture
def url(server: EmbeddedServer) -> str:
    return server.uri()


@pytest.fixture
def status(url):
    """The status of an item, and what is said."""

    def status_(item, **bounds) -> tuple[str, str]:
        with administer(url) as connection:
            return item(connection, **bounds)

    return status_


@contextmanager
def changed(url: str, harm: str, remedy: str) -> Iterator[None]:
    run_sql(url, harm)
    try:
        yield
    finally:
        run_sql(url, remedy)


@contextmanager
def configured(url: str, name: str, value: str) -> Iterator[None]:
    """With another setting of the server's, which is in force."""
    alter(url, f"ALTER SYSTEM SET {name} = '{value}'")
    try:
        until(lambda: run_sql(url, f"SHOW {name}") == [(value,)])
        yield
    finally:
        alter(url, f"ALTER SYSTEM RESET {name}")
        until(lambda: run_sql(url, f"SHOW {name}") != [(value,)])


def alter(url: str, statement: str) -> None:
    with closing(psycopg2.connect(url)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement)
            cursor.execute("SELECT pg_reload_conf()")


def break_its_connection(connection: Connection) -> findings.Answer:
    return findings.OK, connection.fetch_value("SELECT pg_terminate_backend(pg_backend_pid())")


def make_a_mistake(connection: Connection) -> findings.Answer:
    return findings.OK, "%.1f" % (connection.fetch_value("SELECT 1::numeric") / 1e6)


@pytest.mark.parametrize(
    ("look", "said", "logged"),
    [
        (break_its_connection, "the connection to the database was lost", 0),
        (make_a_mistake, "TypeError: unsupported operand type(s) for /: 'decimal.Decimal' and 'float'", 1),
    ],
)
def test_the_other_items_are_looked_at_whatever_happens_to_one(url, monkeypatch, caplog, look, said, logged):
    monkeypatch.setenv("BACKUP_DIR", "/nowhere")
    well = list(check._findings(url))
    monkeypatch.setitem(findings.OF_SERVER, "encoding", look)
    unwell = list(check._findings(url))
    assert [one.item for one in unwell] == [one.item for one in well]
    changed = [two for one, two in zip(well, unwell, strict=True) if one.status != two.status]
    assert changed == [findings.Finding("encoding", "failed", f"cannot tell: {said}")]
    assert [record.message for record in caplog.records if record.exc_info] == ["encoding"] * logged


@pytest.mark.parametrize("name", ["fsync", "full_page_writes", "synchronous_commit"])
def test_durability(url, status, name):
    assert status(check._durability)[0] == "ok"
    with configured(url, name, "off"):
        assert status(check._durability) == ("failed", f"off: {name}; an acknowledged order could be lost")


def test_archiving(url, status):
    archived = "SELECT last_archived_time > COALESCE(last_failed_time, '-infinity') FROM pg_stat_archiver"
    with configured(url, "archive_command", "true"):
        run_sql(url, "SELECT pg_create_restore_point('x'), pg_switch_wal()")
        until(lambda: run_sql(url, archived) == [(True,)])
        assert status(check._archiving) == ("ok", "on")
    with configured(url, "archive_command", "false"):
        run_sql(url, "SELECT pg_create_restore_point('y'), pg_switch_wal()")
        until(lambda: run_sql(url, archived) == [(False,)])
        found, detail = status(check._archiving)
    assert found == "failed" and detail.startswith("on, and failing (")


def test_no_archiving_is_a_warning(database_url):
    with administer(database_url) as connection:
        assert check._archiving(connection)[0] == "warning"


@pytest.mark.parametrize(("skew", "expected"), [(-1.2, "failed"), (-0.5, "ok"), (0.5, "ok"), (1.2, "failed")])
def test_clock(status, monkeypatch, skew, expected):
    true = time.time
    monkeypatch.setattr(check.time, "time", lambda: true() + skew)
    assert status(check._clock)[0] == expected


@pytest.mark.parametrize(
    ("harm", "remedy", "said"),
    [
        ("ALTER ROLE tableorder BYPASSRLS", "ALTER ROLE tableorder NOBYPASSRLS", "tableorder has BYPASSRLS"),
        ("ALTER ROLE tableorder SUPERUSER", "ALTER ROLE tableorder NOSUPERUSER", "tableorder is a superuser"),
        ("ALTER ROLE tableorder CREATEROLE", "ALTER ROLE tableorder NOCREATEROLE", "tableorder has CREATEROLE"),
        (
            "GRANT tableorder_owner TO tableorder",
            "REVOKE tableorder_owner FROM tableorder",
            "tableorder may become tableorder_owner",
        ),
        (
            "ALTER TABLE menus OWNER TO tableorder",
            "ALTER TABLE menus OWNER TO tableorder_owner",
            "tableorder owns the tables",
        ),
        (
            "ALTER TABLE menus DISABLE ROW LEVEL SECURITY",
            "ALTER TABLE menus ENABLE ROW LEVEL SECURITY",
            "menus has no row-level security",
        ),
    ],
)
def test_isolation(url, status, harm, remedy, said):
    assert status(findings.isolation)[0] == "ok"
    with changed(url, harm, remedy):
        assert status(findings.isolation) == ("failed", f"{said}: the stores are not kept apart")


def test_who_is_connected_for_the_application_is_looked_at(url, status):
    with closing(psycopg2.connect(url, application_name="tableorder")):
        found, detail = status(findings.isolation)
    assert found == "failed" and "postgres is a superuser" in detail


def test_encoding(url, server, status):
    assert status(findings.encoding) == ("ok", "UTF8; UTF8 is needed")
    alter(url, "CREATE DATABASE bytes TEMPLATE template0 ENCODING 'SQL_ASCII' LOCALE 'C'")
    with administer(other_database(url, "bytes")) as connection:
        assert findings.encoding(connection) == ("failed", "SQL_ASCII; UTF8 is needed")


def test_collation(url, status):
    assert status(findings.collation)[0] == "ok"
    before = run_sql(url, "SELECT datcollversion FROM pg_database WHERE datname = 'postgres'")[0]
    run_sql(url, "UPDATE pg_database SET datcollversion = '0.1' WHERE datname = 'postgres'")
    try:
        found, detail = status(findings.collation)
    finally:
        run_sql(url, "UPDATE pg_database SET datcollversion = %s WHERE datname = 'postgres'", *before)
    assert found == "failed" and "was version 0.1 and is " in detail


@pytest.mark.parametrize(
    ("last", "expected"),
    [
        (1_610_000_000, "ok"),
        (1_611_000_000, "warning"),
        (2_040_000_000, "warning"),
        (2_040_200_000, "failed"),
        (2_147_483_647, "failed"),
    ],
)
def test_sequences(url, status, last, expected):
    run_sql(url, "ALTER SEQUENCE orders_order_id_seq MAXVALUE 2147483647")
    run_sql(url, "SELECT setval('orders_order_id_seq', %s)", last)
    found, detail = status(findings.sequences)
    run_sql(url, "SELECT setval('orders_order_id_seq', 1)")
    assert found == expected
    assert detail.startswith(f"orders_order_id_seq {2_147_483_647 - last:,} left; ")
    for (name,) in run_sql(url, "SELECT sequencename FROM pg_sequences"):
        assert f"{name} " in detail


def test_a_replication_slot_that_nobody_reads(url, status, monkeypatch):
    assert status(findings.slots) == ("ok", "0, each of them read")
    drop = "SELECT pg_drop_replication_slot('unread')"
    with changed(url, "SELECT pg_create_physical_replication_slot('unread', true)", drop):
        found, detail = status(findings.slots)
        assert found == "warning" and detail.startswith("unread is not read and keeps ")
        run_sql(url, "SELECT pg_create_restore_point('z')")
        monkeypatch.setattr(findings, "MAX_KEPT", 1.0)
        assert status(findings.slots)[0] == "failed"


def test_transactions_that_stay_open(url, status):
    assert status(findings.transactions) == ("ok", "none is old or idle")
    with closing(psycopg2.connect(url)) as holder, holder.cursor() as cursor:
        cursor.execute("SELECT txid_current()")
        assert status(findings.transactions) == ("ok", "none is old or idle")
        until(lambda: status(findings.transactions, longest=0.05)[0] == "warning")
        assert status(findings.transactions, longest=0.05)[1] == "1 older than 0 minutes"
        until(lambda: status(findings.transactions, longest_idle=0.05)[0] == "warning")
        assert status(findings.transactions, longest_idle=0.05)[1] == "1 idle for more than 0 s"
        holder.rollback()
        cursor.execute("PREPARE TRANSACTION 'left'")
    until(lambda: status(findings.transactions, longest=0.05)[0] == "warning")
    assert status(findings.transactions, longest=0.05)[1] == "1 prepared and left"
    alter(url, "ROLLBACK PREPARED 'left'")
    assert (findings.HOUR, findings.MAX_IDLE) == (3600, 60)


@pytest.mark.parametrize(
    ("age", "expected"),
    [
        (0, "ok"),
        (499_999_999, "ok"),
        (500_000_000, "warning"),
        (1_499_999_999, "warning"),
        (1_500_000_000, "failed"),
    ],
)
def test_wraparound(age, expected):
    assert findings.status_of_age(age) == expected


def test_wraparound_is_looked_for_in_every_database(url, status):
    [(oldest,)] = run_sql(url, "SELECT max(greatest(age(datfrozenxid), mxid_age(datminmxid))) FROM pg_database")
    found, detail = status(findings.wraparound)
    assert found == "ok" and oldest <= int(detail.partition(" ")[0].replace(",", "")) < oldest + 1000


@contextmanager
def receiver(server: EmbeddedServer, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A synchronous receiver of the write-ahead log, as a standby is one."""
    folder.mkdir()
    command = [
        server.bin("pg_receivewal"),
        "--directory",
        folder,
        "--synchronous",
        "--no-password",
        "--dbname",
        server.uri(),
    ]
    environment = {**os.environ, "PGAPPNAME": "faithful"}
    process = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def test_commits_that_wait_for_a_receiver_that_has_stopped(server, url, status, tmp_path):
    api = Server(url, tmp_path / "log", WEB_CONCURRENCY="1").wait_until_ready()
    client = Client(api.base)
    assert status(findings.commits) == ("ok", "wait for no standby")
    try:
        with receiver(server, tmp_path / "wal") as process:
            until(lambda: run_sql(url, "SELECT state FROM pg_stat_replication") == [("streaming",)])
            with configured(url, "synchronous_standby_names", "faithful"):
                until(lambda: run_sql(url, "SELECT sync_state FROM pg_stat_replication") == [("sync",)])
                assert status(findings.commits) == ("ok", "confirmed by 1 of 'faithful'")
                process.send_signal(signal.SIGSTOP)
                waiting = threading.Thread(target=commit, args=(as_application(url),))
                waiting.start()
                until(lambda: status(findings.commits)[0] == "failed")
                assert status(findings.commits)[1] == "1 wait for a standby of 'faithful', which does not confirm them"
                answer = expect(503, client.get("/health/ready"))
                assert answer["checks"]["database"].startswith("commits wait for a synchronous standby")
                process.kill()
                until(lambda: status(findings.commits)[1].endswith("and none is connected"))
                assert status(findings.commits)[0] == "failed"
            waiting.join()
        expect(200, client.get("/health/ready"))
    finally:
        api.stop()


def commit(url: str) -> None:
    """What an order does at its end."""
    with closing(psycopg2.connect(url)) as connection, connection, connection.cursor() as cursor:
        cursor.execute("SELECT pg_logical_emit_message(true, 'test', 'x')")
