"""`bin/backup-db`: take a backup, prove that it can be read, delete those that the policy no longer keeps."""

from __future__ import annotations

import argparse
import hashlib
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tableorder.backups import BackupError, command, policy
from tableorder.backups.contents import migration_version, read_contents, roles
from tableorder.backups.encryption import encrypt_command, is_encrypted, require_encrypted, suffix_of
from tableorder.backups.files import Backup, Folder, create, sum_of, write_new
from tableorder.backups.manifest import Manifest
from tableorder.backups.processes import Process
from tableorder.backups.role_script import make_missing_roles
from tableorder.backups.target import Target, target_of_environment
from tableorder.database.locales import in_english
from tableorder.database.programs import version_of
from tableorder.progress import MEGABYTE, progress

CHUNK = 1 << 16  # bytes
LOCK_TIMEOUT = 300_000  # milliseconds; a migration may be under way

DESCRIPTION = """\
Back up the database to BACKUP_DIR (default /backups/postgresql) as tableorder_db_YYYYMMDD_HHMMSS.dump, with its roles,
a manifest and SHA-256 sums beside it, and delete older backups: of the daily ones 7 days are kept, of Sunday's 4 weeks,
of those of the 1st 12 months, and the newest of each in any case.

It works on DATABASE_URL, or on DB_HOST, DB_PORT, DB_NAME, DB_USER and DB_PASSWORD, or else on the embedded server of
bin/serve. The role must be one that sees every store, such as a member of tableorder_owner."""

EPILOG = """\
BACKUP_ENCRYPT_COMMAND encrypts: age or gpg with options, from standard input to standard output, such as
  age --encrypt --recipient age1…
  gpg --batch --encrypt --recipient backup@example.org
BACKUP_COPY_COMMAND copies the backup off the machine: a line of shell, run with the backup's files as "$@", such as
  for file; do rclone copy "$file" remote:tableorder || exit; done
  for file; do aws s3 cp "$file" s3://bucket/tableorder/ || exit; done
TIME_ZONE (default Asia/Seoul) is that of the days.
Exit status: 0 done, 1 failed or another run is under way, 2 wrong usage."""


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="bin/backup-db",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.parse_args()
    return command.run("bin/backup-db", _work)


def _work() -> None:
    folder = Folder.of_environment()
    with folder.locked(), target_of_environment() as target:
        started = time.monotonic()
        try:
            backup, manifest = back_up(target, folder)
        except OSError as error:
            raise BackupError(f"cannot write to {folder.path}: {error.strerror}") from None
        copy_away(backup)
        deleted = folder.rotate(command.now().date())
    for remark in folder.remarks():
        print(f"bin/backup-db: {remark}", file=sys.stderr)
    print(
        f"Wrote {backup.dump}: {manifest.rows:,} rows, {manifest.size / MEGABYTE:,.1f} MB, "
        f"{time.monotonic() - started:.1f} s; deleted {len(deleted)} older."
    )


def back_up(target: Target, folder: Folder) -> tuple[Backup, Manifest]:
    """Take a backup, under the folder's lock. Raises BackupError, SetupError, psycopg2.Error, OSError."""
    taken = command.now()
    started = time.monotonic()
    encrypt = encrypt_command()
    _refuse_to_stop_encrypting(folder, encrypt)
    backup = folder.begin(policy.name_at(taken, suffix_of(encrypt)))
    with target.connect() as connection:
        target = target.at(connection)
        dumper = target.program_for("pg_dump", connection)
        # One snapshot for the dump and for the counts, whatever is written meanwhile.
        connection.set_session(isolation_level="REPEATABLE READ", readonly=True)
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0; SELECT pg_export_snapshot()")
            [(snapshot,)] = cursor.fetchall()
        _dump(target, dumper, snapshot, encrypt, backup.dump)
        _dump_roles(target, target.program_for("pg_dumpall", connection), encrypt, backup.roles)
        owning = roles(connection)
        manifest = Manifest(
            taken_at=taken.isoformat(timespec="seconds"),
            database=target.name,
            server_version=connection.info.parameter_status("server_version") or "",
            migration_version=migration_version(connection),
            roles=list(owning),
            owners=[role for role, owns in owning.items() if owns],
            tables=read_contents(connection),
            size=backup.dump.stat().st_size,
            duration=round(time.monotonic() - started, 3),
        )
    write_new(backup.manifest, manifest.to_json().encode())
    backup.write_sums()
    return folder.publish(backup), manifest


def _refuse_to_stop_encrypting(folder: Folder, encrypt: list[str]) -> None:
    """Raises BackupError if the newest backup is encrypted and this one would not be: a setting got lost."""
    newest = folder.good()[-1:]
    if newest and is_encrypted(newest[0].name) and not encrypt:
        raise BackupError(
            f"{newest[0].dump} is encrypted, and BACKUP_ENCRYPT_COMMAND is not set; set it, or move the encrypted "
            "backups elsewhere"
        )


def copy_away(backup: Backup) -> None:
    """Run BACKUP_COPY_COMMAND, if there is one. Raises BackupError; the backup stays."""
    line = os.environ.get("BACKUP_COPY_COMMAND", "").strip()
    if not line:
        return
    paths = [str(path) for path in backup.files()]
    status = subprocess.run(["/bin/sh", "-c", line, "sh", *paths], stdin=subprocess.DEVNULL).returncode
    if status:
        raise BackupError(f"wrote {backup.dump}, but BACKUP_COPY_COMMAND failed with exit status {status}")


def _dump(target: Target, program: str, snapshot: str, encrypt: list[str], path: Path) -> None:
    """Dump to a file; what goes there is decoded to the end at the same time."""
    arguments = ["--format=custom", f"--snapshot={snapshot}", f"--lock-wait-timeout={LOCK_TIMEOUT}"]
    dumper = [program, *arguments, *target.arguments()]
    decoder = [target.program("pg_restore", version=version_of(program)[0]), "--file=/dev/null"]
    environment = target.environment()
    digest = hashlib.sha256()
    with (
        Process(dumper, environment=environment, stdout=subprocess.PIPE) as pg_dump,
        Process(decoder, environment=environment, stdin=subprocess.PIPE) as decode,
        _sink(path, encrypt) as write,
        progress(f"Dumping {target.name}") as add,
    ):
        while chunk := pg_dump.stdout.read(CHUNK):
            decode.write(chunk)
            write(chunk)
            digest.update(chunk)
            add(len(chunk))
        pg_dump.finish()
        decode.finish()
    if not encrypt and sum_of(path) != digest.hexdigest():
        raise BackupError(f"{path} does not read as it was written")


def _dump_roles(target: Target, program: str, encrypt: list[str], path: Path) -> None:
    """The server's roles and who is a member of which, as SQL that makes those that are missing, without passwords."""
    dumper = [program, "--roles-only", "--no-role-passwords", *target.arguments()]
    with Process(dumper, environment=target.environment(), stdout=subprocess.PIPE) as pg_dumpall:
        script = pg_dumpall.stdout.read()
        pg_dumpall.finish()
    with _sink(path, encrypt) as write:
        write(make_missing_roles(script.decode()).encode())


@contextmanager
def _sink(path: Path, encrypt: list[str]) -> Iterator[Callable[[bytes], object]]:
    """Writes to a new file, through the tool that encrypts if there is one."""
    with create(path) as file:
        if not encrypt:
            yield file.write
            return
        with Process(encrypt, environment=in_english(os.environ), stdin=subprocess.PIPE, stdout=file) as tool:
            yield tool.write
            tool.finish()
    require_encrypted(path, encrypt)


if __name__ == "__main__":
    sys.exit(main())
