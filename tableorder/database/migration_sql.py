"""The migrations as a script for psql, made without a database: for a DBA to read, change nothing in, and run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from tableorder.database.migrations import LOCK_TIMEOUT, SOURCE, TAKE_LOCK, checksum

if TYPE_CHECKING:  # yoyo takes long to import
    from yoyo.migrations import Migration

# yoyo's books, version 2, as it makes them itself.
BOOKS = """\
CREATE TABLE IF NOT EXISTS _yoyo_log (
    id             varchar(36) PRIMARY KEY,
    migration_hash varchar(64),
    migration_id   varchar(255),
    operation      varchar(10),
    username       varchar(255),
    hostname       varchar(255),
    comment        varchar(255),
    created_at_utc timestamp
);

CREATE TABLE IF NOT EXISTS _yoyo_version (
    version          integer PRIMARY KEY,
    installed_at_utc timestamp
);

INSERT INTO _yoyo_version (version, installed_at_utc)
SELECT 2, now() AT TIME ZONE 'UTC' WHERE NOT EXISTS (SELECT FROM _yoyo_version);

CREATE TABLE IF NOT EXISTS _yoyo_migration (
    migration_hash varchar(64) PRIMARY KEY,
    migration_id   varchar(255),
    applied_at_utc timestamp
);

CREATE TABLE IF NOT EXISTS yoyo_lock (
    locked integer PRIMARY KEY DEFAULT 1,
    ctime  timestamp,
    pid    integer NOT NULL
);
"""

BEGINNING = f"""\
-- Run it with: psql -v ON_ERROR_STOP=1 -f FILE
-- Each migration is a transaction with its bookkeeping; after an error, those before it stay applied.
\\set ON_ERROR_STOP on
{TAKE_LOCK}
{BOOKS}"""

MARK = """\
INSERT INTO _yoyo_migration (migration_hash, migration_id, applied_at_utc)
VALUES ('{hash}', '{id}', now() AT TIME ZONE 'UTC');

INSERT INTO _yoyo_log
       (id, migration_hash, migration_id, operation, username, hostname, comment, created_at_utc)
VALUES (gen_random_uuid(), '{hash}', '{id}', 'apply', session_user, 'offline', '{checksum}', now() AT TIME ZONE 'UTC');
"""


def offline_sql(names: list[str], *, source: Path = SOURCE) -> Iterator[str]:
    """The script that applies these migrations, a piece at a time."""
    from yoyo import read_migrations

    yield BEGINNING
    for migration in read_migrations(str(source)):
        if migration.id in names:
            yield _write(migration, source)


def _write(migration: Migration, source: Path) -> str:
    from yoyo.migrations import read_sql_migration

    migration.load()
    _, _, statements = read_sql_migration(migration.path)
    mark = MARK.format(hash=migration.hash, id=migration.id, checksum=checksum(migration.id, source))
    body = "\n\n".join(statement.strip() for statement in statements)
    if migration.use_transactions:
        wait = f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT:g}s';"
        return f"\n-- {migration.id}\nBEGIN;\n{wait}\n\n{body}\n\n{mark}\nCOMMIT;\n"
    return f"\n-- {migration.id}, which cannot be in a transaction\n{body}\n\nBEGIN;\n{mark}\nCOMMIT;\n"
