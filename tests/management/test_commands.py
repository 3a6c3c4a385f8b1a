"""bin/tableorder, on the embedded server and on another database."""

from __future__ import annotations

import json
import shutil
import signal
import stat
import subprocess
import sys
import unicodedata
from contextlib import closing
from functools import partial
from pathlib import Path
from urllib.parse import quote

import psycopg2
import pytest
from psycopg2 import sql

from tableorder.database.migrations import required_migrations
from tableorder.domain.passwords import verify_password
from tableorder.management.__main__ import masked
from tests.api.client import Restaurant
from tests.api.server import run_sql
from tests.factories import query
from tests.management.running import CHECKOUT, Serve, environment, manage
from tests.waiting import until


@pytest.fixture
def run(make_database, tmp_path):
    """Runs commands on a migrated database."""
    url = make_database()

    def run_(*arguments, stdin="", **settings):
        usual = {"DATABASE_URL": url, "BCRYPT_COST": "4"}
        return manage(*arguments, home=tmp_path, stdin=stdin, **usual | settings)

    run_.url = url
    return run_


def ok(result):
    assert (result.returncode, result.stderr) == (0, ""), result.stderr
    return result.stdout


def failed(result, message):
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr == f"tableorder: {message}\n"


def test_a_restaurant_is_opened_from_the_command_line_while_bin_serve_runs(tmp_path):
    serve = Serve(tmp_path / "home", tmp_path / "log", "--no-demo").wait_until_ready()
    try:
        run = lambda *arguments, stdin: json.loads(ok(manage(*arguments, home=tmp_path / "home", stdin=stdin)))  # noqa: E731
        add = ("store", "add", "--name", "우리 식당", "--username", "사장", "--json", "--password-stdin")
        store = run(*add, stdin="비밀 번호입니다\n")
        assert store == {"store_id": 1, "store_name": "우리 식당", "admin_username": "사장"}
        add = ("table", "add", "--username", "사장", "--number", "3", "--json", "--password-stdin")
        assert run(*add, stdin="tablet-1234")["table_number"] == 3
        restaurant = Restaurant(serve.base, 1, "우리 식당", "사장", "비밀 번호입니다")
        assert restaurant.seat(3).claims["store_name"] == "우리 식당"
        status = run("status", "--json", stdin="")
        assert (status["migration"], status["pending"]) == (required_migrations()[-1], [])
        assert status["server_version"].startswith("18")
        connection = psycopg2.connect(status["database_url"])
        connection.close()
    finally:
        assert serve.stop() == 0
    mode = (tmp_path / "home" / "jwt-secret").stat().st_mode
    assert stat.S_IMODE(mode) == 0o600


def test_without_bin_serve_it_starts_the_server_for_its_duration(tmp_path):
    tmp_path.chmod(0o711)  # PostgreSQL's user, if we are root, may pass through
    home = tmp_path / "home"
    assert json.loads(ok(manage("status", "--json", home=home)))["pending"] == list(required_migrations())
    failed(manage("store", "list", home=home), "the database is not migrated; run bin/tableorder migrate")
    lines = ok(manage("migrate", home=home)).splitlines()
    assert lines == [f"Applied {name}" for name in required_migrations()] + [f"{len(lines) - 1} applied."]
    assert ok(manage("migrate", home=home)) == "Nothing to apply.\n"
    assert "demo / demo-admin" in ok(manage("demo", "load", home=home))
    assert ok(manage("demo", "load", home=home)) == "The demo restaurant is there already.\n"
    assert "온달 한식당" in ok(manage("store", "list", home=home))
    assert not (home / "postgres" / "data" / "postmaster.pid").exists()


def test_stores_are_added_and_listed(run):
    first = ("store", "add", "--name", "가게", "--username", "one", "--password-stdin")
    assert ok(run(*first, stdin="secret-1\n")).startswith("Added store 1")
    failed(run(*first, stdin="secret-1\n"), "that username is taken")
    [store] = json.loads(ok(run("store", "list", "--json")))
    assert store.items() >= {"store_id": 1, "store_name": "가게", "admin_username": "one", "table_count": 0}.items()
    assert "가게" in ok(run("store", "list"))


