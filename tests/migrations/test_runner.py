"""Applying and taking back: whole or not at all, one at a time, and refused when the files are not what they were."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from functools import partial
from itertools import count, takewhile
from pathlib import Path

import psycopg2
import pytest
import yoyo
from yoyo.backends.base import DatabaseBackend

from tableorder.database.embedded import embedded_programs
from tableorder.database.migration_sql import offline_sql
from tableorder.database.migrations import (
    LOCK,
    SOURCE,
    MigrationError,
    applied_migrations,
    apply_pending,
    list_migrations,
    required_migrations,
    roll_back_last,
)
from tableorder.database.pool import PoolSettings
from tableorder.database.programs import find_program, libpq_environment
from tests.backups.commands import Commands
from tests.database.embedded import embedded_server, url_of
from tests.factories import query, value
from tests.management.running import manage
from tests.waiting import assert_within, until, until_it_holds_up_somebody

ALL = list(required_migrations())
CHECKOUT = SOURCE.parent


def schema_of(url: str) -> str:
    """The whole schema, yoyo's books included, without what differs from dump to dump."""
    command = [embedded_programs() / "pg_dump", "--schema-only", "--restrict-key=same"]
    return subprocess.run(command, env=libpq_environment(url), check=True, capture_output=True, text=True).stdout


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A folder of two small migrations, to be changed."""
    write(tmp_path, "0001.create-notes", "CREATE TABLE notes (note text);", "DROP TABLE notes;")
    write(tmp_path, "0002.add-authors", "ALTER TABLE notes ADD author text;", "ALTER TABLE notes DROP author;")
    return tmp_path


def write(source: Path, name: str, up: str, down: str | None, *directives: str) -> None:
    (source / f"{name}.sql").write_text("\n".join(["-- A note.", *directives, up]) + "\n")
    if down is not None:
        (source / f"{name}.rollback.sql").write_text(down + "\n")


@pytest.fixture
def connection(empty_database_url: str) -> Iterator[psycopg2.extensions.connection]:
    with closing(psycopg2.connect(empty_database_url)) as opened:
        opened.autocommit = True
        yield opened


def tables(connection: psycopg2.extensions.connection) -> set[str]:
    return {name for (name,) in query(connection, "SELECT tablename FROM pg_tables WHERE schemaname = 'public'")} - {
        "_yoyo_log",
        "_yoyo_migration",
        "_yoyo_version",
        "yoyo_lock",
    }


# Killed


LOADED = yoyo.read_migrations(str(SOURCE))  # once, not in each of the hundreds of processes
for migration in LOADED:
    migration.load()


def killed_at(url: str, name: str, number: int, *, count_from: str) -> bool:
    """Apply up to `name` in a process that kills itself before its nth statement after `count_from`; whether it did."""
    child = os.fork()
    if child == 0:
        run_and_die(url, name, number, count_from)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0
    return os.WIFSIGNALED(status)


def run_and_die(url: str, name: str, number: int, count_from: str) -> None:
    left = number
    is_counting = count_from == ""
    execute = DatabaseBackend.execute

    def counted(self, statement, *arguments):
        nonlocal left, is_counting
        is_counting = is_counting or count_from in statement
        left -= is_counting and "SAVEPOINT" not in statement
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return execute(self, statement, *arguments)

    try:
        DatabaseBackend.execute = counted  # type: ignore[method-assign]
        yoyo.read_migrations = lambda source: LOADED
        apply_pending(url, up_to=name)
        os._exit(0)
    finally:
        os._exit(1)


MARK = 'INSERT INTO "_yoyo_migration"'
# Statements from the mark on: before it, when the migration is done; before the commit, when it is marked; after that.
AROUND_THE_MARK = (1, 3, 4)


def test_killed_at_any_moment_of_any_migration_the_next_run_converges(empty_database_url, template, postgres):
    """The bookkeeping is the same for each one, so it is killed at every statement of its own only for the first."""
    url = empty_database_url
    kills = sum(1 for _ in takewhile(lambda number: killed_at(url, ALL[0], number, count_from=""), count(1)))
    assert kills > 30
    assert list(applied_migrations(url)) == ALL[:1]
    for position, name in enumerate(ALL[1:], 1):
        for number in AROUND_THE_MARK:
            assert killed_at(url, name, number, count_from=MARK)
            assert list(applied_migrations(url)) == (ALL[:position] if number < 4 else ALL[: position + 1])
    assert apply_pending(url) == []
    assert schema_of(url) == schema_of(url_of(postgres, template))


def test_who_waits_for_its_turn_does_not_hold_up_an_index(empty_database_url, connection, source):
    """CREATE INDEX CONCURRENTLY waits for every older snapshot, and the one who waits must not have one."""
    holder = psycopg2.connect(empty_database_url)
    holder.autocommit = True
    with closing(holder), ThreadPoolExecutor(1) as thread:
        query(holder, f"SELECT pg_advisory_lock({LOCK})")
        query(holder, "CREATE TABLE busy (a integer)")
        waiting = thread.submit(apply_pending, empty_database_url, source=source)
        waits = "SELECT count(*) FROM pg_stat_activity WHERE starts_with(query, 'DO') AND state = 'active'"
        until(lambda: value(connection, waits))
        query(holder, "SET statement_timeout = '20s'")
        query(holder, "CREATE INDEX CONCURRENTLY busy_a ON busy (a)")
        assert not waiting.done()
        query(holder, f"SELECT pg_advisory_unlock({LOCK})")
        assert waiting.result() == ["0001.create-notes", "0002.add-authors"]


@pytest.mark.timeout(120)
def test_of_two_at_once_one_applies_and_the_other_finds_nothing_to_do(empty_database_url):
    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(lambda _: apply_pending(empty_database_url), range(4)))
    assert sorted(map(len, done)) == [0, 0, 0, len(ALL)]


# What yoyo leaves open


def test_an_edited_migration_is_refused_before_anything_happens(empty_database_url, connection, source):
    apply_pending(empty_database_url, source=source)
    write(source, "0001.create-notes", "CREATE TABLE notes (note text, at timestamptz);", "DROP TABLE notes;")
    write(source, "0003.add-more", "CREATE TABLE more (a integer);", "DROP TABLE more;")
    with pytest.raises(MigrationError, match=r"^0001.create-notes was edited after it was applied"):
        apply_pending(empty_database_url, source=source)
    assert tables(connection) == {"notes"}


def test_another_comment_is_no_edit(empty_database_url, source):
    apply_pending(empty_database_url, source=source)
    file = source / "0001.create-notes.sql"
    file.write_text("-- Said better.\n" + file.read_text())
    assert apply_pending(empty_database_url, source=source) == []


def test_one_that_comes_out_of_order_is_refused(empty_database_url, connection, source):
    apply_pending(empty_database_url, source=source)
    write(source, "0001.create-late", "CREATE TABLE late (a integer);", "DROP TABLE late;")
    with pytest.raises(MigrationError, match=r"^0001.create-late came after 0002.add-authors was applied"):
        apply_pending(empty_database_url, source=source)
    assert tables(connection) == {"notes"}


def test_as_far_as_a_version(empty_database_url, source):
    assert apply_pending(empty_database_url, up_to="0001", source=source) == ["0001.create-notes"]
    states = list_migrations(empty_database_url, source=source)
    assert [(state.id, state.applied_at is not None) for state in states] == [
        ("0001.create-notes", True),
        ("0002.add-authors", False),
    ]
    assert apply_pending(empty_database_url, up_to="0002.add-authors", source=source) == ["0002.add-authors"]
    with pytest.raises(MigrationError, match="there is no migration 0009"):
        apply_pending(empty_database_url, up_to="0009", source=source)


def test_one_step_back(empty_database_url, connection, source):
    apply_pending(empty_database_url, source=source)
    assert roll_back_last(empty_database_url, source=source) == "0002.add-authors"
    assert roll_back_last(empty_database_url, source=source) == "0001.create-notes"
    assert tables(connection) == set()
    with pytest.raises(MigrationError, match="no migration is applied"):
        roll_back_last(empty_database_url, source=source)
    assert apply_pending(empty_database_url, source=source) == ["0001.create-notes", "0002.add-authors"]


def test_without_a_rollback_file_there_is_no_way_back(empty_database_url, connection, source):
    write(source, "0003.create-more", "CREATE TABLE more (a integer);", None)
    apply_pending(empty_database_url, source=source)
    with pytest.raises(MigrationError, match=r"^0003.create-more has no rollback file"):
        roll_back_last(empty_database_url, source=source)
    assert tables(connection) == {"notes", "more"}
    assert "0003.create-more" in applied_migrations(empty_database_url)


def test_a_migration_of_a_newer_version_is_left_alone(empty_database_url, source, tmp_path):
    apply_pending(empty_database_url, source=source)
    for file in source.glob("0002*"):
        file.unlink()
    assert apply_pending(empty_database_url, source=source) == []
    assert [state.is_known for state in list_migrations(empty_database_url, source=source)] == [True, False]
    with pytest.raises(MigrationError, match=r"^0002.add-authors is of a newer version"):
        roll_back_last(empty_database_url, source=source)


def test_a_migration_whose_file_was_removed_is_no_newer_one(empty_database_url, source):
    apply_pending(empty_database_url, source=source)
    for file in source.glob("0001*"):
        file.unlink()
    with pytest.raises(MigrationError, match=r"^0001.create-notes is applied, and its file was removed"):
        apply_pending(empty_database_url, source=source)


def test_a_newer_versions_migration_is_told_and_cannot_be_compared(empty_database_url, connection, tmp_path):
    apply_pending(empty_database_url)
    query(
        connection,
        "INSERT INTO _yoyo_migration (migration_hash, migration_id, applied_at_utc)"
        " VALUES ('x', '9999.add-more', now())",
    )
    migrated = manage("migrate", home=tmp_path, DATABASE_URL=empty_database_url)
    assert (migrated.returncode, migrated.stdout) == (0, "Nothing to apply.\n")
    assert migrated.stderr == "The schema is that of a newer version, which has 9999.add-more.\n"
    drifted = manage("migration", "drift", home=tmp_path, DATABASE_URL=empty_database_url)
    assert drifted.returncode == 1
    assert drifted.stderr.startswith("tableorder: 9999.add-more is applied and has no file here; ")


def test_drift_and_check_see_a_foreign_key_that_was_switched_off(database_url, tmp_path):
    with closing(psycopg2.connect(database_url)) as raw:
        raw.autocommit = True
        query(raw, "ALTER TABLE order_items DISABLE TRIGGER ALL")
        drifted = manage("migration", "drift", home=tmp_path, DATABASE_URL=database_url)
        assert drifted.returncode == 1
        assert "+ALTER TABLE order_items DISABLE TRIGGER ALL; -- so " in drifted.stdout
        checked = manage("check", home=tmp_path, DATABASE_URL=database_url, BACKUP_DIR=str(tmp_path))
        assert checked.returncode == 1
        assert "failed: indexes and triggers" in checked.stderr
        query(raw, "ALTER TABLE order_items ENABLE TRIGGER ALL")
        assert manage("migration", "drift", home=tmp_path, DATABASE_URL=database_url).returncode == 0


# Several people


def test_another_member_of_the_owner_goes_on_where_the_first_one_stopped(tmp_path):
    """Migrates, takes back, looks for drift and takes a backup of what somebody else has migrated."""
    with embedded_server() as server:
        with closing(psycopg2.connect(server.uri())) as raw:
            raw.autocommit = True
            for role in ("tableorder_owner", "tableorder"):
                query(raw, f"CREATE ROLE {role}")
            for name in ("first", "second"):
                query(raw, f"CREATE ROLE {name} LOGIN CREATEDB IN ROLE tableorder_owner, tableorder")
            query(raw, "CREATE DATABASE shared OWNER tableorder_owner")
        first, second = (server.uri("shared", user=name) for name in ("first", "second"))
        assert apply_pending(first) == ALL
        assert apply_pending(second) == []
        assert roll_back_last(second) == ALL[-1]
        assert apply_pending(second) == [ALL[-1]]
        for command in (["migrate"], ["migration", "drift"]):
            done = manage(*command, home=tmp_path, DATABASE_URL=second)
            assert done.returncode == 0, done.stderr
        commands = Commands(second, tmp_path / "backups", embedded_programs())
        commands.back_up()
        assert commands.run("verify-backup").returncode == 0
        with closing(psycopg2.connect(first)) as raw:
            owners = "SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'"
            assert query(raw, owners) == [("tableorder_owner",)]


def test_a_migration_that_fails_leaves_nothing_and_those_before_it(empty_database_url, connection, source):
    write(source, "0003.fail", "CREATE TABLE more (a integer);\nINSERT INTO more VALUES (1 / 0);", "DROP TABLE more;")
    with pytest.raises(psycopg2.errors.DivisionByZero):
        apply_pending(empty_database_url, source=source)
    assert tables(connection) == {"notes"}
    assert list(applied_migrations(empty_database_url)) == ["0001.create-notes", "0002.add-authors"]


def test_an_index_that_was_cut_short_is_made_again(empty_database_url, connection, source):
    index = "CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS idx_notes ON notes (note);"
    write(source, "0003.index-notes", index, "DROP INDEX idx_notes;", "-- transactional: false")
    apply_pending(empty_database_url, up_to="0002", source=source)
    query(connection, "INSERT INTO notes (note) VALUES ('같은 말'), ('같은 말')")
    with pytest.raises(psycopg2.errors.UniqueViolation):
        apply_pending(empty_database_url, source=source)
    is_valid = "SELECT indisvalid FROM pg_index WHERE indexrelid = 'idx_notes'::regclass"
    assert value(connection, is_valid) is False
    query(connection, "DELETE FROM notes")
    assert apply_pending(empty_database_url, source=source) == ["0003.index-notes"]
    assert value(connection, is_valid) is True


def test_a_lock_that_is_not_to_be_had_ends_the_run_and_holds_up_nobody(empty_database_url, connection, source):
    apply_pending(empty_database_url, up_to="0001", source=source)
    with closing(psycopg2.connect(empty_database_url)) as holder:
        query(holder, "SELECT count(*) FROM notes")  # a long transaction
        with ThreadPoolExecutor(1) as pool:
            run = pool.submit(apply_pending, empty_database_url, source=source, lock_timeout=2)
            until_it_holds_up_somebody(holder, connection)
            started = time.monotonic()
            query(connection, "INSERT INTO notes (note) VALUES ('waits behind the migration')")
            assert time.monotonic() - started < 2.5
            with pytest.raises(psycopg2.errors.LockNotAvailable):
                run.result()
        assert list(applied_migrations(empty_database_url)) == ["0001.create-notes"]
    assert apply_pending(empty_database_url, source=source) == ["0002.add-authors"]


# With yoyo's own command, and without a database


def run_yoyo(url: str, *arguments: str) -> str:
    command = [sys.executable, "-m", "yoyo", *arguments, "--batch"]
    environment = {**os.environ, "DATABASE_URL": url, "NO_COLOR": "1"}
    return subprocess.run(command, cwd=CHECKOUT, env=environment, check=True, capture_output=True, text=True).stdout


def test_yoyo_and_we_agree(empty_database_url, make_database):
    ours = make_database(template=None)
    run_yoyo(empty_database_url, "apply", "--revision", ALL[4])
    assert apply_pending(empty_database_url) == ALL[5:]
    assert apply_pending(ours, up_to=ALL[14]) == ALL[:15]
    run_yoyo(ours, "apply")
    assert apply_pending(ours) == []
    for url in (empty_database_url, ours):
        assert schema_of(url).count("CREATE TABLE") == schema_of(ours).count("CREATE TABLE")
        assert list(applied_migrations(url)) == ALL
        listed = run_yoyo(url, "list")
        assert all(f"A {name}" in " ".join(listed.split()) for name in ALL)
        with closing(psycopg2.connect(url)) as connection:
            assert value(connection, "SELECT count(*) FROM _yoyo_log WHERE comment LIKE 'sha256:%'") == len(ALL)
    assert schema_of(empty_database_url) == schema_of(ours)


@pytest.mark.parametrize("done", [0, 7])
def test_the_script_for_psql_gives_the_same_schema_to_the_letter(empty_database_url, make_database, tmp_path, done):
    online = make_database()
    apply_pending(online)
    if done:
        apply_pending(empty_database_url, up_to=ALL[done - 1])
    script = tmp_path / "pending.sql"
    script.write_text("".join(offline_sql(ALL[done:])))
    psql = [find_program("psql"), "--no-psqlrc", "--quiet", "--set", "ON_ERROR_STOP=1", "--file", script]
    ran = subprocess.run(psql, env=libpq_environment(empty_database_url), capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    assert schema_of(empty_database_url) == schema_of(online)
    assert list(applied_migrations(empty_database_url)) == ALL
    assert apply_pending(empty_database_url) == []
    assert " U " not in run_yoyo(empty_database_url, "list")


# Under traffic

FILL = """
INSERT INTO stores (store_name, admin_username, admin_password_hash) VALUES ('식당', 'admin', 'x');
INSERT INTO categories (store_id, category_name) VALUES (1, '식사');
INSERT INTO menus (store_id, category_id, menu_name, price) VALUES (1, 1, '찌개', 9000);
INSERT INTO tables (store_id, table_number, table_password_hash) SELECT 1, n, 'x' FROM generate_series(1, 50) AS n;
INSERT INTO table_sessions (table_id) SELECT table_id FROM tables;
INSERT INTO orders (session_id, table_id, store_id, total_amount)
SELECT session_id, table_id, 1, 9000 FROM table_sessions, generate_series(1, %(rows)s / 50);
INSERT INTO order_items (order_id, menu_id, quantity, unit_price) SELECT order_id, 1, 1, 9000 FROM orders;
INSERT INTO order_history (session_id, table_id, store_id, archived_order_data)
SELECT gen_random_uuid(), 1, 1, '{"orders": [], "session_total": 0}' FROM generate_series(1, %(rows)s);
"""

REQUEST = """
UPDATE orders SET status = '준비중' WHERE order_id = (SELECT max(order_id) FROM orders WHERE table_id = %(table)s);
INSERT INTO orders (session_id, table_id, store_id, total_amount)
SELECT session_id, table_id, 1, 9000 FROM table_sessions WHERE table_id = %(table)s AND is_active;
SELECT count(*) FROM orders WHERE table_id = %(table)s
"""


NOT_NOW = psycopg2.errors.DeadlockDetected, psycopg2.errors.LockNotAvailable
SETTINGS = PoolSettings("")  # the application's own


def ask_again_and_again(url: str, table: int, stopped: threading.Event) -> tuple[int, float]:
    """How many requests there were, and the longest one's seconds. One that is answered with a 503 counts, too."""
    longest, count = 0.0, 0
    options = f"-c lock_timeout={SETTINGS.lock_timeout}s"
    with closing(psycopg2.connect(url, options=options)) as connection:
        connection.autocommit = True
        while not stopped.wait(0.03):
            started = time.monotonic()
            with connection.cursor() as cursor, suppress(*NOT_NOW):
                cursor.execute(REQUEST, {"table": table})
            longest = max(longest, time.monotonic() - started)
            count += 1
    return count, longest


