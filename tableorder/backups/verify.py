"""`bin/verify-backup`: prove a backup by restoring it into a scratch database."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from tableorder.backups import BackupError, command
from tableorder.backups.archive import open_archive
from tableorder.backups.checks import Findings, run_checks
from tableorder.backups.contents import migration_version, read_contents
from tableorder.backups.files import Backup, Folder
from tableorder.backups.manifest import Manifest
from tableorder.backups.restore import differences, load, require_roles, require_server, without
from tableorder.backups.target import Target, server_version, target_of_environment
from tableorder.database.scratch import scratch_database
from tableorder.progress import step

DESCRIPTION = """\
Prove that a backup can be restored: FILE, or else the newest in BACKUP_DIR (default /backups/postgresql).

Its sums are compared, it is restored into a scratch database beside the one that DATABASE_URL (or DB_HOST and the
like, or bin/serve's embedded server) names, the invariants of sql/checks.sql are checked, the rows of each table are
counted and compared with the manifest, and the scratch database is dropped, also those that killed runs left behind.
The role must be allowed to create databases. The outcome is noted beside the backup, in FILE.verified.
BACKUP_DECRYPT_COMMAND decrypts, such as 'age --decrypt -i KEYFILE' or 'gpg --batch --decrypt'."""

EPILOG = """\
A backup that brings back exactly what there was is good, also if rows of the database violated an invariant when it was
taken; that is said, and noted. Mend those rows, or restore an older backup.
Exit status: 0 the backup is good and all invariants hold, 1 not so or it could not be tried, 2 wrong usage."""


class NotGood(BackupError):
    """The backup was tried, and it is the backup that is at fault."""


class DataDamaged(BackupError):
    """The backup is good: it brings back what there was, of which some rows violate an invariant."""

    def __init__(self, backup: Backup, findings: Findings) -> None:
        super().__init__(f"{backup.name} is a good backup of damaged data: {findings}; mend the rows in the database")
        self.violated = findings.violated


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="bin/verify-backup",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("file", metavar="FILE", nargs="?", type=Path, help="the backup's .dump")
    options = parser.parse_args()
    return command.run("bin/verify-backup", lambda: _work(options.file))


def _work(file: Path | None) -> None:
    started = time.monotonic()
    backup = Backup(file.absolute()) if file else _newest()
    try:
        manifest = _check(backup)
        with target_of_environment() as target:
            findings, left_out = verify(target, backup, manifest)
    except NotGood:
        _record(backup, ok=False)
        raise
    except DataDamaged as error:
        _record(backup, ok=True, violated=error.violated)
        raise
    _record(backup, ok=True)
    print(
        f"{backup.name} is good: {manifest.rows:,} rows in {len(manifest.tables)} tables as in the manifest; "
        f"{findings}; {time.monotonic() - started:.1f} s."
    )
    if left_out:
        print(f"{without(left_out)}.")


def verify(target: Target, backup: Backup, manifest: Manifest) -> tuple[Findings, list[str]]:
    """Restore into a scratch database of the target's server and look; also the extensions that were left out.

    Raises NotGood, DataDamaged, BackupError, SetupError.
    """
    with target.connect() as connection:
        target = target.at(connection)
        require_server(connection, manifest)
        require_roles(connection, manifest)
        archive = open_archive(target, backup, server_version(connection))
    with target.connect() as connection, scratch_database(connection) as name:
        scratch = target.of_database(name)
        left_out = load(scratch, backup, archive, manifest)
        with step("Checking the invariants"), scratch.connect() as connection:
            wrong = differences(manifest, read_contents(connection))
            if migration_version(connection) != manifest.migration_version:
                wrong.append(f"it is of migration {migration_version(connection)}, not {manifest.migration_version}")
            findings = run_checks(connection)
    if wrong:
        raise NotGood("; ".join([f"{backup.name} is not good: {findings}", *wrong]))
    if findings.violated:
        raise DataDamaged(backup, findings)
    return findings, left_out


def _check(backup: Backup) -> Manifest:
    try:
        return backup.check()
    except BackupError as error:
        raise NotGood(str(error)) from None


def _newest() -> Backup:
    folder = Folder.of_environment()
    if backups := folder.good():
        return backups[-1]
    raise BackupError(f"there is no good backup in {folder.path}")


def _record(backup: Backup, *, ok: bool, violated: Mapping[str, int] | None = None) -> None:
    """Note the outcome beside the backup, unless that is out of our reach."""
    if backup.dump.exists() and os.access(backup.dump.parent, os.W_OK):
        backup.record_verification(ok=ok, at=command.now().isoformat(timespec="seconds"), violated=violated)


if __name__ == "__main__":
    sys.exit(main())
