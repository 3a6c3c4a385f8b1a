"""bin/restore-db: all or nothing, not over newer rows, and what comes back is what there was."""

from __future__ import annotations

import random
import signal
import subprocess
import time
from contextlib import closing

import psycopg2
import pytest

from tableorder.backups import BackupError
from tableorder.backups.checks import checks
from tableorder.backups.restore import restore
from tests.backups.commands import EMBEDDED, Commands
from tests.backups.meals import order_something
from tests.database.embedded import embedded_server
from tests.factories import query, value
from tests.terminal import Terminal
from tests.waiting import until, until_it_holds_up_somebody

OTHERS = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"


def test_what_was_there_comes_back_schema_and_rows(commands, meals):
    before, schema = commands.pg_dump(), commands.pg_dump("--schema-only")
    backup = commands.back_up()
    for _ in range(3):
        order_something(meals)
    query(meals, "UPDATE stores SET store_name = 'other'")
    query(meals, "ALTER TABLE stores ADD COLUMN later integer")
    query(meals, "CREATE TABLE later (store_id integer REFERENCES stores)")
    query(meals, "CREATE VIEW names AS SELECT store_name FROM stores")
    done = commands.run("restore-db", backup.dump, "--force")
    assert done.returncode == 0, done.stderr
    assert commands.pg_dump("--schema-only") == schema
    assert commands.pg_dump() == before
    assert done.stdout.startswith("Replacing ")
    assert f"{len(checks())} invariants hold" in done.stdout


def test_an_empty_database_of_another_name_gets_everything(commands, empty_database_url):
    before = commands.pg_dump()
    backup = commands.back_up()
    other = Commands(empty_database_url, commands.folder.path)
    done = other.run("restore-db", backup.dump)
    assert done.returncode == 0, done.stderr
    assert other.pg_dump() == before


def test_a_migrated_database_without_rows_is_no_newer(commands, database_url):
    before = commands.pg_dump()
    backup = commands.back_up()
    other = Commands(database_url, commands.folder.path)
    done = other.run("restore-db", backup.dump)
    assert done.returncode == 0, done.stderr
    assert other.pg_dump() == before


def test_newer_rows_are_not_replaced_without_force(commands, meals):
    backup = commands.back_up()
    order_id = order_something(meals)
    before = commands.pg_dump()
    done = commands.run("restore-db", backup.dump)
    assert done.returncode == 1
    assert "has rows that are newer than the backup, in events, idempotency_keys, order_items, orders" in done.stderr
    assert commands.pg_dump() == before
    assert commands.run("restore-db", backup.dump, "--force").returncode == 0
    assert value(meals, "SELECT count(*) FROM orders WHERE order_id = %s", order_id) == 0


def test_a_row_that_comes_in_at_the_last_moment_is_not_lost(commands, meals):
    """Held up by a lock of ours after it has looked, it looks again when it has the tables to itself."""
    backup = commands.back_up()
    failures = value(meals, "SELECT count(*) FROM failed_logins")
    with closing(psycopg2.connect(commands.target.url)) as blocker:
        query(blocker, "LOCK TABLE _yoyo_log IN ROW EXCLUSIVE MODE")
        restoring = commands.start("restore-db", backup.dump, stderr=subprocess.PIPE)
        until_it_holds_up_somebody(blocker, meals)
        query(blocker, "INSERT INTO failed_logins VALUES ('table', 1, '', '{2026-05-05}', now())")
        blocker.commit()
    _, said = restoring.communicate(timeout=60)
    assert restoring.returncode == 1
    assert "rows came in meanwhile" in said.decode()
    assert value(meals, "SELECT count(*) FROM failed_logins") == failures + 1