def apply_in_the_end(url: str, name: str) -> None:
    """As a person would: one that did not get its locks is run again."""
    while name not in applied_migrations(url):
        with suppress(*NOT_NOW):
            apply_pending(url, up_to=name)


@pytest.mark.long
def test_traffic_goes_on_while_each_migration_is_applied_to_large_tables(empty_database_url, connection):
    apply_pending(empty_database_url, up_to=ALL[0])
    with connection.cursor() as cursor:
        cursor.execute(FILL, {"rows": 30_000})
    for name in ALL[1:]:
        print(name)  # shown if it fails
        assert_within(SETTINGS.lock_timeout + 0.5, partial(longest_request_while_applied, empty_database_url, name))


def longest_request_while_applied(url: str, name: str) -> float:
    """The seconds of the longest request beside a migration, which is rolled back before if it has been applied."""
    if name in applied_migrations(url):
        assert roll_back_last(url) == name
    stopped = threading.Event()
    with ThreadPoolExecutor(3) as pool:
        traffic = [pool.submit(ask_again_and_again, url, table, stopped) for table in (1, 2, 3)]
        try:
            apply_in_the_end(url, name)
        finally:
            stopped.set()
        answers = [each.result() for each in traffic]
    assert min(count for count, _ in answers) > 0
    return max(longest for _, longest in answers)


