"""docs/installation.md without systemd: its roles and its settings are enough for all that follows."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.api.server import Server
from tests.backups.commands import Commands
from tests.database.embedded import file_for_everybody
from tests.database.packaged import VERSIONS, packaged_server
from tests.deploy.front import NGINX
from tests.documents import DOCUMENTS, blocks, commands
from tests.management.running import CHECKOUT, manage
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


@pytest.mark.skipif(NGINX is None or shutil.which("openssl") is None, reason="needs nginx and openssl")
def test_nginx_takes_its_first_certificate_and_its_configuration(tmp_path):
    """The guide's own commands, with its folders here; nginx is asked whether it could start."""
    site = tmp_path / "tableorder.conf"
    folders = {"/etc/tableorder/tls": str(tmp_path), "/etc/nginx/conf.d": str(tmp_path)}
    wanted = [command for command in COMMANDS if command.startswith(("openssl req ", "sed "))]
    assert len(wanted) == 2
    for command in wanted:
        for there, here_ in folders.items():
            command = command.replace(there, here_)
        subprocess.run(["sh", "-euc", command], cwd=CHECKOUT, env={**os.environ, "name": "rice.example.kr"}, check=True)
    text = site.read_text()
    assert "tableorder.example" not in text and "server_name rice.example.kr;" in text
    text = re.sub(r"listen (\[::\]:)?(80|443)", r"listen \g<1>1\g<2>0", text)  # ports that need no rights
    site.write_text(text.replace("/etc/tableorder/tls", str(tmp_path)).replace("/var/log/nginx", str(tmp_path)))
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    temporary = "".join(f"{kind}_temp_path {tmp_path}/{kind}; " for kind in kinds)
    whole = tmp_path / "nginx.conf"
    whole.write_text(f"pid {tmp_path}/pid; events {{}} http {{ access_log off; {temporary} include {site}; }}")
    tested = subprocess.run([str(NGINX), "-t", "-e", "stderr", "-c", str(whole)], capture_output=True, text=True)
    assert tested.returncode == 0, tested.stderr
