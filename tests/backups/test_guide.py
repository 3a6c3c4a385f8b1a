"""docs/backups.md, followed: its settings, and a new server."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest

from tableorder.backups.files import Backup
from tableorder.database.migrations import apply_pending
from tableorder.database.urls import other_database
from tests.backups.commands import EMBEDDED, Commands
from tests.backups.meals import serve_meals
from tests.database.embedded import embedded_server
from tests.documents import DOCUMENTS, blocks, commands, section
from tests.factories import query, value
from tests.management.running import CHECKOUT
from tests.management.test_create_db import PASSWORD, create_db

GUIDE = DOCUMENTS["docs/backups.md"]
[SETTINGS] = re.findall(r"```ini\n(.*?)```", section(GUIDE, "Off the machine, encrypted"), re.S)
[RESTORING] = [list(commands(block)) for block in blocks(section(GUIDE, "Restoring"))]


def settings_of(file: Path) -> dict[str, str]:
    """What the crontab's shell makes of a file of settings."""
    script = f"set -a; . {file}; env -0"
    lines = subprocess.run(["sh", "-c", script], env={}, check=True, capture_output=True, text=True).stdout.split("\0")
    return {name: text for name, _, text in (line.partition("=") for line in lines) if name.startswith("BACKUP_")}


@pytest.mark.skipif(not shutil.which("age-keygen"), reason="needs age")
def test_the_settings_of_the_guide_encrypt(commands, tmp_path):
    key, file, elsewhere = tmp_path / "backup-key", tmp_path / "administration", tmp_path / "elsewhere"
    elsewhere.mkdir()
    made = subprocess.run(["age-keygen", "-o", key], check=True, capture_output=True, text=True).stderr
    recipient = re.search(r"age1\w+", made)[0]
    text = SETTINGS.replace("age1…", recipient).replace("/etc/tableorder/backup-key", str(key))
    text = text.replace("rclone copy", "cp").replace("remote:tableorder", str(elsewhere))
    file.write_text(text)
    subprocess.run(["deploy/check-environment", file], cwd=CHECKOUT, check=True)
    settings = settings_of(file)
    # systemd and the shell read single quotes alike, and nothing else is in there.
    assert settings == {
        name: shlex.split(quoted)[0] for name, quoted in re.findall(r"^(\w+)=('[^'\\]*')$", text, re.MULTILINE)
    }
    assert len(settings) == len(text.splitlines()) == 3
    assert commands.run("backup-db", **settings).returncode == 0
    [backup] = commands.folder.good()
    assert backup.dump.read_bytes().startswith(b"age-encryption.org/v1\n")
    assert sorted(path.name for path in elsewhere.iterdir()) == sorted(path.name for path in backup.files())
    assert commands.run("verify-backup", **settings).returncode == 0


@pytest.mark.parametrize("is_of_create_db", [True, False], ids=["of create-db", "of bin/serve"])
def test_a_new_server_gets_roles_database_and_rows_by_the_guide(tmp_path, is_of_create_db):
    """Also from a backup of bin/serve's server, where the role tableorder cannot log in."""
    folder = tmp_path / "backups"
    with embedded_server() as old:
        if is_of_create_db:
            assert create_db(old.uri(), tmp_path).returncode == 0
            url = other_database(old.uri(), "tableorder_db")
            make_administrator(old.uri())
        else:
            url = old.uri("postgres")
        apply_pending(url)
        with closing(psycopg2.connect(url)) as connection:
            serve_meals(connection)
        backup = Commands(url, folder, EMBEDDED).back_up()
    assert [command.split(" -- ")[1].split()[0] for command in RESTORING] == ["psql", "bin/create-db", "psql"]
    with embedded_server() as new:
        run_roles(new.uri(), backup, RESTORING[0])
        assert create_db(new.uri(), tmp_path).returncode == 0
        if is_of_create_db:
            with closing(psycopg2.connect(new.uri())) as connection:
                connection.autocommit = True
                query(connection, "ALTER ROLE tableorder_admin PASSWORD 'what \\password asks for'")
        else:
            make_administrator(new.uri())
        url = other_database(new.uri(user="tableorder_admin"), "tableorder_db")
        restored = Commands(url, folder, EMBEDDED)
        done = restored.run("restore-db", backup.dump)
        assert done.returncode == 0, done.stderr
        with closing(psycopg2.connect(url)) as connection:
            assert value(connection, "SELECT count(*) FROM order_history") == 6
        application = psycopg2.connect(url, user="tableorder", password=PASSWORD)
        with closing(application):
            assert value(application, "SELECT count(*) FROM orders") == 0


def make_administrator(url: str) -> None:
    """As the installation's guide has it."""
    with closing(psycopg2.connect(url)) as connection:
        connection.autocommit = True
        query(
            connection, "CREATE ROLE tableorder_admin LOGIN CREATEDB IN ROLE tableorder_owner, tableorder, pg_monitor"
        )


def run_roles(url: str, backup: Backup, command: str) -> None:
    """The guide's command, by the superuser that connects here."""
    words = shlex.split(command.split(" -- ")[1].partition("<")[0])
    with backup.roles.open() as script:
        ran = subprocess.run([EMBEDDED / words[0], *words[1:], url], stdin=script, capture_output=True, text=True)
    assert (ran.returncode, ran.stdout) == (0, ""), ran.stderr