def test_a_restore_that_is_killed_has_happened_or_not(commands, meals):
    backup = commands.back_up()
    restored = commands.pg_dump()
    started = time.monotonic()
    assert commands.run("restore-db", backup.dump).returncode == 0
    whole = time.monotonic() - started
    chance = random.Random(7)
    for number in [signal.SIGKILL, signal.SIGTERM] * 4:
        order_something(meals)
        before = commands.pg_dump()
        process = commands.start("restore-db", backup.dump, "--force")
        try:
            process.wait(chance.uniform(0.3, whole))
        except subprocess.TimeoutExpired:
            process.send_signal(number)
            process.wait(60)
        until(lambda: value(meals, OTHERS) == 0)
        assert commands.pg_dump() in (before, restored)


# What else is in the database

OTHERS_MADE = """
CREATE SCHEMA report;
CREATE VIEW report.daily AS SELECT store_id, count(*) AS orders FROM orders GROUP BY store_id;
CREATE TABLE report.notes (note_id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, note text);
INSERT INTO report.notes (note) VALUES ('어제'), ('오늘');
CREATE TYPE report.mood AS ENUM ('good', 'bad');
CREATE FUNCTION report.twice(amount integer, OUT double integer) LANGUAGE sql RETURN amount * 2;
CREATE FUNCTION answer_of_the_house() RETURNS integer LANGUAGE sql RETURN 42;
CREATE PUBLICATION orders_elsewhere FOR TABLE orders, order_items;
CREATE MATERIALIZED VIEW yearly AS SELECT count(*) AS orders FROM order_history;
CREATE INDEX idx_of_the_house ON orders (total_amount);
CREATE TRIGGER of_the_house BEFORE UPDATE ON menus FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger();
CREATE POLICY of_the_house ON menus FOR SELECT USING (false);
SELECT lo_from_bytea(0, 'a picture');
"""

OTHERS_NAMED = [
    "schema report", "function answer_of_the_house()", "publication orders_elsewhere", "materialized view yearly",
    "index idx_of_the_house", "trigger menus of_the_house", "policy menus of_the_house",
]  # fmt: skip


def test_schemas_views_and_publications_come_back_too(commands, meals):
    query(meals, OTHERS_MADE)
    before = commands.pg_dump()
    backup = commands.back_up()
    done = commands.run("verify-backup")
    assert done.returncode == 0, done.stderr
    assert backup.read_manifest().tables["report.notes"].rows == 2
    query(meals, "DROP VIEW report.daily; DELETE FROM report.notes")
    done = commands.run("restore-db", backup.dump)
    assert done.returncode == 0, done.stderr
    assert commands.pg_dump() == before


def test_rows_of_other_schemas_may_be_newer_too(commands, meals):
    query(meals, OTHERS_MADE)
    backup = commands.back_up()
    query(meals, "INSERT INTO report.notes (note) VALUES ('내일')")
    done = commands.run("restore-db", backup.dump)
    assert done.returncode == 1
    assert "has rows that are newer than the backup, in report.notes; " in done.stderr


def test_what_an_older_backup_does_not_bring_back_is_named_and_stays(commands, meals):
    backup = commands.back_up()
    query(meals, OTHERS_MADE)
    before = commands.pg_dump()
    done = commands.run("restore-db", backup.dump)
    assert done.returncode == 1
    [_, named] = done.stderr.split("has what the backup does not bring back: ")
    assert named.endswith("; --force replaces them all the same\n")
    assert sorted(named.partition(";")[0].split(", ")) == sorted(OTHERS_NAMED)
    assert commands.pg_dump() == before
    assert commands.run("restore-db", backup.dump, "--force").returncode == 0
    assert value(meals, "SELECT count(*) FROM pg_namespace WHERE nspname = 'report'") == 0
    assert value(meals, "SELECT count(*) FROM pg_publication") == 0
    assert value(meals, "SELECT count(*) FROM pg_largeobject_metadata") == 0


def test_a_view_that_comes_in_at_the_last_moment_is_not_lost(commands, meals):
    backup = commands.back_up()
    with closing(psycopg2.connect(commands.target.url)) as blocker:
        query(blocker, "LOCK TABLE _yoyo_log IN ROW EXCLUSIVE MODE")
        restoring = commands.start("restore-db", backup.dump, stderr=subprocess.PIPE)
        until_it_holds_up_somebody(blocker, meals)
        query(blocker, "CREATE VIEW late AS SELECT 1 AS one")
        blocker.commit()
    _, said = restoring.communicate(timeout=60)
    assert restoring.returncode == 1
    assert "the schema was changed meanwhile" in said.decode()
    assert value(meals, "SELECT one FROM late") == 1