# The lint

BLOCKING = {
    "an index": "CREATE INDEX a ON orders (status);",
    "a column that must be filled": "ALTER TABLE orders ADD COLUMN x bigint NOT NULL;",
    "a column with a default for each row": "ALTER TABLE orders ADD COLUMN x uuid DEFAULT gen_random_uuid();",
    "a type": "ALTER TABLE orders ALTER COLUMN status TYPE text;",
    "not null": "ALTER TABLE orders ALTER COLUMN order_time SET NOT NULL;",
    "a check": "ALTER TABLE orders ADD CONSTRAINT c CHECK (total_amount > 1);",
    "a foreign key": "ALTER TABLE orders ADD CONSTRAINT f FOREIGN KEY (store_id) REFERENCES stores (store_id);",
    "a unique key": "ALTER TABLE orders ADD CONSTRAINT u UNIQUE (order_time);",
    "a table that goes": "DROP TABLE orders;",
    "a column that goes": "ALTER TABLE orders DROP COLUMN status;",
    "another name": "ALTER TABLE orders RENAME COLUMN status TO state;",
    "reindex": "REINDEX TABLE orders;",
}

HARMLESS = {
    "a column": "ALTER TABLE orders ADD COLUMN note text;",
    "a check for new rows": "ALTER TABLE orders ADD CONSTRAINT c CHECK (total_amount > 1) NOT VALID;",
    "a table with an index": "CREATE TABLE notes (note text);\nCREATE INDEX idx_notes ON notes (note);",
}