def test_texts_mean_the_same_however_they_are_written(run):
    add = ("store", "add", "--password-stdin")
    nfd = [unicodedata.normalize("NFD", text) for text in (" 가게 ", "사장", "비밀\u3000번호입니다\r\n")]
    ok(run(*add, "--name", nfd[0], "--username", nfd[1], stdin=nfd[2]))
    [(name, username, password_hash)] = run_sql(
        run.url, "SELECT store_name, admin_username, admin_password_hash FROM stores"
    )
    assert (name, username) == ("가게", "사장") and verify_password("비밀 번호입니다", password_hash)
    failed(run(*add, "--name", "가게", "--username", "사장 ", stdin="secret 1\n"), "that username is taken")
    for option, name, username in (("--name", "가\u3164게", "one"), ("--username", "가게", "o\u202ene")):
        result = run(*add, "--name", name, "--username", username, stdin="secret\n")
        assert result.returncode == 2 and f"argument {option}: must not contain U+" in result.stderr
    failed(
        run(*add, "--name", "가게", "--username", "one", stdin="a\u200bb\n"),
        "the password must not contain U+200B (ZERO WIDTH SPACE)",
    )


def test_a_password_is_changed(run):
    ok(run("store", "add", "--name", "가게", "--username", "one", "--password-stdin", stdin="old password\n"))
    ok(run("store", "passwd", "--username", "one", "--password-stdin", stdin="new password\n", BCRYPT_COST=""))
    [(password_hash,)] = run_sql(run.url, "SELECT admin_password_hash FROM stores")
    assert password_hash.startswith("$2b$12$")  # as nothing else was set
    assert verify_password("new password", password_hash)
    assert not verify_password("old password", password_hash)
    failed(
        run("store", "passwd", "--username", "two", "--password-stdin", stdin="new password\n"),
        "there is no store with the admin two",
    )


def test_a_store_is_disabled_and_enabled(run):
    ok(run("store", "add", "--name", "가게", "--username", "one", "--password-stdin", stdin="old password\n"))
    for command, is_active in (("disable", False), ("disable", False), ("enable", True)):
        answer = json.loads(ok(run("store", command, "--username", "one", "--json")))
        assert answer == {"admin_username": "one", "is_active": is_active}
        [store] = json.loads(ok(run("store", "list", "--json")))
        assert store["is_active"] is is_active
        failed(run("store", command, "--username", "two"), "there is no store with the admin two")


def test_people_are_added_listed_and_given_another_password(run):
    ok(run("store", "add", "--name", "가게", "--username", "one", "--password-stdin", stdin="secret-1\n"))
    ok(run("store", "add", "--name", "가게", "--username", "two", "--password-stdin", stdin="secret-1\n"))
    whose = ("--username", "one", "--person", "minji")
    add = ("staff", "add", *whose, "--name", "김민지", "--role", "staff", "--password-stdin")
    assert ok(run(*add, stdin="secret-2\n")) == "Added minji to the staff of store 1.\n"
    failed(run(*add, stdin="secret-2\n"), "that username is taken")
    failed(run(*add, stdin="secret\n"), "the password must have 8 characters or more")
    failed(run(*add, stdin="secret-2\n", LIMIT_STAFF="1"), "there may be no more than 1 staff")
    [person] = json.loads(ok(run("staff", "list", "--username", "one", "--json")))
    assert (person["username"], person["display_name"], person["role"]) == ("minji", "김민지", "staff")
    assert "김민지" in ok(run("staff", "list", "--username", "one"))
    assert json.loads(ok(run("staff", "list", "--username", "two", "--json"))) == []
    ok(run("staff", "passwd", *whose, "--password-stdin", stdin="another secret\n"))
    [(password_hash, epoch)] = run_sql(run.url, "SELECT password_hash, token_epoch FROM staff")
    assert verify_password("another secret", password_hash) and epoch == 2
    assert ok(run("staff", "revoke", *whose)) == "Revoked the tokens of minji.\n"
    assert run_sql(run.url, "SELECT token_epoch, is_active FROM staff") == [(3, True)]
    for command in (("passwd", "--password-stdin"), ("revoke",)):
        others = ("staff", *command, "--username", "two", "--person", "minji")
        failed(run(*others, stdin="another secret\n"), "there is no person minji on the staff")


