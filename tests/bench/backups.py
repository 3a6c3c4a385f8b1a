"""`bin/bench backup`: how long a large history takes to dump, verify and restore, and that it comes back the same."""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
import time
from contextlib import closing
from pathlib import Path

import psycopg2

from tableorder.database.embedded import EmbeddedServer
from tableorder.database.migrations import apply_pending
from tests.backups.commands import EMBEDDED, Commands
from tests.backups.meals import serve_meals
from tests.database.embedded import new_database, url_of

# Sessions of past days: each with two orders of two lines, of the first store's table.
FILL = """
WITH model AS (
    SELECT store_id, table_id, archived_order_data #> '{orders,0,items}' AS items
      FROM order_history ORDER BY history_id LIMIT 1
)
INSERT INTO order_history (session_id, table_id, store_id, table_number, completed_time, archived_order_data)
SELECT gen_random_uuid(), table_id, store_id, 1, now() - number * interval '1 minute',
       jsonb_build_object('session_total', 72000, 'orders', jsonb_build_array(
           jsonb_build_object('order_id', 1000000 + 2 * number, 'order_time', now(), 'total_amount', 36000,
                              'status', '완료', 'items', items || items),
           jsonb_build_object('order_id', 1000001 + 2 * number, 'order_time', now(), 'total_amount', 36000,
                              'status', '완료', 'items', items || items)))
  FROM model, generate_series(1, %(rows)s) AS number
"""


def add_parser(measurements: argparse._SubParsersAction) -> None:
    parser = measurements.add_parser("backup", help="dump, verify and restore a large history", description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000, help="rows of history (default: 1000000)")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    with (
        tempfile.TemporaryDirectory(prefix="tableorder-bench-") as folder,
        EmbeddedServer(Path(folder) / "postgres") as server,
        new_database(server.uri(), "template0") as name,
    ):
        figures = measure(url_of(server.uri(), name), Path(folder) / "backups", options.rows)
    if options.json:
        print(json.dumps(figures))
    else:
        print("\n".join(f"{name:<32}{figure:>14,}" for name, figure in figures.items()))
    return 0


def measure(url: str, folder: Path, rows: int) -> dict[str, float]:
    """Seconds and megabytes. Raises AssertionError if what came back is not what there was."""
    apply_pending(url)
    with closing(psycopg2.connect(url)) as connection:
        serve_meals(connection)
        with connection.cursor() as cursor:
            cursor.execute(FILL, {"rows": rows})
            cursor.execute("VACUUM ANALYZE")
            cursor.execute("SELECT pg_database_size(current_database())")
            [(size,)] = cursor.fetchall()
    commands = Commands(url, folder, EMBEDDED)
    before = _fingerprint(commands)
    figures: dict[str, float] = {"rows of history": rows, "database (MB)": round(size / 1e6)}
    figures["dump (s)"] = _timed(commands, "backup-db")
    [backup] = commands.folder.good()
    figures["dump (MB)"] = round(backup.dump.stat().st_size / 1e6)
    figures["verify (s)"] = _timed(commands, "verify-backup")
    with closing(psycopg2.connect(url)) as connection, connection, connection.cursor() as cursor:
        cursor.execute("UPDATE stores SET store_name = 'other'")
    figures["restore (s)"] = _timed(commands, "restore-db", str(backup.dump), "--force")
    assert _fingerprint(commands) == before
    return figures


def _timed(commands: Commands, name: str, *arguments: str) -> float:
    started = time.monotonic()
    done = commands.run(name, *arguments)
    assert done.returncode == 0, done.stderr
    return round(time.monotonic() - started, 1)


def _fingerprint(commands: Commands) -> str:
    """The sum of all that pg_dump says: the schema and every row, in order."""
    pipe = f"{commands.target.program('pg_dump')} --restrict-key=same '{commands.target.url}' | sha256sum"
    return subprocess.run(["/bin/sh", "-c", pipe], check=True, capture_output=True, text=True).stdout
