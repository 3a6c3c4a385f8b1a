"""bin/verify-backup: a backup that was restored once is a backup."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import time

from tests.backups.meals import order_something
from tests.factories import query, value
from tests.waiting import until

SCRATCHES = "SELECT count(*) FROM pg_database WHERE starts_with(datname, 'tableorder_scratch_')"
IN_USE = "SELECT count(*) FROM pg_stat_activity WHERE starts_with(application_name, 'tableorder_scratch_')"


def test_the_newest_is_verified_and_that_is_noted(commands, meals):
    commands.back_up()
    order_something(meals)
    newest = commands.back_up()
    assert newest.verified() is None
    done = commands.run("verify-backup")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"{newest.name} is good: ")
    assert "as in the manifest; 16 invariants hold" in done.stdout
    assert newest.verified() is True
    assert [backup.verified() for backup in commands.folder.good()] == [None, True]
    assert value(meals, SCRATCHES) == 0


def test_other_row_counts_than_the_manifests_are_told(commands):
    backup = commands.back_up()
    manifest = json.loads(backup.manifest.read_text())
    manifest["tables"]["orders"]["rows"] += 1
    backup.manifest.write_text(json.dumps(manifest))
    backup.sums.unlink()
    backup.write_sums()
    done = commands.run("verify-backup", backup.dump)
    assert done.returncode == 1
    rows = manifest["tables"]["orders"]["rows"]
    assert f"orders has {rows - 1} rows, the backup {rows}" in done.stderr
    assert backup.verified() is False


def test_what_a_killed_verification_left_behind_is_dropped_by_the_next(commands, meals):
    backup = commands.back_up()
    started = time.monotonic()
    assert commands.run("verify-backup").returncode == 0
    whole = time.monotonic() - started
    while not value(meals, SCRATCHES):  # a busy machine may kill it only when it is over
        killed = commands.start("verify-backup", backup.dump)
        until(lambda killed=killed: value(meals, SCRATCHES) or killed.poll() is not None)
        killed.kill()
        killed.wait(60)
        until(lambda: value(meals, IN_USE) == 0)
    chance = random.Random(8)
    for number in [signal.SIGKILL] * 4 + [signal.SIGTERM] * 2:
        process = commands.start("verify-backup", backup.dump)
        try:
            process.wait(chance.uniform(0.3, whole))
        except subprocess.TimeoutExpired:
            process.send_signal(number)
            process.wait(60)
        until(lambda: value(meals, IN_USE) == 0)  # a killed one's last statement may still run, and make the database
        assert value(meals, SCRATCHES) <= 1
    assert commands.run("verify-backup").returncode == 0
    assert value(meals, SCRATCHES) == 0


def test_two_at_once_do_not_take_each_others_scratch_database(commands):
    backup = commands.back_up()
    both = [commands.start("verify-backup", backup.dump) for _ in range(2)]
    assert [process.wait(60) for process in both] == [0, 0]


def test_without_any_backup_it_says_so(commands):
    done = commands.run("verify-backup")
    assert done.returncode == 1
    assert "there is no good backup in" in done.stderr


def test_an_older_schemas_backup_is_verified_as_far_as_it_goes(commands, meals):
    with meals.cursor() as cursor:
        cursor.execute("DROP TABLE event_horizon")
    commands.back_up()
    done = commands.run("verify-backup")
    assert done.returncode == 0, done.stderr
    assert "15 invariants hold; not for this older schema: event_horizon" in done.stdout


def test_an_invariant_that_does_not_hold_is_told(commands, meals):
    query(meals, "SET session_replication_role = replica")
    query(meals, "UPDATE orders SET total_amount = total_amount + 1")
    backup = commands.back_up()
    done = commands.run("verify-backup")
    assert done.returncode == 1
    assert "order_total is violated by 2 rows" in done.stderr
    assert backup.verified() is False
