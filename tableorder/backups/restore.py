"""`bin/restore-db`: replace a database's contents with those of a backup, all or nothing."""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path

from tableorder.backups import BackupError, command
from tableorder.backups.archive import Archive, entries_to_leave_out, open_archive, unusable_extensions
from tableorder.backups.checks import run_checks
from tableorder.backups.contents import lock_tables, migration_version, read_contents
from tableorder.backups.encryption import decrypt_command
from tableorder.backups.files import Backup
from tableorder.backups.manifest import Contents, Manifest, TableContents
from tableorder.backups.objects import Objects, clear_all, lost_objects, present_objects
from tableorder.backups.processes import Process
from tableorder.backups.target import Connection, Target, server_version, target_of_environment
from tableorder.database.migrations import required_migrations
from tableorder.progress import Add, progress, step

CHUNK = 1 << 16  # bytes
LOCK_TIMEOUT = "30s"
NAMED = 20  # objects in a refusal

DESCRIPTION = """\
Replace what is in the database by what is in a backup: FILE, with the files beside it that bin/backup-db wrote.

First the sums are compared. If the database has rows that are newer than the backup, or tables, views, schemas and the
like that the backup does not bring back, it is left alone, unless --force is given. Everything happens in one
transaction: if anything fails the database stays as it was. Afterwards the invariants of sql/checks.sql are checked. On
a terminal you are asked before anything is replaced.

It works on DATABASE_URL, or on DB_HOST, DB_PORT, DB_NAME, DB_USER and DB_PASSWORD, or else on the embedded server of
bin/serve. BACKUP_DECRYPT_COMMAND decrypts, such as 'age --decrypt -i KEYFILE' or 'gpg --batch --decrypt'.
Stop the application first; it need not be migrated, but the roles must be there (FILE.roles is SQL that makes them)."""

EPILOG = "Exit status: 0 done and all invariants hold, 1 refused or failed or no FILE, 2 wrong usage."


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="bin/restore-db",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("file", metavar="FILE", nargs="?", type=Path, help="the backup's .dump")
    parser.add_argument("--force", action="store_true", help="do not ask; replace newer rows and other objects, too")
    options = parser.parse_args()
    if options.file is None:
        parser.print_usage(sys.stderr)
        return 1
    return command.run("bin/restore-db", lambda: _work(options.file, options.force))


def _work(file: Path, force: bool) -> None:
    backup = Backup(file.absolute())
    manifest = backup.check()
    with target_of_environment() as target:
        restore(target, backup, manifest, force=force)


def restore(target: Target, backup: Backup, manifest: Manifest, *, force: bool) -> None:
    """Replace the target's contents, and say so. Raises BackupError, SetupError, psycopg2.Error."""
    started = time.monotonic()
    with target.connect() as connection:
        target = target.at(connection)
        require_server(connection, manifest)
        require_roles(connection, manifest)
        archive = open_archive(target, backup, server_version(connection))
        present, objects = read_contents(connection), present_objects(connection)
        _announce(target, connection, present, backup, manifest)
        if not force:
            _refuse_loss(present, manifest, objects, archive)
            _ask(target, present)
        preamble = lock_tables(connection, present, unchanged=not force)
        preamble += clear_all(connection, objects, unchanged=not force)
    left_out = load(target, backup, archive, manifest, preamble=preamble)
    with step("Checking the invariants"), target.connect() as connection:
        differing = differences(manifest, read_contents(connection))
        findings = run_checks(connection)
    seconds = time.monotonic() - started
    print(f"Restored {target}: {manifest.rows:,} rows in {len(manifest.tables)} tables, {seconds:.1f} s; {findings}.")
    if left_out:
        print(f"{without(left_out)}.")
    if manifest.migration_version != required_migrations()[-1]:
        print(f"Its schema is that of {manifest.migration_version}; bring it up to date with bin/tableorder migrate.")
    if differing or findings.violated:
        raise BackupError("; ".join([f"restored, but not as it should be: {findings}", *differing]))


def load(target: Target, backup: Backup, archive: Archive, manifest: Manifest, *, preamble: str = "") -> list[str]:
    """Run the preamble and the dump in one transaction, which only commits if both went to the end.

    psql gets the COMMIT after pg_restore has ended well; without it, whoever dies, the server rolls back. The
    extensions that were left out. Raises BackupError.
    """
    with target.connect() as connection:
        superuser = _is_superuser(connection)
        if not superuser:
            preamble += _let_own(connection, manifest.owners)
        left_out = unusable_extensions(connection, archive)
        entries = entries_to_leave_out(connection, left_out, is_superuser=superuser)
        server = server_version(connection)
    settings = ["--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1"]
    client = [target.program("psql", version=server), *settings, *target.arguments()]
    with (
        archive.command(without=entries) as restorer,
        Process(client, environment=target.environment(), stdin=subprocess.PIPE) as psql,
        progress(f"Restoring {backup.name}", backup.dump.stat().st_size) as add,
    ):
        psql.write(f"BEGIN; SET client_min_messages = warning; SET lock_timeout = '{LOCK_TIMEOUT}';\n".encode())
        psql.write(preamble.encode())
        stages = [decrypt_command(backup.name), restorer, archive.filter_for(server)]
        try:
            _feed(target, [stage for stage in stages if stage], backup, psql, add)
            psql.write(b"COMMIT; ANALYZE;\n")
            psql.finish()
        except BackupError as error:
            raise _explained(psql, error, left_out) from None
    return left_out


