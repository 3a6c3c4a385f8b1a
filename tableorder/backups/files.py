"""The files of backups: a dump, and beside it the roles, the manifest, the sums of all three, what verification said.

A dump is there under its final name only when it is whole and all that belongs to it is there: it comes last and goes
first. What else a killed run leaves behind, the next one clears away.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from enum import Enum
from functools import partial
from pathlib import Path
from typing import IO, Any

from tableorder.backups import BackupError, policy
from tableorder.backups.command import time_zone
from tableorder.backups.manifest import Manifest

DEFAULT = "/backups/postgresql"
UNFINISHED = ".unfinished"
SUM = re.compile(r"([0-9a-f]{64})  ([^\n]+)\n")
SUMS = re.compile(rf"(?:{SUM.pattern})+")
CLOCKS_DIFFER = timedelta(minutes=5)  # at most, between two machines; what is dated later was taken by a wrong clock


class Standing(Enum):
    """What a dump counts for: nothing, if it is not whole, was found bad, or has a time that is still to come."""

    GOOD = "good"
    DOUBTFUL = "doubtful"
    FUTURE = "of the future"


class Backup:
    """One backup by the path of its dump."""

    def __init__(self, dump: Path) -> None:
        self.dump = dump
        self.roles = _beside(dump, ".roles")
        self.manifest = _beside(dump, ".json")
        self.sums = _beside(dump, ".sha256")
        self.verification = _beside(dump, ".verified")

    @property
    def name(self) -> str:
        return self.dump.name

    def files(self) -> list[Path]:
        """All that was written with it, the dump last."""
        return [self.roles, self.manifest, self.sums, self.dump]

    def in_folder(self, folder: Path) -> Backup:
        """The same backup elsewhere."""
        return Backup(folder / self.name)

    def write_sums(self) -> None:
        """Store the sums of all files, as sha256sum does."""
        lines = [f"{sum_of(path)}  {path.name}\n" for path in self.files() if path != self.sums]
        write_new(self.sums, "".join(lines).encode())

    def check(self) -> Manifest:
        """Compare every file with its stored sum, then read the manifest. Raises BackupError."""
        if not self.dump.exists():
            raise BackupError(f"there is no file {self.dump}")
        try:
            text = self.sums.read_text(encoding="utf-8")
        except FileNotFoundError:
            raise BackupError(f"{self.sums} is missing; it belongs to the backup, as do .json and .roles") from None
        except (OSError, ValueError) as error:
            raise BackupError(f"cannot read {self.sums}: {error}") from None
        summed = [path for path in self.files() if path != self.sums]
        stored = {name: digest for digest, name in SUM.findall(text)}
        if not SUMS.fullmatch(text) or stored.keys() != {path.name for path in summed}:
            raise BackupError(f"{self.sums} is damaged: it is not what sha256sum writes of the backup's files")
        for path in summed:
            if stored[path.name] != sum_of(path):
                raise BackupError(f"{path} is damaged: its SHA-256 is not the one in {self.sums.name}")
        return self.read_manifest()

    def read_manifest(self) -> Manifest:
        """Raises BackupError."""
        try:
            return Manifest.from_json(self.manifest.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise BackupError(f"cannot read {self.manifest}: {error}") from None

    def standing(self) -> Standing:
        """What it counts for, at a glance. Raises BackupError if TIME_ZONE is none."""
        zone = time_zone()
        try:
            manifest = self.read_manifest()
            whole = self.roles.exists() and self.sums.exists() and manifest.size == self.dump.stat().st_size
            taken = manifest.taken
        except (BackupError, OSError):
            return Standing.DOUBTFUL
        if not whole or self.verified() is False:
            return Standing.DOUBTFUL
        named = policy.taken_at(self.name)
        moments = [taken, *([named.replace(tzinfo=zone)] if named else [])]
        latest = datetime.now(UTC) + CLOCKS_DIFFER
        return Standing.FUTURE if any(moment.astimezone(UTC) > latest for moment in moments) else Standing.GOOD

    def is_good(self) -> bool:
        """Whether it looks whole, no verification has failed, and it is not of the future."""
        return self.standing() is Standing.GOOD

    def verified(self) -> bool | None:
        """Whether the last verification found the backup good; None if there was none."""
        ok = self._verification().get("ok")
        return None if ok is None else bool(ok)

    def violated(self) -> dict[str, int]:
        """By invariant, how many rows of the database violated it when this backup was taken, by the verification."""
        violated = self._verification().get("violated")
        return violated if isinstance(violated, dict) else {}

    def record_verification(self, *, ok: bool, at: str, violated: Mapping[str, int] | None = None) -> None:
        """Note what a verification found, for is_good and for people."""
        draft = _beside(self.dump, ".draft")
        said = {"ok": ok, "verified_at": at, **({"violated": dict(violated)} if violated else {})}
        with self.dump.open("rb") as dump:
            fcntl.flock(dump, fcntl.LOCK_EX)  # or two verifications at once took each other's draft
            draft.unlink(missing_ok=True)
            write_new(draft, json.dumps(said).encode() + b"\n")
            draft.replace(self.verification)

    def _verification(self) -> dict[str, Any]:
        try:
            said = json.loads(self.verification.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return said if isinstance(said, dict) else {}

    def delete(self) -> None:
        """The dump first: without it the rest is recognised as left over."""
        for path in (self.dump, self.verification, self.sums, self.manifest, self.roles):
            path.unlink(missing_ok=True)


class Folder:
    """BACKUP_DIR, with a lock that only one run at a time holds."""

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self.unfinished = self.path / UNFINISHED

    @classmethod
    def of_environment(cls) -> Folder:
        """BACKUP_DIR, or where backups are by default."""
        return cls(Path(os.environ.get("BACKUP_DIR") or DEFAULT))

    def good(self) -> list[Backup]:
        """The good backups, oldest first."""
        return self._of(Standing.GOOD)

    def doubtful(self) -> list[Path]:
        """Dumps under a backup's name that are not good."""
        return [backup.dump for backup in self._of(Standing.DOUBTFUL)]

    def of_the_future(self) -> list[Path]:
        """Dumps that a wrong clock has dated in the future."""
        return [backup.dump for backup in self._of(Standing.FUTURE)]

    def remarks(self) -> list[str]:
        """What somebody should look at: each dump that counts for nothing, and why."""
        return [
            f"{path} is not good; it counts for nothing and is left to be looked at" for path in self.doubtful()
        ] + [
            f"{path} is dated in the future, by a wrong clock; it counts for nothing and is never deleted"
            for path in self.of_the_future()
        ]

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Be the only run; what an earlier one left unfinished is gone then. Raises BackupError."""
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = open(self.path / ".lock", "ab", opener=partial(os.open, mode=0o600))  # noqa: SIM115
        except OSError as error:
            raise BackupError(f"cannot write to {self.path}: {error.strerror}") from None
        with lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise BackupError(f"another run is writing to {self.path}; this one stops") from None
            self._clear_leftovers()
            try:
                yield
            finally:
                shutil.rmtree(self.unfinished, ignore_errors=True)

    def begin(self, name: str) -> Backup:
        """A backup to be written aside. Under the lock."""
        if any(path.exists() for path in Backup(self.path / name).files()):
            raise BackupError(f"{self.path / name} exists already")
        self.unfinished.mkdir(mode=0o700)
        return Backup(self.unfinished / name)

    def publish(self, unfinished: Backup) -> Backup:
        """Give a whole backup its final name, safe from a power cut. Under the lock."""
        final = unfinished.in_folder(self.path)
        for path in unfinished.files():
            _sync(path)
        for path in unfinished.files():
            path.rename(self.path / path.name)
            if path == unfinished.sums:  # all that belongs to the dump is there before it is
                _sync(self.path)
        _sync(self.path)
        return final

    def rotate(self, today: date) -> list[str]:
        """Delete the good backups that the policy does not keep; their names. What is not good is left for people."""
        backups = {backup.name: backup for backup in self.good()}
        gone = sorted(backups.keys() - policy.kept(backups, today))
        for name in gone:
            backups[name].delete()
        return gone

    def _of(self, standing: Standing) -> list[Backup]:
        return [backup for backup in self._backups() if backup.standing() is standing]

    def _backups(self) -> list[Backup]:
        names = os.listdir(self.path) if self.path.exists() else []
        dated = sorted((taken, name) for name in names if (taken := policy.taken_at(name)))
        return [Backup(self.path / name) for _, name in dated]

    def _clear_leftovers(self) -> None:
        shutil.rmtree(self.unfinished, ignore_errors=True)
        for path in self.path.iterdir():
            name, dot, kind = path.name.rpartition(".")
            if dot and kind in ("roles", "json", "sha256", "verified", "draft") and policy.taken_at(name):
                backup = Backup(self.path / name)
                if not backup.dump.exists():
                    backup.delete()


def sum_of(path: Path) -> str:
    """The SHA-256 of a file, in hex. Raises BackupError."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise BackupError(f"cannot read {path}: {error.strerror}") from None


def create(path: Path) -> IO[bytes]:
    """Open a new file that only its owner may read. Raises OSError."""
    return open(path, "xb", opener=partial(os.open, mode=0o600))


def write_new(path: Path, content: bytes) -> None:
    """Write a file that is not there yet. Raises OSError."""
    with create(path) as file:
        file.write(content)


def _beside(path: Path, ending: str) -> Path:
    return path.with_name(path.name + ending)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
