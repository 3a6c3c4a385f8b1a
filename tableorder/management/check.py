"""`bin/tableorder check`: the operator's checklist, against the running system."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import psycopg2

from tableorder.backups.files import Folder
from tableorder.backups.policy import KINDS, Kind, of_kind
from tableorder.commands import SetupError
from tableorder.config import Config
from tableorder.database.administration import administer, connect
from tableorder.database.connection import Connection, Database
from tableorder.database.isolation import NOT_KEPT, is_transaction_pooled
from tableorder.database.migrations import SOURCE, pending_migrations, required_migrations
from tableorder.database.pool import PoolSettings
from tableorder.domain.errors import Unavailable
from tableorder.management.arguments import Options, add_command, answer_rows
from tableorder.management.findings import FAILED, OF_SERVER, OK, WARNING, Answer, Finding, find, housekeeping
from tableorder.management.server_config import connections_needed
from tableorder.progress import spinner
from tableorder.settings import read_setting

MIN_SERVER_VERSION = 14
MAX_BACKUP_AGE = timedelta(hours=26)  # of the newest one: a night, and the time that it takes
MAX_REPLICA_LAG = 16e6  # bytes of the write-ahead log: one of its segments
MAX_CLOCK_SKEW = 1.0  # seconds between two machines that issue and check tokens
CLOCK_READINGS = 5  # the quickest one is the most exact

# The indexes and triggers that a migration makes and drops. An index of a constraint has the constraint's name.
MADE = re.compile(
    r"CREATE (?:UNIQUE )?(INDEX)(?: CONCURRENTLY)?(?: IF NOT EXISTS)? (\w+)|CREATE (?:CONSTRAINT )?(TRIGGER) (\w+)"
    r"|(?:DROP|USING) (INDEX|TRIGGER)(?: CONCURRENTLY)?(?: IF EXISTS)? (\w+)"
)

PLURALS = {"INDEX": "indexes", "TRIGGER": "triggers", "CONSTRAINT": "constraints"}

CATALOG = """
SELECT 'INDEX', relname::text, indisvalid
  FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
 WHERE relnamespace = 'public'::regnamespace
UNION ALL
SELECT 'TRIGGER', tgname::text, tgenabled IN ('O', 'A')
  FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid
 WHERE relnamespace = 'public'::regnamespace AND NOT tgisinternal
UNION ALL
SELECT 'CONSTRAINT', conname::text,
       convalidated AND NOT EXISTS (SELECT FROM pg_trigger
                                     WHERE tgconstraint = pg_constraint.oid AND tgisinternal
                                       AND tgenabled NOT IN ('O', 'A'))
  FROM pg_constraint
 WHERE connamespace = 'public'::regnamespace AND conrelid <> 0
"""

# A standby that has replayed nothing yet is behind by all of it.
LAG = """
SELECT pg_is_in_recovery(),
       pg_wal_lsn_diff(%(written)s, COALESCE(pg_last_wal_replay_lsn(), '0/0'))::float
