"""docs/installation.md without systemd: its roles and its settings are enough for all that follows."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from pathlib import Path

import pytest

from tests.api.server import Server
from tests.backups.commands import Commands
from tests.database.embedded import file_for_everybody
from tests.database.packaged import VERSIONS, packaged_server
from tests.documents import DOCUMENTS, blocks, commands
from tests.management.running import manage
from tests.management.test_create_db import HBA, PASSWORD, create_db

GUIDE = DOCUMENTS["docs/installation.md"]
SETTINGS = [
    dict(re.findall(r"^(\w+)=(.*)$", block, re.MULTILINE)) for block in re.findall(r"```ini\n(.*?)```", GUIDE, re.S)
]
COMMANDS = [command for block in blocks(GUIDE) for command in commands(block)]

pytestmark = pytest.mark.timeout(180)


def test_its_roles_and_settings_are_enough_for_the_processes_and_the_commands(tmp_path):
    with file_for_everybody("pg_hba.conf", HBA) as hba, packaged_server(f"hba_file={hba}") as url:
        assert create_db(url, tmp_path).returncode == 0
        add_administrator(url)
        processes, administration = (here(settings, url) for settings in SETTINGS)
        database_url = administration["DATABASE_URL"]
        assert manage("migrate", home=tmp_path, DATABASE_URL=database_url).returncode == 0
        api = Server(processes.pop("DATABASE_URL"), tmp_path / "log", **processes).wait_until_ready()
        add = ["store", "add", "--name", "우리 식당", "--username", "owner", "--password-stdin"]
        assert manage(*add, home=tmp_path, stdin=PASSWORD, DATABASE_URL=database_url).returncode == 0
        api.stop()
        backups = Commands(database_url, tmp_path / "backups", VERSIONS[-1])
        for command in ("backup-db", "verify-backup"):
            done = backups.run(command)
            assert done.returncode == 0, done.stderr
        checked = manage("check", home=tmp_path, DATABASE_URL=database_url, BACKUP_DIR=str(tmp_path / "backups"))
        assert checked.returncode == 0 and checked.stdout.count(", verified") == 3, checked.stdout


def add_administrator(url: str) -> None:
    """As the guide has it, but that a password is asked for."""
    [command] = [command for command in COMMANDS if " createuser " in command]
    _, _, words = command.partition(" -- ")
    arguments = [word for word in shlex.split(words) if word != "--pwprompt"]
    folder = re.search(r"host=(.*)", url)[1].replace("%2F", "/")
    subprocess.run(
        [VERSIONS[-1] / arguments[0], *arguments[1:]],
        env={**os.environ, "PGHOST": folder, "PGUSER": "postgres"},
        check=True,
    )


def here(settings: dict[str, str], url: str) -> dict[str, str]:
    """With the password, and the server of this test."""
    host = url.partition("?")[2]
    filled = {
        "KEY": "k" * 64,
        "PASSWORD": PASSWORD.replace(" ", "%20"),
        "localhost/tableorder_db": f"/tableorder_db?{host}",
    }
    for placeholder, value in filled.items():
        settings = {name: text.replace(placeholder, value) for name, text in settings.items()}
    return settings


def test_each_file_that_it_copies_is_there():
    copied = [word for command in COMMANDS if command.startswith("cp ") for word in shlex.split(command)[1:-1]]
    assert len(copied) > 4
    assert [pattern for pattern in copied if not list(Path(__file__).parents[2].glob(pattern))] == []
