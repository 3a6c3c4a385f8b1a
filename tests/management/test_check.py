"""bin/tableorder check: well, and unwell in each way that it looks for."""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta

import pytest

from tableorder.backups.policy import KINDS
from tableorder.database.embedded import embedded_programs
from tableorder.database.migrations import roll_back_last
from tableorder.management.check import expected_objects, status_of
from tests.api.server import run_sql
from tests.database.embedded import as_application
from tests.management.running import CHECKOUT, environment, findings_of, manage

ITEMS = (
    "PostgreSQL", "uuid-ossp", "indexes and triggers", "durability", "archiving", "clock", "isolation", "encoding",
    "collation", "sequences", "commits", "replication slots", "transactions", "wraparound", "time zone", "migrations",
    "housekeeping", "connections", "pool", "full backup", "weekly backup", "monthly backup",
)  # fmt: skip


@pytest.fixture
def check(database_url, tmp_path):
    """What the command finds, by item, and its exit status."""

    def check_(**settings):
        settings = {"DATABASE_URL": database_url, "BACKUP_DIR": str(tmp_path / "backups"), **settings}
        result = manage("check", "--json", home=tmp_path, **settings)
        found = {item: {"status": status, "detail": detail} for item, status, detail in findings_of(result)}
        return found, result

    return check_


def test_a_good_installation_is_well(check):
    findings, result = check()
    assert tuple(findings) == ITEMS
    assert (result.returncode, result.stderr) == (1, "tableorder: failed: full backup\n")  # there is none yet
    assert [name for name, finding in findings.items() if finding["status"] == "failed"] == ["full backup"]
    assert findings["pool"]["detail"] == "reachable as tableorder; size 5 + 10"


def test_a_table_for_people(database_url, tmp_path):
    printed = manage("check", home=tmp_path, DATABASE_URL=database_url, BACKUP_DIR=str(tmp_path / "backups"))
    assert printed.returncode == 1
    assert [line.split()[0] in ("ok", "warning", "failed") for line in printed.stdout.splitlines()[1:]] == [True] * len(
        ITEMS
    )


def test_an_item_that_cannot_be_looked_at_is_a_failure_and_hides_no_other(database_url, check, tmp_path):
    run_sql(database_url, "ALTER TABLE events RENAME COLUMN created_at TO made_at")
    (tmp_path / "file").touch()
    findings, result = check(BACKUP_DIR=str(tmp_path / "file"))
    backups = {"other backups", "full backup", "weekly backup", "monthly backup"}
    assert set(findings) == set(ITEMS) | backups
    failed = {item: found["detail"] for item, found in findings.items() if found["status"] == "failed"}
    assert set(failed) == {"housekeeping"} | backups
    assert failed["housekeeping"].startswith('cannot tell: column "created_at" does not exist')
    assert {failed[item] for item in backups} == {f"cannot tell: {tmp_path / 'file'}: Not a directory"}
    assert (result.returncode, result.stderr) == (1, f"tableorder: failed: {', '.join(failed)}\n")


def test_who_does_not_see_every_store_is_told(database_url, check):
    findings, result = check(DATABASE_URL=as_application(database_url))
    assert tuple(findings) == ITEMS
    assert findings["housekeeping"]["detail"].endswith("sees every store, such as a member of tableorder_owner")
    assert "failed: housekeeping, full backup" in result.stderr


OF_NO_CONSTRAINT = """
    SELECT indexrelid::regclass::text FROM pg_index
     WHERE indrelid IN (SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace)
       AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid)
"""


def test_it_expects_every_index_and_trigger_that_the_migrations_make(database_url):
    indexes = run_sql(database_url, OF_NO_CONSTRAINT)
    triggers = run_sql(database_url, "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal")
    expected = expected_objects()
    assert expected["INDEX"] == {name for (name,) in indexes}
    assert expected["TRIGGER"] == {name for (name,) in triggers}