"""

STYLES = {OK: "green", WARNING: "yellow", FAILED: "bold red"}


def add_commands(nouns: Any) -> None:
    """Declare the command."""
    add_command(
        nouns,
        "check",
        check,
        "check the whole installation, against the operator's list",
        about="Looks at PostgreSQL, the schema, the pool, the clocks and the newest backup of each type, and changes "
        "nothing. Exit status 1 if an item failed; a warning is none.",
        examples=["bin/tableorder check", "bin/tableorder check --json | jq '.[] | select(.status != \"ok\")'"],
    )


def check(url: str, options: Options) -> None:
    """Print what each item says. Raises SetupError if one failed."""
    with spinner("Checking"):
        findings = list(_findings(url))
    rows = [asdict(finding) for finding in findings]
    answer_rows(options, rows, {"status": "status", "item": "item", "detail": "detail"}, STYLES)
    failed = [finding.item for finding in findings if finding.status == FAILED]
    if failed:
        raise SetupError(f"failed: {', '.join(failed)}")


def _findings(url: str) -> Iterator[Finding]:
    config = Config.from_environment({**os.environ, "DATABASE_URL": url, "JWT_SECRET_KEY": "x" * 32})
    connect(url).close()  # without a server there is nothing to be said

    def ask(look: Callable[..., Answer], *arguments: object) -> Answer:
        """By a connection of its own, which it may break, or wait on for too long."""
        with administer(url) as connection:
            return look(connection, *arguments)

    for item, look in (OF_INSTALLATION | OF_SERVER).items():
        yield find(item, ask, look)
    yield find("time zone", ask, _time_zone, config.pool.time_zone)
    migrations = find("migrations", _migrations, url)
    yield migrations
    if migrations.status == OK:  # else there may be no tables yet
        ages = config.streams.event_retention, config.login_limits.window, config.audit_retention_days
        yield find("housekeeping", ask, housekeeping, *ages)
    yield find("connections", ask, _connections, config.pool)
    if config.replica:
        yield find("replica", ask, _replica, config.replica)
    yield find("pool", _pool, config.pool)
    yield from _backups()


def _server(connection: Connection) -> Answer:
    version = connection.fetch_value("SHOW server_version")
    number = int(connection.fetch_value("SHOW server_version_num"))
    status = OK if number >= MIN_SERVER_VERSION * 10_000 else FAILED
    return status, f"{version}; {MIN_SERVER_VERSION} or newer is needed"


def _uuid_ossp(connection: Connection) -> Answer:
    installed, offered = connection.fetch_one(
        """
        SELECT EXISTS (SELECT FROM pg_extension WHERE extname = 'uuid-ossp'),
               EXISTS (SELECT FROM pg_available_extensions WHERE name = 'uuid-ossp')
        """
    )
    if installed:
        return OK, "installed"
    if offered:
        return WARNING, "offered and not installed; bin/create-db does it"
    return WARNING, "not offered by this server, and not needed"


def _migrations(url: str) -> Answer:
    pending = pending_migrations(url)
    if pending:
        return FAILED, f"pending: {', '.join(pending)}"
    return OK, f"up to {required_migrations()[-1]}"


def expected_objects() -> dict[str, set[str]]:
    """The names of the indexes and triggers that the migrations make, by kind."""
    names: dict[str, set[str]] = {"INDEX": set(), "TRIGGER": set()}
    for migration in required_migrations():
        for made_index, index, made_trigger, trigger, dropped, name in MADE.findall(
            (SOURCE / f"{migration}.sql").read_text(encoding="utf-8")
        ):
            if dropped:
                names[dropped].discard(name)
            else:
                names[made_index or made_trigger].add(index or trigger)
    return names


def _schema_objects(connection: Connection) -> Answer:
    found = connection.fetch_all(CATALOG)
    there = {(kind, name) for kind, name, _ in found}
    missing = [
        name for kind, names in expected_objects().items() for name in sorted(names) if (kind, name) not in there
    ]
    invalid = sorted(name for _, name, is_valid in found if not is_valid)
    if missing or invalid:
        parts = [f"{what}: {', '.join(names)}" for what, names in (("missing", missing), ("invalid", invalid)) if names]
        return FAILED, "; ".join(parts)
    counts = ", ".join(f"{sum(kind == k for k, _, _ in found)} {plural}" for kind, plural in PLURALS.items())
    return OK, f"all there and valid ({counts})"


def _durability(connection: Connection) -> Answer:
    off = [
        name
        for name in ("fsync", "full_page_writes", "synchronous_commit")
        if connection.fetch_value(f"SHOW {name}") == "off"
    ]
    if off:
        return FAILED, f"off: {', '.join(off)}; an acknowledged order could be lost"
    return OK, "fsync, full_page_writes and synchronous_commit are on"


def _archiving(connection: Connection) -> Answer:
    mode, failed, last = connection.fetch_one(
        """
        SELECT current_setting('archive_mode'), failed_count,
               last_archived_time IS NOT NULL AND last_archived_time > COALESCE(last_failed_time, '-infinity')
          FROM pg_stat_archiver
        """
    )
    if mode == "off":
        return WARNING, "off; the newest backup is all there is (docs/point-in-time-recovery.md)"
    if failed and not last:
        return FAILED, f"on, and failing ({failed} times)"
    return OK, "on"


def _clock(connection: Connection) -> Answer:
    skew = min((_time_of_server(connection) for _ in range(CLOCK_READINGS)), key=lambda reading: reading.took).skew
    status = OK if abs(skew) <= MAX_CLOCK_SKEW else FAILED
    return status, f"{abs(skew):.2f} s between this machine and the server"


class Reading(NamedTuple):
    """The duration of the answer, and the lead of the server's clock, exact to half that duration; in seconds."""

    took: float
    skew: float


