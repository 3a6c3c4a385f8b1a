"""bin/verify-backup: a backup that was restored once is a backup."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from tableorder.backups.checks import checks
from tableorder.backups.command import now
from tableorder.backups.files import Backup, Standing
from tableorder.backups.policy import kept, name_at
from tests.backups.commands import Commands
from tests.backups.meals import order_something
from tests.factories import query, value
from tests.management.running import CHECKOUT
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
    assert f"as in the manifest; {len(checks())} invariants hold" in done.stdout
    assert newest.verified() is True
    assert [backup.verified() for backup in commands.folder.good()] == [None, True]
    assert value(meals, SCRATCHES) == 0


def test_other_row_counts_than_the_manifests_are_told(commands):
    backup = commands.back_up()
    rows = backup.read_manifest().tables["orders"].rows + 1
    alter_manifest(backup, lambda manifest: manifest["tables"]["orders"].update(rows=rows))
    done = commands.run("verify-backup", backup.dump)
    assert done.returncode == 1
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


def test_four_at_once_do_not_take_each_others_scratch_database_or_draft(commands):
    backup = commands.back_up()
    runs = [commands.start("verify-backup", backup.dump, stderr=subprocess.PIPE) for _ in range(4)]
    said = [process.communicate(timeout=60)[1].decode() for process in runs]
    assert [process.returncode for process in runs] == [0] * 4, said


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
    held = len(checks()) - 1
    assert f"{held} invariants hold; not for this older schema: event_horizon" in done.stdout


def test_a_good_backup_of_damaged_data_counts_and_the_damage_is_told(commands, meals):
    """An order's total that is wrong in the database itself says nothing against the backup."""
    query(meals, "SET session_replication_role = replica")
    query(meals, "UPDATE orders SET total_amount = total_amount + 1")
    backup = commands.back_up()
    done = commands.run("verify-backup")
    assert done.returncode == 1
    assert f"{backup.name} is a good backup of damaged data: " in done.stderr
    assert "order_total is violated by 2 rows" in done.stderr
    assert backup.verified() is True
    assert backup.violated() == {"order_total": 2}
    assert [good.dump for good in commands.folder.good()] == [backup.dump]
    finding = full_backup(commands)
    assert finding["status"] == "warning"
    assert finding["detail"].endswith(", verified, of damaged data: rows violate order_total")


def test_many_nights_with_damaged_data_are_rotated_as_ever(commands, meals):
    query(meals, "SET session_replication_role = replica")
    query(meals, "UPDATE orders SET total_amount = total_amount + 1")
    backup = commands.back_up()
    assert commands.run("verify-backup").returncode == 1
    for days in range(1, 16):
        older = commands.redate(backup, now() - timedelta(days=days))
        older.record_verification(ok=True, at="2026-05-05", violated={"order_total": 2})
    made = {path.name for path in commands.dumps()}
    commands.wait_for_name()
    assert commands.run("backup-db").returncode == 0
    present = {path.name for path in commands.dumps()}
    assert present & made == kept(made | present, now().date()) & made
    assert len(present) < len(made)


def test_a_backup_whose_rows_are_not_the_counted_ones_is_not_good_whatever_its_invariants_say(commands, meals):
    query(meals, "SET session_replication_role = replica")
    query(meals, "UPDATE orders SET total_amount = total_amount + 1")
    backup = commands.back_up()
    alter_manifest(backup, lambda manifest: manifest["tables"]["orders"]["newest"].update(order_id=1))
    done = commands.run("verify-backup", backup.dump)
    assert done.returncode == 1
    assert "orders has other rows than the backup" in done.stderr
    assert backup.verified() is False


def test_another_migration_than_the_manifests_is_told(commands, meals):
    backup = commands.back_up()
    alter_manifest(backup, lambda manifest: manifest.update(migration_version="0001.create-tables"))
    done = commands.run("verify-backup", backup.dump)
    assert done.returncode == 1
    newest = value(meals, "SELECT max(migration_id) FROM _yoyo_migration")
    assert f"it is of migration {newest}, not 0001.create-tables" in done.stderr
    assert backup.verified() is False


# A clock that was wrong


@pytest.mark.parametrize("ahead", [timedelta(minutes=10), timedelta(days=1560)])
def test_a_backup_of_the_future_is_named_and_counts_for_nothing(commands, ahead):
    backup = commands.back_up()
    future = commands.redate(backup, now() + ahead)
    assert commands.run("verify-backup").returncode == 0
    assert (backup.verified(), future.verified()) == (True, None)
    finding = full_backup(commands)
    assert finding["status"] == "ok"
    assert finding["detail"] == f"{backup.name}, 0 hours old, verified"
    [other] = [finding for finding in findings(commands) if finding["item"] == "other backups"]
    assert other["status"] == "warning"
    assert f"{future.dump} is dated in the future" in other["detail"]
    commands.wait_for_name()
    done = commands.run("backup-db")
    assert done.returncode == 0
    assert f"bin/backup-db: {future.dump} is dated in the future" in done.stderr
    assert future.dump.exists()


def test_with_a_backup_of_the_future_alone_there_is_none(commands):
    backup = commands.back_up()
    commands.redate(backup, now() + timedelta(days=2))
    backup.delete()
    assert "there is no good backup in" in commands.run("verify-backup").stderr
    assert full_backup(commands)["detail"].startswith("there is none in BACKUP_DIR")


def test_a_name_of_the_future_or_a_manifest_of_the_future_is_enough(commands):
    backup = commands.back_up()
    alter_manifest(backup, lambda manifest: manifest.update(taken_at=str(now() + timedelta(days=1))))
    assert backup.standing() is Standing.FUTURE
    alter_manifest(backup, lambda manifest: manifest.update(taken_at=str(now() + timedelta(minutes=4))))
    assert backup.standing() is Standing.GOOD
    for moment in ("yesterday", "2026-05-05T02:00:00", None):
        alter_manifest(backup, lambda manifest, moment=moment: manifest.update(taken_at=moment))
        assert backup.standing() is Standing.DOUBTFUL
    alter_manifest(backup, lambda manifest: manifest.update(taken_at=str(now())))
    renamed = Backup(commands.folder.path / name_at(now() + timedelta(days=1)))
    for path, other in zip(backup.files(), renamed.files(), strict=True):
        path.rename(other)
    assert renamed.standing() is Standing.FUTURE


def alter_manifest(backup: Backup, change: Callable[[dict[str, Any]], object]) -> None:
    """Change what a backup says of itself, and renew the sums."""
    manifest = json.loads(backup.manifest.read_text())
    change(manifest)
    backup.manifest.write_text(json.dumps(manifest))
    backup.sums.unlink()
    backup.write_sums()


def findings(commands: Commands) -> list[dict[str, str]]:
    """What bin/tableorder check says."""
    environment = commands.environment
    command = [sys.executable, "-m", "tableorder.management", "check", "--json"]
    return json.loads(subprocess.run(command, cwd=CHECKOUT, env=environment, capture_output=True, text=True).stdout)


def full_backup(commands: Commands) -> dict[str, str]:
    [found] = [finding for finding in findings(commands) if finding["item"] == "full backup"]
    return found
