"""The schema's migrations, applied by yoyo: one run at a time, whole or not at all, and none blocked by a killed one.

This adds to yoyo 9: a migration, its mark and its log entry are one transaction, and the log keeps the file's checksum.
A run stops before it changes anything if an applied file was edited, or if a new file is out of order or cannot be
undone. If a run cannot get a lock, it ends and changes nothing. `yoyo apply` uses the same files and tables.
"""

from __future__ import annotations

import functools
import hashlib
import logging
import re
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import psycopg2
from psycopg2 import extensions

from tableorder.database.deadlines import deadline
from tableorder.database.hosts import Hosts, connect_to_primary, resolved_dsn

if TYPE_CHECKING:  # yoyo takes long to import, and most processes only ask what is applied
    from yoyo.migrations import Migration

SOURCE = Path(__file__).resolve().parents[2] / "migrations"
# Seconds that a statement waits for a lock. The application's requests queue up behind it, and wait for two at most.
LOCK_TIMEOUT = 1.0

CONNECT_TIMEOUT = 10.0  # seconds, for all servers of the URL together

# Any number will do, as long as every deployer takes the same.
LOCK = 7_283_461_905

# Waits for the lock without a snapshot that lasts. The holder may be making an index CONCURRENTLY, which waits for each
# older snapshot: each would wait for the other for ever. The lock is the session's, so it outlives the COMMIT.
TAKE_LOCK = f"""\
DO $$
BEGIN
    WHILE NOT pg_try_advisory_lock({LOCK}) LOOP
        PERFORM pg_sleep(0.1);
        COMMIT;
    END LOOP;
END;
$$;
"""

# An index that a migration can make once only.
MADE_INDEX = re.compile(r"^CREATE (?:UNIQUE )?INDEX CONCURRENTLY (?!IF )(\w+)", re.MULTILINE)

# A foreign key is kept by triggers of the server's own, which pg_dump does not show.
DISABLED_KEYS = """
SELECT DISTINCT tgrelid::regclass::text, conname::text
  FROM pg_trigger
  JOIN pg_constraint ON pg_constraint.oid = tgconstraint
 WHERE tgisinternal AND tgenabled NOT IN ('O', 'A')
 ORDER BY 1, 2
"""

# What yoyo says of each step is for its own command line.
logging.getLogger("yoyo").setLevel(logging.WARNING)


class MigrationError(Exception):
    """The migrations cannot be applied or taken back as they are; the message says what to do."""


@dataclass(frozen=True)
class MigrationState:
    """A migration; `applied_at` is None if it is pending, `is_known` False if there is no file of it."""

    id: str
    applied_at: datetime | None
    is_known: bool = True


@functools.cache
def required_migrations() -> tuple[str, ...]:
    """The ids of all migrations that this version of the application needs, in order."""
    return tuple(_ids_in(SOURCE))


def applied_migrations(database_url: str, *, connect_timeout: float = 10) -> dict[str, datetime]:
    """The applied migrations' ids and times, by a connection of its own: it must work before there are any roles.

    Raises psycopg2.Error.
    """
    with deadline(connect_timeout), closing(Hosts(database_url).connect(connect_timeout)) as connection:
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT migration_id, applied_at_utc FROM _yoyo_migration ORDER BY migration_id")
                return {name: applied_at.replace(tzinfo=UTC) for name, applied_at in cursor.fetchall()}
        except psycopg2.errors.UndefinedTable:
            return {}


def pending_migrations(database_url: str) -> list[str]:
    """The ids of the migrations that are needed and not applied, in order. Raises psycopg2.Error."""
    applied = applied_migrations(database_url)
    return [name for name in required_migrations() if name not in applied]


def list_migrations(database_url: str, *, source: Path = SOURCE) -> list[MigrationState]:
    """All migrations, those of a newer version of the application too, in order. Raises psycopg2.Error."""
    applied = applied_migrations(database_url)
    files = set(_ids_in(source))
    return [MigrationState(name, applied.get(name), name in files) for name in sorted(files | applied.keys())]


def apply_pending(
    database_url: str,
    on_applied: Callable[[str], object] = lambda name: None,
    *,
    up_to: str | None = None,
    lock_timeout: float = LOCK_TIMEOUT,
    source: Path = SOURCE,
) -> list[str]:
    """Apply what is not applied yet, as far as `up_to`; the ids. Two runs at once: one applies, the other waits for it.

    Raises MigrationError before anything is done, psycopg2.Error from a migration; those before it stay applied.
    """
    names = _ids_in(source)
    wanted = names if up_to is None else names[: names.index(find_migration(names, up_to)) + 1]
    with _yoyo_backend(database_url) as backend:
        pending = [m for m in backend.to_apply(_read(source)) if m.id in wanted]
        books = _Books(backend)
        _refuse_removed(books.applied(), source)
        books.refuse_edited(source)
        _refuse_out_of_order([migration.id for migration in pending], books.applied())
        for migration in pending:
            _apply(backend, migration, lock_timeout)
            on_applied(migration.id)
        books.note_checksums(source)
    return [migration.id for migration in pending]