def _time_of_server(connection: Connection) -> Reading:
    started, before = time.monotonic(), time.time()
    server = float(connection.fetch_value("SELECT extract(epoch FROM clock_timestamp())"))
    took = time.monotonic() - started
    return Reading(took, server - before - took / 2)


def _time_zone(connection: Connection, wanted: str) -> Answer:
    zone = connection.fetch_value("SHOW timezone")
    return OK if zone == wanted else WARNING, f"{zone} on the server, {wanted} in the application"


def _connections(connection: Connection, settings: PoolSettings) -> Answer:
    workers = read_setting("WEB_CONCURRENCY", os.environ)
    most = connection.fetch_value(
        "SELECT current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int"
    )
    needed = connections_needed(workers, settings.size, settings.max_overflow)
    status = OK if needed <= most else FAILED
    return status, f"{workers} workers may need {needed}; the server has {most}"


def _replica(primary: Connection, settings: PoolSettings) -> Answer:
    """Look whether the standby is up, and how much of the primary's log it has yet to replay."""
    written = primary.fetch_value("SELECT pg_current_wal_lsn()::text")
    replica = Database(settings)
    try:
        with replica.connect(None) as connection:
            is_standby, behind = connection.fetch_one(LAG, {"written": written})
    except Unavailable as error:
        return FAILED, f"{error}: {error.__cause__}"
    finally:
        replica.pool.close()
    if not is_standby:
        return WARNING, "DATABASE_REPLICA_URL names no standby"
    status = OK if behind <= MAX_REPLICA_LAG else WARNING
    return status, f"a standby, {max(0, behind) / 1e6:.1f} MB behind"


def _pool(settings: PoolSettings) -> Answer:
    """As the application would: with its settings, and its role."""
    pooled = Database(settings)
    try:
        with pooled.connect(None) as connection:
            role = connection.fetch_value("SELECT current_user::text")
        stats = pooled.pool.stats()
        is_shared = settings.session_state and is_transaction_pooled(settings.dsn, seconds=settings.connect_timeout)
    except (Unavailable, psycopg2.Error) as error:
        return FAILED, f"{error}: {error.__cause__}"
    finally:
        pooled.pool.close()
    if is_shared:
        return FAILED, NOT_KEPT
    return OK, f"reachable as {role}; size {stats.pool_size} + {stats.max_overflow}"


def _backups() -> Iterator[Finding]:
    folder = Folder.of_environment()
    remarks = find("other backups", _other_backups, folder)
    if remarks.status != OK:
        yield remarks
    for kind in KINDS:
        yield find(f"{kind.name} backup", _backup, folder, kind)


def _other_backups(folder: Folder) -> Answer:
    remarks = folder.remarks()
    return WARNING if remarks else OK, "; ".join(remarks)


def _backup(folder: Folder, kind: Kind) -> Answer:
    """The newest of a type: how old, and whether a verification found it good."""
    backups = {backup.name: backup for backup in folder.good()}
    names = of_kind(kind, backups)
    if not names:
        status = FAILED if kind.name == "full" else WARNING
        return status, "there is none in BACKUP_DIR; bin/backup-db makes one"
    newest = backups[names[-1]]
    age = datetime.now(UTC) - newest.read_manifest().taken
    verified, violated = newest.verified() is True, newest.violated()
    detail = f"{newest.name}, {_written(age)} old, {'verified' if verified else 'not verified'}"
    if violated:
        detail += f", of damaged data: rows violate {', '.join(violated)}"
    return status_of(kind, age, verified and not violated), detail


def status_of(kind: Kind, age: timedelta, verified: bool) -> str:
    """The status of the newest backup of a type."""
    if kind.name == "full" and age > MAX_BACKUP_AGE:
        return FAILED
    return OK if verified else WARNING


def _written(age: timedelta) -> str:
    hours = age // timedelta(hours=1)
    return f"{hours} hours" if hours < 48 else f"{age.days} days"


OF_INSTALLATION: dict[str, Callable[[Connection], Answer]] = {
    "PostgreSQL": _server,
    "uuid-ossp": _uuid_ossp,
    "indexes and triggers": _schema_objects,
    "durability": _durability,
    "archiving": _archiving,
    "clock": _clock,
}
