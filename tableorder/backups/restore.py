"""`bin/restore-db`: replace a database's contents with those of a backup, all or nothing."""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from tableorder.backups import BackupError, command
from tableorder.backups.checks import run_checks
from tableorder.backups.contents import lock_tables, migration_version, read_contents
from tableorder.backups.encryption import decrypt_command
from tableorder.backups.files import Backup
from tableorder.backups.manifest import Contents, Manifest, TableContents
from tableorder.backups.processes import Process
from tableorder.backups.target import Connection, Target, target_of_environment
from tableorder.database.migrations import required_migrations
from tableorder.progress import Add, progress, step

CHUNK = 1 << 16  # bytes
LOCK_TIMEOUT = "30s"

DESCRIPTION = """\
Replace what is in the database by what is in a backup: FILE, with the files beside it that bin/backup-db wrote.

First the sums are compared. If the database has rows that are newer than the backup it is left alone, unless --force
is given. Everything happens in one transaction: if anything fails the database stays as it was. Afterwards the
invariants of sql/checks.sql are checked. On a terminal you are asked before anything is replaced.

It works on DATABASE_URL, or on DB_HOST, DB_PORT, DB_NAME, DB_USER and DB_PASSWORD, or else on the embedded server of
bin/serve. BACKUP_DECRYPT_COMMAND decrypts, such as 'age --decrypt -i KEYFILE' or 'gpg --batch --decrypt'.
Stop the application first; it need not be migrated, but the roles must be there (FILE.roles is SQL that makes them)."""

EPILOG = "Exit status: 0 done and all invariants hold, 1 refused or failed or no FILE, 2 wrong usage."

# What the dump will bring again, and what a newer schema had added. Extensions stay.
CLEAR = """
DO $clear$
DECLARE
    statement text;
BEGIN
    FOR statement IN
        SELECT format('DROP %s IF EXISTS %s CASCADE', kind, name)
          FROM (SELECT CASE relkind WHEN 'v' THEN 1 WHEN 'm' THEN 1 WHEN 'S' THEN 3 ELSE 2 END AS turn,
                       CASE relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW' WHEN 'S' THEN 'SEQUENCE'
                                    WHEN 'f' THEN 'FOREIGN TABLE' ELSE 'TABLE' END AS kind,
                       oid::regclass::text AS name, oid, 'pg_class'::regclass AS class
                  FROM pg_class
                 WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'm', 'S', 'f')
                 UNION ALL
                SELECT 4, 'ROUTINE', oid::regprocedure::text, oid, 'pg_proc'::regclass
                  FROM pg_proc
                 WHERE pronamespace = 'public'::regnamespace
                 UNION ALL
                SELECT 5, 'TYPE', oid::regtype::text, oid, 'pg_type'::regclass
                  FROM pg_type
                 WHERE typnamespace = 'public'::regnamespace AND typtype IN ('d', 'e', 'r')) AS present
         WHERE NOT EXISTS (SELECT FROM pg_depend WHERE classid = class AND objid = oid AND deptype = 'e')
         ORDER BY turn
    LOOP
        EXECUTE statement;
    END LOOP;
END;
$clear$;
"""


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="bin/restore-db",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("file", metavar="FILE", nargs="?", type=Path, help="the backup's .dump")
    parser.add_argument("--force", action="store_true", help="do not ask, and replace newer rows too")
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
        require_roles(connection, manifest)
        present = read_contents(connection)
        _announce(target, connection, present, backup, manifest)
        if not force:
            _refuse_newer(present, manifest)
            _ask(target, present)
        preamble = lock_tables(connection, present, unchanged=not force) + CLEAR
    load(target, backup, manifest, preamble=preamble)
    with step("Checking the invariants"), target.connect() as connection:
        differing = differences(manifest, read_contents(connection))
        findings = run_checks(connection)
    seconds = time.monotonic() - started
    print(f"Restored {target}: {manifest.rows:,} rows in {len(manifest.tables)} tables, {seconds:.1f} s; {findings}.")
    if manifest.migration_version != required_migrations()[-1]:
        print(f"Its schema is that of {manifest.migration_version}; bring it up to date with bin/tableorder migrate.")
    if differing or findings.violated:
        raise BackupError("; ".join([f"restored, but not as it should be: {findings}", *differing]))


def load(target: Target, backup: Backup, manifest: Manifest, *, preamble: str = "") -> None:
    """Run the preamble and the dump in one transaction, which only commits if both went to the end.

    psql gets the COMMIT after pg_restore has ended well; without it, whoever dies, the server rolls back. Raises
    BackupError.
    """
    with target.connect() as connection:
        superuser = _is_superuser(connection)
        if not superuser:
            preamble += _let_own(connection, manifest.owners)
    # Who is no superuser may not comment on the superuser's extensions, and an error would end it all.
    restorer = [target.program("pg_restore"), "--file=-", *([] if superuser else ["--no-comments"])]
    settings = ["--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1"]
    client = [target.program("psql"), *settings, *target.arguments()]
    with (
        Process(client, environment=target.environment(), stdin=subprocess.PIPE) as psql,
        progress(f"Restoring {backup.name}", backup.dump.stat().st_size) as add,
    ):
        psql.write(f"BEGIN; SET client_min_messages = warning; SET lock_timeout = '{LOCK_TIMEOUT}';\n".encode())
        psql.write(preamble.encode())
        try:
            _feed(target, restorer, backup, psql, add)
        except BackupError:
            psql.raise_if_failed()  # then that is why its feeders failed
            raise
        psql.write(b"COMMIT; ANALYZE;\n")
        psql.finish()


def _feed(target: Target, restorer: list[str], backup: Backup, psql: Process, add: Add) -> None:
    """Send the dump as SQL: the file, decrypted if need be, through pg_restore."""
    decrypt = decrypt_command(backup.name)
    with ExitStack() as stack:
        start = partial(Process, environment=target.environment(), stdin=subprocess.PIPE)
        stages = [stack.enter_context(start(restorer, stdout=psql.stdin))]
        if decrypt:
            stages.insert(0, stack.enter_context(start(decrypt, stdout=stages[0].stdin)))
            stages[1].stdin.close()  # only the tool writes to it
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
    for name in sorted(manifest.tables.keys() | contents.keys()):
        expected, found = manifest.tables.get(name, none), contents.get(name, none)
        if found.rows != expected.rows or (name in manifest.tables) != (name in contents):
            wrong.append(f"{name} has {found.rows:,} rows, the backup {expected.rows:,}")
        elif found != expected:
            wrong.append(f"{name} has other rows than the backup")
    return wrong


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


def _refuse_newer(present: Contents, manifest: Manifest) -> None:
    newer = [name for name, table in present.items() if table.has_newer_than(manifest.tables.get(name))]
    if newer:
        raise BackupError(
            f"the database has rows that are newer than the backup, in {', '.join(newer)}; "
            "--force replaces them all the same"
        )


def _ask(target: Target, present: Contents) -> None:
    if not sys.stdin.isatty() or not any(table.rows for table in present.values()):
        return
    if input(f"Replace everything in {target}? [y/N] ").strip().lower() not in ("y", "yes"):
        raise BackupError("nothing was changed")


if __name__ == "__main__":
    sys.exit(main())