def roll_back_last(database_url: str, *, lock_timeout: float = LOCK_TIMEOUT, source: Path = SOURCE) -> str:
    """Roll the latest migration back; its id. Raises MigrationError if that cannot be done, psycopg2.Error."""
    with _yoyo_backend(database_url) as backend:
        applied = _Books(backend).applied()
        if not applied:
            raise MigrationError("no migration is applied")
        migration = next((m for m in _read(source) if m.id == applied[-1]), None)
        if migration is None:
            raise MigrationError(f"{applied[-1]} is of a newer version; take it back with that")
        if not rollback_file(migration.id, source).exists():
            raise MigrationError(f"{migration.id} has no rollback file, so it cannot be taken back")
        _roll_back(backend, migration, lock_timeout)
        return migration.id


def rollback_file(name: str, source: Path = SOURCE) -> Path:
    """The file that undoes a migration."""
    return source / f"{name}.rollback.sql"


def find_migration(names: list[str], wanted: str) -> str:
    """The id that is meant by its whole name or its number. Raises MigrationError."""
    found = [name for name in names if wanted in (name, name.partition(".")[0])]
    if not found:
        raise MigrationError(f"there is no migration {wanted}")
    return found[0]


def checksum(name: str, source: Path = SOURCE) -> str:
    """The checksum of what a migration does; comments on lines of their own do not count."""
    lines = (source / f"{name}.sql").read_text(encoding="utf-8").splitlines()
    text = "\n".join(line.rstrip() for line in lines if not line.lstrip().startswith("--"))
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def yoyo_url(database_url: str) -> str:
    """The same as parameters only: of the rest of a URL yoyo reads less than libpq does, for one no second host."""
    return "postgresql:///?" + urlencode(extensions.parse_dsn(database_url))


def _read(source: Path) -> Any:
    """yoyo's migrations, read as UTF-8: left to itself it opens them once more in the locale's encoding."""
    import yoyo.migrations

    yoyo.migrations.open = functools.partial(open, encoding="utf-8")
    return yoyo.read_migrations(str(source))


def _ids_in(source: Path) -> list[str]:
    names = (path.name for path in source.glob("*.sql"))
    return sorted(name.removesuffix(".sql") for name in names if not name.endswith(".rollback.sql"))


def require_files(applied: list[str], source: Path = SOURCE) -> None:
    """Raises MigrationError if there is no file of a migration that is applied."""
    missing = sorted(set(applied) - set(_ids_in(source)))
    if missing:
        raise MigrationError(
            f"{', '.join(missing)} is applied and has no file here; it is of a newer version, or was removed"
        )


def newer_migrations(applied: list[str], source: Path = SOURCE) -> list[str]:
    """The applied migrations that come after all migrations of this version."""
    latest = max(_ids_in(source), default="")
    return [name for name in applied if name > latest]


def disabled_keys(connection: extensions.connection) -> list[tuple[str, str]]:
    """Foreign keys that do not hold because somebody has disabled their triggers, each with its table."""
    with connection, connection.cursor() as cursor:
        cursor.execute(DISABLED_KEYS)
        return cursor.fetchall()


def _refuse_removed(applied: list[str], source: Path) -> None:
    removed = sorted(set(applied) - set(_ids_in(source)) - set(newer_migrations(applied, source)))
    if removed:
        raise MigrationError(f"{', '.join(removed)} is applied, and its file was removed; bring it back")


def _refuse_out_of_order(pending: list[str], applied: list[str]) -> None:
    late = [name for name in pending if applied and name < applied[-1]]
    if late:
        raise MigrationError(f"{', '.join(late)} came after {applied[-1]} was applied; give it a higher number")


def _apply(backend: Any, migration: Migration, lock_timeout: float) -> None:
    """Do what the migration says and mark it, in one transaction.

    One that is not transactional (an index made CONCURRENTLY) is marked after it: if it is cut short, what it left is
    cleared away and it is done again.
    """
    migration.load()
    if migration.use_transactions:
        with backend.transaction():
            _limit_waits(backend, lock_timeout)
            migration.process_steps(backend, "apply")
            _mark(backend, migration)
        return
    _drop_remains(backend, migration)
    migration.process_steps(backend, "apply")
    if invalid := _invalid_indexes(backend):
        raise MigrationError(f"{migration.id} left invalid indexes ({', '.join(invalid)}); run it again")
    with backend.transaction():
        _mark(backend, migration)


