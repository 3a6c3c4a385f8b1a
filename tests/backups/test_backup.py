"""bin/backup-db: what it writes, where, for whom to read, and what it deletes."""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
import stat
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import psutil
import psycopg2
import pytest

from tableorder.backups.command import now
from tableorder.backups.files import Backup
from tableorder.backups.policy import kept, name_at
from tests.backups.commands import Commands
from tests.backups.meals import order_something
from tests.factories import query, value
from tests.management.running import CHECKOUT
from tests.terminal import Terminal
from tests.waiting import until_it_holds_up_somebody


def test_a_backup_is_four_files_for_its_owner_alone(commands, meals):
    done = commands.run("backup-db")
    [dump] = commands.dumps()
    backup = Backup(dump)
    assert done.returncode == 0
    assert done.stdout.startswith(f"Wrote {dump}: ")
    assert len(done.stdout.splitlines()) == 1
    for path in [*backup.files(), commands.folder.path / ".lock"]:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert set(commands.folder.path.iterdir()) == {*backup.files(), commands.folder.path / ".lock"}
    manifest = json.loads(backup.manifest.read_text())
    assert manifest["server_version"] == value(meals, "SHOW server_version")
    assert manifest["migration_version"] == value(meals, "SELECT max(migration_id) FROM _yoyo_migration")
    assert manifest["tables"]["order_history"]["rows"] == 6
    assert 0 < manifest["duration"] < 60
    assert "CREATE ROLE tableorder_owner" in backup.roles.read_text()
    assert "PASSWORD" not in backup.roles.read_text()
    assert subprocess.run(["sha256sum", "--check", "--quiet", backup.sums], cwd=dump.parent).returncode == 0


def test_the_counts_are_those_of_the_dump_while_orders_come_in(commands, meals):
    stop = threading.Event()

    def order_all_the_time() -> None:
        with closing(psycopg2.connect(commands.target.url)) as connection:
            while not stop.is_set():
                order_something(connection)

    guests = threading.Thread(target=order_all_the_time)
    guests.start()
    try:
        backup = commands.back_up()
    finally:
        stop.set()
        guests.join()
    counted = backup.read_manifest().tables["orders"].rows
    assert 2 < counted < value(meals, "SELECT count(*) FROM orders")
    assert commands.run("verify-backup").returncode == 0