@pytest.fixture
def lint(tmp_path: Path) -> Callable[..., int]:
    if not (Path(sys.executable).parent / "squawk").exists():
        pytest.skip("needs squawk, which bin/lint installs")

    def lint_(sql: str, *directives: str) -> int:
        write(tmp_path, "0001.change", sql, None, *directives)
        environment = {**os.environ, "TABLEORDER_VENV": str(Path(sys.executable).parent.parent)}
        return subprocess.run([".ci/lint-migrations", tmp_path], cwd=CHECKOUT, env=environment).returncode

    return lint_


@pytest.mark.parametrize("name", BLOCKING)
def test_what_holds_up_a_restaurant_is_refused(lint, name):
    assert lint(BLOCKING[name]) == 1


@pytest.mark.parametrize("name", HARMLESS)
def test_what_holds_up_nobody_is_not(lint, name):
    assert lint(HARMLESS[name]) == 0


def test_an_index_may_be_made_without_holding_up_anybody(lint):
    index = "CREATE INDEX CONCURRENTLY IF NOT EXISTS idx_note ON orders (status);"
    assert lint(index, "-- transactional: false") == 0


def test_every_migration_of_ours_passes(lint):
    assert shutil.which("sh")
    environment = {**os.environ, "TABLEORDER_VENV": str(Path(sys.executable).parent.parent)}
    assert subprocess.run([".ci/lint-migrations"], cwd=CHECKOUT, env=environment).returncode == 0