def _mark(backend: Any, migration: Migration) -> None:
    backend.mark_one(migration, log=False)
    backend.log_migration(migration, "apply")


def _roll_back(backend: Any, migration: Migration, lock_timeout: float) -> None:
    migration.load()
    with backend.transaction():
        _limit_waits(backend, lock_timeout)
        migration.process_steps(backend, "rollback")
        backend.unmark_one(migration, log=False)
        backend.log_migration(migration, "rollback")


def _limit_waits(backend: Any, seconds: float) -> None:
    backend.execute(f"SET LOCAL lock_timeout = {round(seconds * 1000)}")


def _invalid_indexes(backend: Any) -> list[str]:
    cursor = backend.execute(
        "SELECT indexrelid::regclass::text FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid"
        " WHERE NOT indisvalid AND relnamespace = 'public'::regnamespace ORDER BY 1"
    )
    return [name for (name,) in cursor.fetchall()]


def _drop_remains(backend: Any, migration: Migration) -> None:
    """The remains of a run that was killed: an invalid index, or a valid one whose migration was not marked.

    IF NOT EXISTS would take the first for done, and without it the second could not be made again.
    https://www.postgresql.org/docs/current/sql-createindex.html#SQL-CREATEINDEX-CONCURRENTLY
    """
    made = MADE_INDEX.findall(Path(migration.path).read_text(encoding="utf-8"))
    with backend.disable_transactions():
        for name in [*_invalid_indexes(backend), *made]:
            backend.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")


class _Books:
    """What yoyo's tables say of the applied migrations. A checksum stands in the log, as its comment."""

    def __init__(self, backend: Any) -> None:
        self._backend = backend

    def applied(self) -> list[str]:
        """The ids, in order."""
        cursor = self._backend.execute("SELECT migration_id FROM _yoyo_migration ORDER BY migration_id")
        return [name for (name,) in cursor.fetchall()]

    def refuse_edited(self, source: Path) -> None:
        """Raises MigrationError if a file is not what was applied."""
        edited = [
            name
            for name, noted in self._checksums().items()
            if noted and (source / f"{name}.sql").exists() and noted != checksum(name, source)
        ]
        if edited:
            raise MigrationError(
                f"{', '.join(edited)} was edited after it was applied; undo that and write a new migration"
            )

    def note_checksums(self, source: Path) -> None:
        """Store the checksums that are missing, as after a plain `yoyo apply`."""
        with self._backend.transaction():
            for name, noted in self._checksums().items():
                if noted is None and (source / f"{name}.sql").exists():
                    self._backend.execute(
                        "UPDATE _yoyo_log SET comment = :checksum WHERE id = (SELECT id FROM _yoyo_log"
                        " WHERE migration_id = :name AND operation IN ('apply', 'mark')"
                        " ORDER BY created_at_utc DESC LIMIT 1)",
                        {"name": name, "checksum": checksum(name, source)},
                    )

    def _checksums(self) -> dict[str, str | None]:
        """By id, the checksum that was stored when the migration was last applied; None if none was."""
        cursor = self._backend.execute(
            "SELECT DISTINCT ON (migration_id) migration_id, comment FROM _yoyo_log"
            " JOIN _yoyo_migration USING (migration_id)"
            " WHERE operation IN ('apply', 'mark') ORDER BY migration_id, created_at_utc DESC"
        )
        return dict(cursor.fetchall())


@contextmanager
def _yoyo_backend(database_url: str) -> Iterator[Any]:
    """yoyo's connection to the database, while no other run has one."""
    from yoyo import get_backend

    with _exclusive(database_url) as url, get_backend(yoyo_url(url)) as backend:
        backend.break_lock()  # we are alone: a row that is there now was left by a run that was killed
        backend.ensure_internal_schema_updated()
        with backend.lock():
            yield backend


@contextmanager
def _exclusive(database_url: str) -> Iterator[str]:
    """Hold an advisory lock, which is gone with its connection, however the process ends; the DSN of where it is."""
    connection = connect_to_primary(database_url, CONNECT_TIMEOUT, application_name="tableorder migrate")
    try:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(TAKE_LOCK)
        yield resolved_dsn(connection)
    finally:
        connection.close()