def _explained(psql: Process, error: BackupError, left_out: list[str]) -> BackupError:
    """Why it failed: psql itself if that has, else its feeder; and what was left out, for that may be missed."""
    try:
        psql.raise_if_failed()
    except BackupError as why:
        error = why
    return BackupError(f"{error}. {without(left_out)}") if left_out else error


def _feed(target: Target, commands: list[list[str]], backup: Backup, psql: Process, add: Add) -> None:
    """Send the dump as SQL: the file through these programs, one after the other."""
    with ExitStack() as stack:
        stages: list[Process] = []
        for command in reversed(commands):
            into = stages[0].stdin if stages else psql.stdin
            stage = Process(command, environment=target.environment(), stdin=subprocess.PIPE, stdout=into)
            if stages:
                into.close()  # only the program before writes to it
            stages.insert(0, stack.enter_context(stage))
        with backup.dump.open("rb") as file:
            while chunk := file.read(CHUNK):
                stages[0].write(chunk)
                add(len(chunk))
        for stage in stages:
            stage.finish()


def _is_superuser(connection: Connection) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
        return cursor.fetchall()[0][0]


def _let_own(connection: Connection, owners: list[str]) -> str:
    """SQL without which only a superuser could give the tables to their owners: in a new database they may not create.

    The dump grants it too, but last.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT quote_ident(rolname) FROM pg_roles"
            " WHERE rolname = ANY (%s) AND NOT has_schema_privilege(rolname, 'public', 'CREATE')",
            (owners,),
        )
        return "".join(f"GRANT CREATE ON SCHEMA public TO {name};\n" for (name,) in cursor.fetchall())


def differences(manifest: Manifest, contents: Contents) -> list[str]:
    """Where a database has other rows than the manifest says, in words: how many, and how new they are."""
    none = TableContents(0, {})
    wrong = []
    names = manifest.tables.keys() | contents.keys()
    if not any("." in name for name in manifest.tables):  # it may be of a version that counted those of public alone
        names = {name for name in names if "." not in name}
    for name in sorted(names):
        expected, found = manifest.tables.get(name, none), contents.get(name, none)
        if found.rows != expected.rows or (name in manifest.tables) != (name in contents):
            wrong.append(f"{name} has {found.rows:,} rows, the backup {expected.rows:,}")
        elif found != expected:
            wrong.append(f"{name} has other rows than the backup")
    return wrong


def require_server(connection: Connection, manifest: Manifest) -> None:
    """Raises BackupError if the server is older than the one that the backup is of."""
    version = manifest.server_version.partition(".")[0]
    if version.isdecimal() and int(version) > server_version(connection):
        raise BackupError(
            f"the backup is of PostgreSQL {version}, and the server is PostgreSQL {server_version(connection)}; "
            "an older server cannot take it"
        )


def require_roles(connection: Connection, manifest: Manifest) -> None:
    """Raises BackupError if a role that owns or may use something in the backup is not there."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT rolname FROM pg_roles")
        missing = set(manifest.roles) - {name for (name,) in cursor}
    if missing:
        raise BackupError(f"the server has no role {', '.join(sorted(missing))}; make it first, as FILE.roles does")


def _announce(target: Target, connection: Connection, present: Contents, backup: Backup, manifest: Manifest) -> None:
    rows = sum(table.rows for table in present.values())
    version = migration_version(connection) or "no migration"
    print(
        f"Replacing {target} ({rows:,} rows in {len(present)} tables, {version}) "
        f"by {backup.name} ({manifest.rows:,} rows in {len(manifest.tables)} tables, {manifest.migration_version}, "
        f"of {manifest.taken_at}).",
        flush=True,
    )


def _refuse_loss(present: Contents, manifest: Manifest, objects: Objects, archive: Archive) -> None:
    """Raises BackupError if the restore would take away what is in no backup."""
    newer = [name for name, table in present.items() if table.has_newer_than(manifest.tables.get(name))]
    lost = lost_objects(objects, archive.contents)
    reasons = []
    if newer:
        reasons.append(f"the database has rows that are newer than the backup, in {', '.join(newer)}")
    if lost:
        more = f" and {len(lost) - NAMED} more" if len(lost) > NAMED else ""
        reasons.append(f"the database has what the backup does not bring back: {', '.join(lost[:NAMED])}{more}")
    if reasons:
        raise BackupError("; ".join([*reasons, "--force replaces them all the same"]))


def without(extensions: list[str]) -> str:
    """Say that extensions were left out."""
    return f"Without the extension {', '.join(extensions)}, which this server does not offer or this role may not make"


def _ask(target: Target, present: Contents) -> None:
    if not sys.stdin.isatty() or not any(table.rows for table in present.values()):
        return
    if input(f"Replace everything in {target}? [y/N] ").strip().lower() not in ("y", "yes"):
        raise BackupError("nothing was changed")


if __name__ == "__main__":
    sys.exit(main())