HARM = {
    "indexes and triggers": [
        ("DROP INDEX idx_events_age", "missing: idx_events_age"),
        ("DROP TRIGGER trigger_announce_menu ON menu_versions", "missing: trigger_announce_menu"),
        ("ALTER TABLE orders DISABLE TRIGGER trigger_announce_order", "invalid: trigger_announce_order"),
        (
            "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'idx_events_age'::regclass",
            "invalid: idx_events_age",
        ),
        ("ALTER TABLE orders ADD CONSTRAINT c CHECK (total_amount > 0) NOT VALID", "invalid: c"),
    ],
}


@pytest.mark.parametrize(("item", "harm", "detail"), [(item, *harm) for item, harms in HARM.items() for harm in harms])
def test_what_is_missing_or_invalid_is_found(database_url, check, item, harm, detail):
    run_sql(database_url, harm)
    findings, result = check()
    assert findings[item] == {"status": "failed", "detail": detail}
    assert (result.returncode, result.stderr) == (1, f"tableorder: failed: {item}, full backup\n")


def test_a_pending_migration_is_found(database_url, check):
    name = roll_back_last(database_url)
    findings, result = check()
    assert findings["migrations"]["status"] == "failed" and name in findings["migrations"]["detail"]
    assert result.returncode == 1


def test_housekeeping_that_has_not_run_is_found(database_url, check):
    late = """
        INSERT INTO events (store_id, event_type, event_data, created_at)
        VALUES (7, 'menu_changed', '{}', now() - interval '1 day' - %s::interval)
    """
    run_sql(database_url, late, "59 minutes")
    assert check()[0]["housekeeping"]["status"] == "ok"
    run_sql(database_url, late, "3 hours")
    finding = check()[0]["housekeeping"]
    assert finding["status"] == "warning" and "events has a row that was due 3 hours ago" in finding["detail"]
    assert check(EVENT_RETENTION="100000")[0]["housekeeping"]["status"] == "ok"


def test_settings_that_do_not_fit_are_found(check):
    findings, result = check(WEB_CONCURRENCY="100", TIME_ZONE="Europe/Paris")
    assert findings["connections"]["status"] == "failed"
    assert findings["time zone"]["status"] == "warning"
    assert result.returncode == 1


def test_durability_that_is_off_is_found(database_url, check):
    run_sql(
        database_url,
        "ALTER DATABASE " + database_url.rpartition("/")[2].partition("?")[0] + " SET synchronous_commit = off",
    )
    findings, _ = check()
    assert findings["durability"]["status"] == "failed"


def test_the_newest_backup_of_each_type_is_looked_at(database_url, check, tmp_path):
    program = embedded_programs()
    settings = environment(tmp_path, DATABASE_URL=database_url, BACKUP_DIR=str(tmp_path / "backups"))
    settings["PATH"] = f"{program}:{settings['PATH']}"
    run = lambda module: subprocess.run([sys.executable, "-m", module], cwd=CHECKOUT, env=settings, check=True)  # noqa: E731
    findings, result = check()
    assert [findings[f"{kind} backup"]["status"] for kind in ("full", "weekly", "monthly")] == [
        "failed", "warning", "warning",
    ]  # fmt: skip
    assert result.returncode == 1
    run("tableorder.backups.dump")
    findings, _ = check()
    assert findings["full backup"]["status"] == "warning" and "not verified" in findings["full backup"]["detail"]
    run("tableorder.backups.verify")
    findings, result = check()
    for kind in ("full", "weekly", "monthly"):
        assert findings[f"{kind} backup"]["status"] == "ok"
        assert findings[f"{kind} backup"]["detail"].endswith(".dump, 0 hours old, verified")
    assert result.returncode == 0


def test_a_backup_that_is_too_old_is_a_failure():
    within, beyond = timedelta(hours=25), timedelta(hours=27)
    assert [status_of(KINDS[0], age, True) for age in (within, beyond)] == ["ok", "failed"]
    assert [status_of(KINDS[1], age, True) for age in (within, beyond)] == ["ok", "ok"]
    assert [status_of(KINDS[0], age, False) for age in (within, beyond)] == ["warning", "failed"]
