"""A backup that is told to stop or killed, at any moment: nothing that looks whole and is not."""

from __future__ import annotations

import hashlib
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tableorder.backups.files import UNFINISHED, Backup
from tableorder.backups.verify import verify
from tests.backups.commands import Commands
from tests.management.running import CHECKOUT

MOMENTS = 10  # by chance; each step of the files is tried in order, too


def digests(paths: list[Path]) -> dict[Path, str]:
    return {path: hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}


def duration_of_backup(commands: Commands) -> float:
    started = time.monotonic()
    commands.back_up()
    return time.monotonic() - started


def check_folder(commands: Commands, older: dict[Path, str]) -> None:
    """The older dumps are as they were, and one that is new can be restored."""
    assert digests(list(older)) == older
    for path in set(commands.dumps()) - set(older):
        verify(commands.target, Backup(path), Backup(path).check())


def check_afterwards(commands: Commands) -> None:
    """The next run finds nothing in its way and clears up."""
    assert commands.back_up().verified() is None
    assert not (commands.folder.path / UNFINISHED).exists()
    files = {path for dump in commands.dumps() for path in Backup(dump).files()}
    assert set(commands.folder.path.glob("tableorder*")) == files


def run_faulty(commands: Commands, fault: int | str) -> subprocess.CompletedProcess[str]:
    commands.wait_for_name()
    command = [sys.executable, "-m", "tests.backups.faulty", str(commands.folder.path), str(fault)]
    return subprocess.run(
        command, cwd=CHECKOUT, env=commands.environment, stdin=subprocess.DEVNULL, capture_output=True, text=True
    )


def test_killed_before_each_step_in_order_what_has_a_final_name_is_whole(commands):
    older = digests([commands.back_up().dump])
    step, published = 0, 0
    while True:
        step += 1
        known = set(commands.dumps())
        done = run_faulty(commands, step)
        assert digests(list(older)) == older
        for path in set(commands.dumps()) - known:
            assert Backup(path).check().rows
            published += 1
            Backup(path).delete()  # each one is a few steps more for the next run
        if done.returncode != -signal.SIGKILL:
            break
    assert done.returncode == 0, done.stderr
    assert step > 10
    assert published > 1  # also a kill after the last rename, of which nothing needs to be cleared away
    check_afterwards(commands)


def test_what_does_not_read_as_it_was_written_is_no_backup(commands):
    done = run_faulty(commands, "flip")
    assert done.returncode == 1
    assert "does not read as it was written" in done.stderr
    assert commands.dumps() == []
    assert not (commands.folder.path / UNFINISHED).exists()


@pytest.mark.long
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP])
def test_a_killed_backup_leaves_nothing_under_a_final_name_that_does_not_restore(commands, number):
    moments = MOMENTS if number != signal.SIGHUP else 3
    whole = duration_of_backup(commands)
    chance = random.Random(number)
    interrupted = unfinished = 0
    for _ in range(5 * MOMENTS):
        older = digests(commands.dumps())
        commands.wait_for_name()
        started = time.monotonic()
        process = commands.start("backup-db")
        try:
            process.wait(chance.uniform(0.1, whole))
        except subprocess.TimeoutExpired:
            process.send_signal(number)
            interrupted += process.wait(60) != 0
        else:
            whole = time.monotonic() - started  # the machine has become quicker
        unfinished += (commands.folder.path / UNFINISHED).exists()
        check_folder(commands, older)
        if interrupted == moments:
            break
    assert interrupted == moments
    assert bool(unfinished) == (number == signal.SIGKILL)
    check_afterwards(commands)