def test_a_schema_with_an_extension_in_it_stays(commands, meals):
    query(meals, "CREATE SCHEMA extensions; CREATE EXTENSION pg_trgm SCHEMA extensions")
    query(meals, "CREATE INDEX idx_names ON menus USING gin (menu_name extensions.gin_trgm_ops)")
    query(meals, "CREATE TABLE extensions.by_hand AS SELECT 1 AS one")
    before = commands.pg_dump()
    backup = commands.back_up()
    assert commands.run("verify-backup").returncode == 0
    done = commands.run("restore-db", backup.dump)
    assert done.returncode == 0, done.stderr
    assert commands.pg_dump() == before


@pytest.mark.parametrize("answer", ["", "x", "n", "no", "yess"])
def test_any_other_answer_than_yes_changes_nothing(commands, meals, answer):
    backup = commands.back_up()
    query(meals, "DELETE FROM idempotency_keys")
    before = commands.pg_dump()
    with Terminal(commands.command("restore-db", backup.dump), env=commands.environment) as terminal:
        terminal.wait_for("[y/N] ")
        terminal.type(f"{answer}\n")
        shown = terminal.read_to_the_end()
    assert terminal.status == 1
    assert "nothing was changed" in shown
    assert commands.pg_dump() == before


@pytest.mark.parametrize("answer", ["y", "YES"])
def test_yes_replaces_what_is_there(commands, meals, answer):
    before = commands.pg_dump()
    backup = commands.back_up()
    query(meals, "DELETE FROM idempotency_keys")
    with Terminal(commands.command("restore-db", backup.dump), env=commands.environment) as terminal:
        terminal.wait_for("[y/N] ")
        terminal.type(f"{answer}\n")
        terminal.read_to_the_end()
    assert terminal.status == 0
    assert commands.pg_dump() == before


def test_no_file_prints_the_usage(commands):
    done = commands.run("restore-db")
    assert done.returncode == 1
    assert done.stderr.startswith("usage: bin/restore-db")


def test_a_file_that_is_not_there_and_a_dump_without_its_sums_are_refused(commands, tmp_path):
    done = commands.run("restore-db", tmp_path / "nothing.dump")
    assert done.returncode == 1
    assert done.stderr == f"bin/restore-db: there is no file {tmp_path / 'nothing.dump'}\n"
    alone = tmp_path / "alone.dump"
    alone.touch()
    done = commands.run("restore-db", alone)
    assert done.returncode == 1
    assert "alone.dump.sha256 is missing" in done.stderr


def test_a_server_without_the_roles_is_told_of_them_and_the_roles_file_makes_them(commands, tmp_path):
    backup = commands.back_up()
    with embedded_server() as server:
        other = Commands(server.uri(), commands.folder.path, EMBEDDED)
        done = other.run("restore-db", backup.dump)
        assert done.returncode == 1
        assert "the server has no role tableorder, tableorder_owner" in done.stderr
        psql = [server.bin("psql"), "--quiet", "--set=ON_ERROR_STOP=1", server.uri(), "--file", backup.roles]
        for _ in range(2):  # it may be run again
            ran = subprocess.run(psql, capture_output=True, text=True)
            assert ran.returncode == 0, ran.stderr
        assert other.run("restore-db", backup.dump).returncode == 0
        with closing(psycopg2.connect(server.uri())) as connection:
            assert value(connection, "SELECT count(*) FROM order_history") == 6


def test_an_invariant_that_does_not_hold_is_told(commands, meals):
    query(meals, "SET session_replication_role = replica")
    query(meals, "UPDATE orders SET total_amount = total_amount + 1")
    backup = commands.back_up()
    with pytest.raises(BackupError, match="order_total is violated by 2 rows"):
        restore(commands.target, backup, backup.check(), force=False)