def test_devices_are_listed_and_revoked(run):
    for name in ("one", "two"):
        ok(run("store", "add", "--name", "가게", "--username", name, "--password-stdin", stdin="secret-1\n"))
    ok(run("table", "add", "--username", "one", "--number", "7", "--password-stdin", stdin="1234\n"))
    run_sql(
        run.url,
        "INSERT INTO devices (store_id, table_id, device_name, token_hash)"
        " SELECT store_id, table_id, '창가', '-' FROM tables",
    )
    [device] = json.loads(ok(run("device", "list", "--username", "one", "--json")))
    assert (device["table_number"], device["device_name"], device["last_seen_at"]) == (7, "창가", None)
    assert "창가" in ok(run("device", "list", "--username", "one"))
    revoke = ("device", "revoke", "--device", str(device["device_id"]), "--username")
    failed(run(*revoke, "two"), f"there is no device {device['device_id']}")
    assert ok(run(*revoke, "one")) == f"Revoked device {device['device_id']}, 창가.\n"
    failed(run(*revoke, "one"), f"there is no device {device['device_id']}")
    assert run_sql(run.url, "SELECT count(*) FROM devices") == [(0,)]


def test_a_hash_costs_what_is_set(run):
    add = ("store", "add", "--name", "가게", "--username", "one", "--password-stdin")
    ok(run(*add, stdin="old password\n", BCRYPT_COST="5"))
    ok(run("table", "add", "--username", "one", "--number", "7", "--password-stdin", stdin="1234\n", BCRYPT_COST="6"))
    both = "SELECT admin_password_hash, table_password_hash FROM stores JOIN tables USING (store_id)"
    [hashes] = run_sql(run.url, both)
    assert [hash_[:7] for hash_ in hashes] == ["$2b$05$", "$2b$06$"]
    ok(run("store", "passwd", "--username", "one", "--password-stdin", stdin="new password\n", BCRYPT_COST="4"))
    [(password_hash,)] = run_sql(run.url, "SELECT admin_password_hash FROM stores")
    assert password_hash.startswith("$2b$04$")
    refusal = "BCRYPT_COST is '17'; it must be a whole number from 4 to 16"
    failed(run(*add, stdin="old password\n", BCRYPT_COST="17"), refusal)


def test_a_table_is_added(run):
    ok(run("store", "add", "--name", "가게", "--username", "one", "--password-stdin", stdin="secret-1\n"))
    add = ("table", "add", "--username", "one", "--number", "7", "--password-stdin")
    assert ok(run(*add, stdin="1234\n")) == "Added table 7 to store 1.\n"
    failed(run(*add, stdin="1234\n"), "that table number is taken")
    failed(run(*add, stdin="123\n"), "the password must have 4 characters or more")
    another = ("table", "add", "--username", "one", "--number", "8", "--password-stdin")
    failed(run(*another, stdin="1234\n", LIMIT_TABLES="1"), "there may be no more than 1 tables")
    ok(run(*another, stdin="1234\n", LIMIT_TABLES="0"))


@pytest.mark.parametrize(
    ("password", "problem"),
    [
        ("", "must not be blank"),
        ("가나다라마바사", "must have 8 characters or more"),
        ("x" * 73, "must not be longer than 72 bytes"),
    ],
)
def test_a_bad_password_is_refused(run, password, problem):
    command = ("store", "add", "--name", "가게", "--username", "one", "--password-stdin")
    failed(run(*command, stdin=f"{password}\n"), f"the password {problem}")
    assert ok(run("store", "list", "--json")) == "[]\n"


