"""A dump as pg_restore sees it: what is in it, with which version of the program it can be read, what is left out."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tableorder.backups import BackupError
from tableorder.backups.encryption import decrypt_command
from tableorder.backups.files import Backup
from tableorder.backups.objects import STAYING, USABLE
from tableorder.backups.processes import Process
from tableorder.backups.target import Connection, Target
from tableorder.database.programs import installed_programs, version_of

ENTRY = re.compile(r"\d+; \d+ \d+ (.*)")
EXTENSION = re.compile(r"EXTENSION - (.*?) *")
NEWER_SETTING = 17  # from this version on pg_restore sets transaction_timeout, which older servers do not know

# Who is no superuser may not comment on what the superuser made, and an error would end it all.
SUPERUSERS = ("COMMENT - EXTENSION ", "COMMENT - SCHEMA public ")


@dataclass(frozen=True)
class Archive:
    """A dump's table of contents, and the pg_restore that can read it."""

    program: str
    listing: list[str]

    @property
    def contents(self) -> list[str]:
        """An entry a line, from its kind on: `TABLE public orders tableorder_owner`."""
        return [match[1] for line in self.listing if (match := ENTRY.fullmatch(line))]

    def extensions(self) -> list[str]:
        """The extensions that the dump makes."""
        return [match[1] for entry in self.contents if (match := EXTENSION.fullmatch(entry))]

    @contextmanager
    def command(self, *, without: tuple[str, ...]) -> Iterator[list[str]]:
        """What to run to get the dump as SQL, but for the entries that begin so."""
        with tempfile.NamedTemporaryFile("w", suffix=".list", encoding="utf-8") as wanted:
            for line in self.listing:
                match = ENTRY.fullmatch(line)
                if match and not f"{match[1]} ".startswith(without):
                    wanted.write(f"{line}\n")
            wanted.flush()
            yield [self.program, "--file=-", f"--use-list={wanted.name}"]

    def filter_for(self, server: int) -> list[str]:
        """What to run between pg_restore and a server of this major version; empty for nothing."""
        if server >= NEWER_SETTING or version_of(self.program)[0] < NEWER_SETTING:
            return []
        return ["sed", "1,40{/^SET transaction_timeout = 0;$/d;}"]  # in the heading, not among the rows


def open_archive(target: Target, backup: Backup, server: int) -> Archive:
    """Read the table of contents with the server's own pg_restore or, if that cannot, a newer one.

    Raises BackupError.
    """
    preferred = target.program("pg_restore", version=server)
    failures = []
    for program in dict.fromkeys([preferred, *map(str, installed_programs("pg_restore"))]):
        done = _list(program, backup)
        if done.returncode == 0:
            return Archive(program, done.stdout.splitlines())
        said = done.stderr.strip().splitlines() or [f"exit status {done.returncode}"]
        failures.append(said[-1])
        if "unsupported version" not in done.stderr:
            break
    raise BackupError(f"pg_restore failed: {failures[-1]}")


def unusable_extensions(connection: Connection, archive: Archive) -> list[str]:
    """The dump's extensions that are not there, and that the server does not offer or this role may not make."""
    names = archive.extensions()
    with connection.cursor() as cursor:
        cursor.execute(USABLE, {"names": names})
        usable = {name for (name,) in cursor.fetchall()}
    return [name for name in names if name not in usable]


def entries_to_leave_out(connection: Connection, extensions: list[str], *, is_superuser: bool) -> tuple[str, ...]:
    """How the entries begin that would fail: those of these extensions, and schemas that an extension keeps."""
    with connection.cursor() as cursor:
        cursor.execute(STAYING)
        schemas = [name for (name,) in cursor.fetchall()]
    return (
        *(f"EXTENSION - {name} " for name in extensions),
        *(f"COMMENT - EXTENSION {called} " for name in extensions for called in (name, f'"{name}"')),
        *(f"SCHEMA - {name} " for name in schemas),
        *(() if is_superuser else SUPERUSERS),
    )


def _list(program: str, backup: Backup) -> subprocess.CompletedProcess[str]:
    """Run pg_restore --list. Raises BackupError if the dump cannot be decrypted."""
    decrypt = decrypt_command(backup.name)
    command = [program, "--list"]
    with backup.dump.open("rb") as file:
        if not decrypt:
            return subprocess.run(command, stdin=file, capture_output=True, encoding="utf-8")
        with Process(decrypt, environment=os.environ, stdin=file, stdout=subprocess.PIPE) as tool:
            done = subprocess.run(command, stdin=tool.stdout, capture_output=True, encoding="utf-8")
            tool.stdout.close()
            if done.returncode:
                tool.raise_if_failed()  # then that is why
            return done
