"""Damaged backups: refused by restore and by verify, and the target stays as it was."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import pytest

from tableorder.backups import BackupError
from tableorder.backups.files import Backup
from tableorder.backups.restore import restore
from tableorder.backups.verify import verify
from tests.backups.commands import Commands
from tests.backups.meals import order_something
from tests.factories import value

FLIPS = 200
TRUNCATIONS = 50


@pytest.fixture
def copy(commands: Commands, tmp_path: Path) -> Backup:
    """A copy of a backup, to be damaged."""
    (tmp_path / "copy").mkdir()
    return _copy(commands.back_up(), tmp_path / "copy")


def _copy(backup: Backup, folder: Path) -> Backup:
    for path in backup.files():
        shutil.copy(path, folder)
    return backup.in_folder(folder)


def flip(path: Path, chance: random.Random) -> None:
    content = bytearray(path.read_bytes())
    content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    path.write_bytes(content)


def truncate(path: Path, chance: random.Random) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: chance.randrange(len(content))])


def test_every_flipped_bit_and_every_truncation_is_refused(commands, copy):
    """By what both commands do first, in this process."""
    before = commands.pg_dump()
    chance = random.Random(4)
    good = copy.dump.read_bytes()
    for damage in [flip] * FLIPS + [truncate] * TRUNCATIONS:
        damage(copy.dump, chance)
        with pytest.raises(BackupError, match="is damaged"):
            restore(commands.target, copy, copy.check(), force=True)
        with pytest.raises(BackupError, match="is damaged"):
            verify(commands.target, copy, copy.check())
        copy.dump.write_bytes(good)
    assert copy.check().rows
    assert commands.pg_dump() == before


@pytest.mark.parametrize("damage", [flip, truncate])
def test_the_commands_refuse_a_damaged_dump(commands, copy, damage, meals):
    before = commands.pg_dump()
    damage(copy.dump, random.Random(6))
    restored = commands.run("restore-db", copy.dump, "--force")
    assert restored.returncode == 1
    assert "is damaged: its SHA-256 is not the one in" in restored.stderr
    verified = commands.run("verify-backup", copy.dump)
    assert verified.returncode == 1
    assert "is damaged: its SHA-256 is not the one in" in verified.stderr
    assert copy.verified() is False
    assert commands.pg_dump() == before
    assert value(meals, "SELECT count(*) FROM pg_database WHERE datname LIKE 'tableorder\\_scratch%'") == 0


@pytest.mark.parametrize("companion", ["roles", "manifest", "sums"])
@pytest.mark.parametrize("damage", [flip, truncate, Path.unlink])
def test_a_damaged_companion_is_noticed(copy, companion, damage):
    path = getattr(copy, companion)
    if damage is Path.unlink:
        path.unlink()
    else:
        damage(path, random.Random(7))
    with pytest.raises(BackupError):
        copy.check()


def test_every_bit_and_every_byte_of_the_sums_counts(copy):
    """The last newline, too, and a letter that another bit only makes great."""
    good = copy.sums.read_bytes()
    flipped = [bytes([*good[:n], good[n] ^ 1 << bit, *good[n + 1 :]]) for n in range(len(good)) for bit in range(8)]
    for damaged in [*flipped, *(good[:length] for length in range(len(good))), good + b"\n"]:
        copy.sums.write_bytes(damaged)
        with pytest.raises(BackupError, match=r"damaged|cannot read"):
            copy.check()
    lines = good.splitlines(keepends=True)
    copy.sums.write_bytes(b"".join(reversed(lines)))  # as somebody may have written it again, with sha256sum
    assert copy.check().rows


def test_a_dump_that_was_broken_before_it_was_summed_leaves_the_target_as_it_was(commands, copy, meals):
    """Past the sums, pg_restore and the transaction decide; also when the flaw is near the end."""
    order_something(meals)
    before = commands.pg_dump()
    good = copy.dump.read_bytes()
    chance = random.Random(5)
    for _ in range(6):
        copy.dump.write_bytes(good[: chance.randrange(len(good) // 3, len(good))])
        copy.sums.unlink()
        copy.write_sums()
        with pytest.raises(BackupError, match="pg_restore failed"):
            restore(commands.target, copy, copy.check(), force=True)
        assert commands.pg_dump() == before


def test_a_backup_that_was_found_damaged_no_longer_counts(commands):
    backup = commands.back_up()
    assert [good.dump for good in commands.folder.good()] == [backup.dump]
    flip(backup.dump, random.Random(8))
    assert commands.run("verify-backup").returncode == 1
    assert commands.folder.good() == []
    assert commands.folder.doubtful() == [backup.dump]
    assert commands.run("verify-backup").stderr.startswith("bin/verify-backup: there is no good backup in ")