def test_a_password_needs_a_terminal_or_the_option(run):
    command = ("store", "add", "--name", "가게", "--username", "one")
    failed(run(*command), "there is no terminal to ask for the password; use --password-stdin")


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("nonsense",),
        ("store",),
        ("store", "add"),
        ("store", "add", "--name", "x" * 101, "--username", "x"),
        ("store", "add", "--name", " ", "--username", "x"),
        ("table", "add", "--username", "x", "--number", "0"),
    ],
)
def test_wrong_usage_is_a_2(run, arguments):
    result = run(*arguments)
    assert result.returncode == 2
    assert result.stderr.startswith("usage: bin/tableorder")


@pytest.mark.parametrize(
    "arguments", [(), ("store",), ("store", "add"), ("table", "add"), ("demo", "load"), ("migrate",), ("status",)]
)
def test_every_command_explains_itself(run, arguments):
    assert ok(run(*arguments, "--help")).startswith(" ".join(["usage: bin/tableorder", *arguments]))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_told_to_stop_it_stops_the_server_that_it_started(tmp_path, number):
    """While the server starts, or while it waits for a password."""
    add = ["store", "add", "--name", "x", "--username", "x", "--password-stdin"]
    command = [sys.executable, "-m", "tableorder.management", *add]
    home, pipe = tmp_path / "home", subprocess.PIPE
    waiting = subprocess.Popen(command, cwd=CHECKOUT, env=environment(home), stdin=pipe, stderr=pipe, text=True)
    running = home / "postgres" / "data" / "postmaster.pid"
    until(running.exists, 60)
    waiting.send_signal(number)
    assert waiting.wait(60) == 1
    assert waiting.communicate()[1].endswith("tableorder: interrupted\n")
    assert not running.exists()


def test_a_password_in_the_url_is_not_shown(run):
    separator = "&" if "?" in run.url else "?"
    result = run("status", "--json", DATABASE_URL=f"{run.url}{separator}password=hush")
    assert "hush" not in ok(result)
    assert "***" in result.stdout


def test_the_status_says_that_nothing_is_pending(run):
    assert "\npending        none\n" in ok(run("status"))


def test_a_database_that_is_away_is_one_line(run):
    result = run("store", "list", DATABASE_URL="postgresql://nobody@127.0.0.1:1/nothing")
    assert result.returncode == 1
    assert result.stderr.startswith("tableorder: cannot connect to the database: ")
    assert "Traceback" not in result.stderr


# Migrations


def test_migrations_are_applied_listed_and_taken_back(make_database, tmp_path):
    names = list(required_migrations())
    run = lambda *arguments: manage(*arguments, home=tmp_path, DATABASE_URL=url)  # noqa: E731
    url = make_database(template=None)
    assert ok(run("migrate", "--to", "0019")).endswith("19 applied.\n")
    listed = json.loads(ok(run("migration", "list", "--json")))
    assert [row["migration"] for row in listed] == names
    assert [row["applied_at"] is not None for row in listed] == [True] * 19 + [False] * (len(names) - 19)
    assert ok(run("migration", "list")).splitlines()[20].split() == ["pending", names[19]]
    ok(run("migrate"))
    refused = run("migration", "rollback")
    assert refused.returncode == 1
    assert f"This takes back {names[-1]}." in refused.stderr and "use --force" in refused.stderr
    assert ok(run("migration", "rollback", "--force")) == f"Took back {names[-1]}.\n"
    assert json.loads(ok(run("status", "--json")))["pending"] == [names[-1]]
    failed(run("migrate", "--to", "9999"), "there is no migration 9999")