def test_a_second_run_says_so_and_stops(commands):
    commands.back_up()
    commands.wait_for_name()
    with (commands.folder.path / ".lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = commands.run("backup-db")
    assert done.returncode == 1
    assert "another run is writing to" in done.stderr
    assert len(commands.dumps()) == 1


def test_rotation_keeps_what_the_policy_says_and_what_it_did_not_write(commands):
    backup = commands.back_up()
    made = {name_at(now() - timedelta(days=days)) for days in range(1, 60)}
    for name in made:
        older = backup.in_folder(commands.folder.path)
        for path, twin in zip(older.files(), Backup(commands.folder.path / name).files(), strict=True):
            shutil.copy(path, twin)
    foreign = commands.folder.path / "tableorder_db_20200101_020000.dump"
    foreign.write_bytes(b"not ours")
    other = commands.folder.path / "notes.txt"
    other.touch()
    commands.wait_for_name()
    done = commands.run("backup-db")
    assert done.returncode == 0
    present = {path.name for path in commands.dumps()} - {foreign.name}
    everything = made | present
    assert present == kept(everything, now().date())
    assert f"deleted {len(everything - present)} older" in done.stdout
    assert foreign.exists() and other.exists()
    assert f"{foreign} is not good" in done.stderr
    ours = {path for name in present for path in Backup(commands.folder.path / name).files()}
    assert set(commands.folder.path.glob("*.dump*")) == ours | {foreign}


def test_an_older_pg_dump_than_the_server_is_refused(commands, tmp_path):
    older = tmp_path / "pg_dump"
    older.write_text("#!/bin/sh\necho 'pg_dump (PostgreSQL) 13.23'\n")
    older.chmod(0o755)
    done = commands.run("backup-db", PATH=f"{tmp_path}{os.pathsep}{commands.environment['PATH']}")
    assert done.returncode == 1
    assert "pg_dump (PostgreSQL) 13.23, older than the server, PostgreSQL " in done.stderr
    assert commands.dumps() == []


def test_without_pg_dump_it_says_where_to_get_it(commands, tmp_path):
    done = commands.run("backup-db", PATH=str(tmp_path))
    assert done.returncode == 1
    assert "pg_dump is not on PATH" in done.stderr


def test_the_database_may_be_named_in_parts(commands, meals, tmp_path):
    parameters = psycopg2.extensions.parse_dsn(commands.target.url)
    parts = {"DB_HOST": parameters["host"], "DB_NAME": parameters["dbname"], "DB_USER": parameters["user"]}
    done = commands.run("backup-db", DATABASE_URL="", **parts)
    assert done.returncode == 0, done.stderr
    assert commands.folder.good()[0].read_manifest().database == parameters["dbname"]


def test_the_password_is_not_shown_by_ps(commands, meals):
    """A lock of ours holds pg_dump up while we look."""
    seen: list[str] = []
    with closing(psycopg2.connect(commands.target.url)) as blocker:
        query(blocker, "LOCK TABLE orders")
        process = commands.start(
            "backup-db", env=commands.environment | {"DATABASE_URL": f"{commands.target.url}&password=very-secret"}
        )
        until_it_holds_up_somebody(blocker, meals)
        for child in psutil.Process(process.pid).children(recursive=True):
            seen += child.cmdline()
    assert process.wait(60) == 0
    assert any("pg_dump" in argument for argument in seen)
    assert not any("very-secret" in argument for argument in seen)


def test_the_embedded_server_is_backed_up_and_restored_with_its_own_programs(tmp_path):
    home, folder = str(tmp_path / "home"), str(tmp_path / "backups")
    commands = Commands("", tmp_path / "backups", TABLEORDER_HOME=home, PATH="/usr/bin:/bin", BACKUP_DIR=folder)
    command = [sys.executable, "-m", "tableorder.management", "migrate"]
    subprocess.run(command, cwd=CHECKOUT, env=commands.environment, check=True, capture_output=True)
    for name in ("backup-db", "verify-backup"):
        done = commands.run(name)
        assert done.returncode == 0, done.stderr
    assert commands.run("restore-db", commands.dumps()[0]).returncode == 0


def test_a_copy_is_made_elsewhere_and_a_failed_one_is_a_failed_run(commands, tmp_path):
    offsite = tmp_path / "offsite"
    offsite.mkdir()
    done = commands.run("backup-db", BACKUP_COPY_COMMAND=f'cp "$@" {offsite}')
    assert done.returncode == 0, done.stderr
    [dump] = commands.dumps()
    assert Backup(offsite / dump.name).check() == Backup(dump).check()
    commands.wait_for_name()
    done = commands.run("backup-db", BACKUP_COPY_COMMAND="exit 3")
    assert done.returncode == 1
    assert "but BACKUP_COPY_COMMAND failed with exit status 3" in done.stderr
    assert len(commands.folder.good()) == 2


@pytest.fixture
def age(tmp_path: Path) -> dict[str, str]:
    """Settings for encryption with a key of the test's own."""
    if not shutil.which("age-keygen"):
        pytest.skip("age is not installed")
    key = tmp_path / "key.txt"
    subprocess.run(["age-keygen", "-o", key], check=True, capture_output=True)
    recipient = subprocess.check_output(["age-keygen", "-y", key], text=True).strip()
    return {
        "BACKUP_ENCRYPT_COMMAND": f"age --encrypt --recipient {recipient}",
        "BACKUP_DECRYPT_COMMAND": f"age --decrypt -i {key}",
    }


@pytest.fixture
def gpg() -> Iterator[dict[str, str]]:
    if not shutil.which("gpg"):
        pytest.skip("gpg is not installed")
    with tempfile.TemporaryDirectory() as folder:  # a short path, for the agent has a socket in it
        secret = Path(folder) / "passphrase"
        secret.write_text("for this test only")
        options = f"gpg --batch --homedir {folder} --pinentry-mode loopback --s2k-count 1024 --passphrase-file {secret}"
        yield {"BACKUP_ENCRYPT_COMMAND": f"{options} --symmetric", "BACKUP_DECRYPT_COMMAND": f"{options} --decrypt"}
        subprocess.run(["gpgconf", "--homedir", folder, "--kill", "all"], check=False)


@pytest.mark.parametrize("tool", ["age", "gpg"])
def test_an_encrypted_backup_can_be_restored_and_shows_nothing(commands, request, tool, meals):
    settings = request.getfixturevalue(tool)
    before = commands.pg_dump()
    done = commands.run("backup-db", **settings)
    assert done.returncode == 0, done.stderr
    [backup] = commands.folder.good()
    assert backup.dump.suffix == f".{tool}"
    assert not backup.dump.read_bytes().startswith(b"PGDMP")
    assert b"tableorder_owner" not in backup.roles.read_bytes()
    assert commands.run("verify-backup", **settings).returncode == 0
    query(meals, "UPDATE stores SET store_name = 'other'")
    assert commands.run("restore-db", backup.dump, "--force", **settings).returncode == 0
    assert commands.pg_dump() == before
    done = commands.run("restore-db", backup.dump, "--force")
    assert done.returncode == 1
    assert "is encrypted; set BACKUP_DECRYPT_COMMAND" in done.stderr
    wrong = settings | {"BACKUP_DECRYPT_COMMAND": "false"}
    assert commands.run("restore-db", backup.dump, "--force", **wrong).returncode == 1
    assert commands.pg_dump() == before


def test_what_is_not_encrypted_touches_no_disk(commands, age, tmp_path):
    """All that a backup's processes open for writing, by strace."""
    if not shutil.which("strace"):
        pytest.skip("strace is not installed")
    trace = tmp_path / "trace"
    command = ["strace", "-f", "-e", "trace=openat,open,creat", "-o", trace, *commands.command("backup-db")]
    done = subprocess.run(command, env=commands.environment | age, cwd=CHECKOUT, capture_output=True, text=True)
    if "ptrace" in done.stderr:
        pytest.skip("strace may not trace here")
    assert done.returncode == 0, done.stderr
    opened = [line for line in trace.read_text().splitlines() if "O_WRONLY" in line or "O_RDWR" in line]
    written = {line.split('"')[1] for line in opened if " = -1 " not in line}
    assert {Path(path).suffix for path in written if path.startswith(str(commands.folder.path))} <= {
        ".age",
        ".roles",
        ".json",
        ".sha256",
        ".lock",
        "",
    }
    assert {path for path in written if not path.startswith(str(commands.folder.path))} <= {"/dev/null", "/dev/tty"}


def test_encryption_that_gets_lost_is_a_failure(commands, age):
    """As when the file with the settings is read by something that skips a line of it."""
    assert commands.run("backup-db", **age).returncode == 0
    commands.wait_for_name()
    done = commands.run("backup-db")
    assert done.returncode == 1
    assert "is encrypted, and BACKUP_ENCRYPT_COMMAND is not set" in done.stderr
    assert commands.dumps() == []
    commands.wait_for_name()
    assert commands.run("backup-db", **age).returncode == 0


@pytest.mark.parametrize(
    "arguments", ["age --version", "age-or-so", "gpg --batch --no-options --store", "gpg --batch --version"]
)
def test_a_tool_that_does_not_encrypt_is_a_failure(commands, arguments, tmp_path):
    """Such as `age --version`, which ends well and has not read a byte."""
    if arguments == "age-or-so":
        (tmp_path / "age").write_text("#!/bin/sh\nexec cat\n")
        (tmp_path / "age").chmod(0o755)
        arguments = str(tmp_path / "age")
    done = commands.run("backup-db", BACKUP_ENCRYPT_COMMAND=arguments)
    assert done.returncode == 1
    assert list(commands.folder.path.glob("tableorder*")) == []


def test_a_setting_with_nearly_the_right_name_is_a_failure(commands):
    done = commands.run("backup-db", BACKUP_ENCRYPTION_COMMAND="age --encrypt --recipient age1xyz")
    assert done.returncode == 1
    assert "there is no setting BACKUP_ENCRYPTION_COMMAND; there are BACKUP_ENCRYPT_COMMAND and" in done.stderr
    assert commands.dumps() == []


def test_armored_messages_are_encrypted_too(commands, age):
    settings = {"BACKUP_ENCRYPT_COMMAND": f"{age['BACKUP_ENCRYPT_COMMAND']} --armor"}
    assert commands.run("backup-db", **settings).returncode == 0
    [backup] = commands.folder.good()
    assert backup.dump.read_bytes().startswith(b"-----BEGIN AGE")


def test_another_tool_than_age_and_gpg_is_refused(commands):
    done = commands.run("backup-db", BACKUP_ENCRYPT_COMMAND="cat")
    assert done.returncode == 1
    assert "it must be age or gpg" in done.stderr


def test_on_a_terminal_the_progress_is_a_bar_and_elsewhere_there_are_lines(commands):
    with Terminal(commands.command("backup-db"), env=commands.environment) as terminal:
        shown = terminal.read_to_the_end()
        assert terminal.status == 0
    assert re.search(r"Dumping \w+ ━+ [\d.]+/[\d.]+ kB", shown)
    assert "\nWrote " in shown
    commands.wait_for_name()
    plain = commands.run("backup-db").stderr
    assert "\r" not in plain and "\x1b" not in plain
    assert len(plain.splitlines()) == 2


@pytest.mark.parametrize("name", ["backup-db", "restore-db", "verify-backup"])
def test_help_and_wrong_usage(commands, name):
    shown = commands.run(name, "--help")
    assert shown.returncode == 0
    assert f"usage: bin/{name}" in shown.stdout
    assert "Exit status" in shown.stdout
    assert commands.run(name, "--nonsense").returncode == 2
