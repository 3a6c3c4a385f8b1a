"""A backup whose server goes away, or whose disk is full: it says so, and what was there before stays."""

from __future__ import annotations

import os
import random
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest

from tableorder.backups.files import UNFINISHED
from tableorder.database.migrations import apply_pending
from tests.backups.commands import EMBEDDED, Commands
from tests.backups.meals import serve_meals
from tests.backups.test_kills import MOMENTS, check_afterwards, check_folder, digests, duration_of_backup
from tests.database.servers import Server


@pytest.fixture
def server() -> Iterator[Server]:
    """A server to be broken, with meals in it."""
    with tempfile.TemporaryDirectory(prefix="tableorder-test-", dir="/dev/shm") as directory:
        running = Server(Path(directory))
        try:
            apply_pending(running.url())
            with closing(psycopg2.connect(running.url())) as connection:
                serve_meals(connection)
            yield running
        finally:
            running.close()


@pytest.mark.long
def test_a_backup_whose_server_goes_away_fails_and_leaves_nothing_half(server, tmp_path):
    commands = Commands(server.url(), tmp_path / "backups", EMBEDDED)
    whole = duration_of_backup(commands)
    chance = random.Random(1)
    interrupted = 0
    for _ in range(3 * MOMENTS):
        older = digests(commands.dumps())
        commands.wait_for_name()
        started = time.monotonic()
        process = commands.start("backup-db", stderr=subprocess.PIPE)
        try:
            process.wait(chance.uniform(0.2, whole))
        except subprocess.TimeoutExpired:
            server.stop("immediate")
        else:
            whole = time.monotonic() - started  # the machine has become quicker
        _, said = process.communicate(timeout=60)
        if not server.embedded.is_running():
            server.start()
        if process.returncode:
            interrupted += 1
            assert said.decode().splitlines()[-1].startswith("bin/backup-db: ")
            assert b"Traceback" not in said
        check_folder(commands, older)
        if interrupted == MOMENTS:
            break
    assert interrupted == MOMENTS
    check_afterwards(commands)


@pytest.mark.long
def test_a_backup_that_finds_no_room_fails_and_leaves_nothing_half(commands):
    size = commands.back_up().dump.stat().st_size
    older = digests(commands.dumps())
    chance = random.Random(2)
    for _ in range(MOMENTS):
        commands.wait_for_name()
        blocks = chance.randrange(size // 512)  # of 512 bytes, for any one file
        command = ["/bin/sh", "-c", f'ulimit -f {blocks}; exec "$@"', "sh", *commands.command("backup-db")]
        done = subprocess.run(
            command, env=commands.environment, stdin=subprocess.DEVNULL, capture_output=True, text=True
        )
        assert done.returncode == 1
        assert "Traceback" not in done.stderr
        assert digests(commands.dumps()) == older
        assert not (commands.folder.path / UNFINISHED).exists()
    check_afterwards(commands)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of a megabyte."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder], capture_output=True)
    if mounted.returncode:
        pytest.skip("only root may mount a file system")
    yield folder
    subprocess.run(["umount", folder], check=True)


def test_a_backup_to_a_full_disk_says_so(meals_url, small_disk):
    commands = Commands(meals_url, small_disk)
    commands.back_up()
    older = digests(commands.dumps())
    chance = random.Random(3)
    for _ in range(2):
        with (small_disk / "filler").open("wb") as filler:
            room = os.statvfs(small_disk)
            size = room.f_bavail * room.f_frsize - chance.randrange(60_000)
            os.posix_fallocate(filler.fileno(), 0, size)
        commands.wait_for_name()
        done = commands.run("backup-db")
        assert done.returncode == 1
        assert "No space left on device" in done.stderr
        assert digests(commands.dumps()) == older
        (small_disk / "filler").unlink()
    check_afterwards(commands)


@pytest.mark.parametrize("url", ["postgress://u:hush@db/t", "postgresql://u:hush%zz@db/t"])
def test_a_url_that_cannot_be_read_is_not_shown(tmp_path, url):
    done = Commands("", tmp_path / "backups").run("backup-db", DATABASE_URL=url)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("bin/backup-db: DATABASE_URL cannot be read; it must be like postgresql://user:")
    assert "hush" not in done.stderr


def test_a_database_that_cannot_be_reached_is_one_line(tmp_path):
    commands = Commands("postgresql://nobody@127.0.0.1:1/nothing", tmp_path / "backups")
    done = commands.run("backup-db")
    assert done.returncode == 1
    assert "cannot connect to the database" in done.stderr
    assert len(done.stderr.splitlines()) == 1