def test_drift_is_found(run, postgres):
    with closing(psycopg2.connect(postgres)) as connection:
        connection.autocommit = True
        query(connection, "CREATE DATABASE tableorder_scratch_killed")  # as a killed run leaves it
    assert ok(run("migration", "drift")).startswith("The schema is what the migrations up to")
    run_sql(run.url, "ALTER TABLE orders ADD COLUMN forgotten text")
    drifted = run("migration", "drift")
    assert (drifted.returncode, drifted.stderr) == (1, "tableorder: the schema is not what the migrations build\n")
    assert "+    forgotten text" in drifted.stdout
    left = run_sql(run.url, "SELECT count(*) FROM pg_database WHERE datname LIKE 'tableorder_scratch_%%' AND %s", True)
    assert left == [(0,)]


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://postgres:postgres@db:5432/t", "postgresql://postgres:***@db:5432/t"),
        ("postgresql://u:a%20b%40c@db/t", "postgresql://u:***@db/t"),
        ("postgresql://u:a#b?c:d@db/t", "postgresql://u:***@db/t"),
        ("postgres://u@/t?password=a%20b&host=db", "postgres://u@/t?password=***&host=db"),
        ("postgresql://u@db/t?sslmode=require&sslpassword=t", "postgresql://u@db/t?sslmode=require&sslpassword=***"),
        ("postgresql://:e@db1,db2/t", "postgresql://:***@db1,db2/t"),
        ("postgresql:///t?host=%2Ftmp", "postgresql:///t?host=%2Ftmp"),
    ],
)
def test_a_password_is_masked_and_nothing_else(url, shown):
    assert masked(url) == shown


def test_a_database_that_is_named_oddly_is_migrated_and_looked_at(postgres, tmp_path):
    """By a URL with several hosts, of which the first is not there, and everything in it that has to be quoted."""
    name, password = '식당\'s "db" %41;+', "p@ss:w/rd%#?&=+ 비밀"
    with closing(psycopg2.connect(postgres)) as connection:
        connection.autocommit = True
        identifier = sql.Identifier(name)
        query(connection, sql.SQL("CREATE DATABASE {}").format(identifier))
        host = quote(connection.info.host, safe="")
        url = f"postgresql://postgres:{quote(password, safe='')}@127.0.0.1:1,{host}:5432/{quote(name, safe='')}"
        try:
            assert "applied." in ok(manage("migrate", home=tmp_path, DATABASE_URL=url))
            assert ok(manage("migration", "drift", home=tmp_path, DATABASE_URL=url)).startswith("The schema is what")
            assert ok(manage("demo", "load", home=tmp_path, DATABASE_URL=url)).startswith("Loaded")
        finally:
            query(connection, sql.SQL("DROP DATABASE {}").format(identifier))


def test_the_sql_of_pending_migrations_is_printed_without_a_database(tmp_path):
    away = {"home": tmp_path, "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/nothing"}
    script = ok(manage("migration", "sql", "--after", "0018", "--to", "0019", **away))
    assert "CREATE TABLE events" in script and "'0019.create-events'" in script
    assert "stream_tickets" not in script and "CREATE TABLE stores" not in script
    failed(manage("migration", "sql", "--after", "0000", **away), "there is no migration 0000")


def test_a_new_migration_is_written(tmp_path):
    """In a copy of the checkout, for other tests migrate from this one meanwhile."""
    for name in ("tableorder", "migrations"):
        shutil.copytree(CHECKOUT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    new = partial(manage, "migration", "new", home=tmp_path, checkout=tmp_path)
    made = [Path(line) for line in ok(new("add-menu-tags")).splitlines()]
    number = len(required_migrations()) + 1
    folder = tmp_path / "migrations"
    assert made == [folder / f"{number:04}.add-menu-tags.sql", folder / f"{number:04}.add-menu-tags.rollback.sql"]
    text = made[0].read_text()
    assert f"-- depends: {required_migrations()[-1]}" in text and "SELECT 1;" in text
    assert new("no spaces").returncode == 2
