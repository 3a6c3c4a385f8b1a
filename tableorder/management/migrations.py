"""`bin/tableorder migrate` and `bin/tableorder migration …`: the schema, step by step."""

from __future__ import annotations

import argparse
import difflib
import re
import sys
from contextlib import closing
from typing import Any

import sqlparse

from tableorder.commands import SetupError
from tableorder.database.administration import connect
from tableorder.database.hosts import resolved_dsn
from tableorder.database.migration_sql import offline_sql
from tableorder.database.migrations import (
    SOURCE,
    MigrationError,
    applied_migrations,
    apply_pending,
    disabled_keys,
    find_migration,
    list_migrations,
    newer_migrations,
    require_files,
    required_migrations,
    roll_back_last,
    rollback_file,
)
from tableorder.database.programs import find_program, libpq_environment, run_program
from tableorder.database.scratch import scratch_database
from tableorder.database.urls import other_database
from tableorder.management.arguments import Options, add_command, add_noun, answer, answer_rows
from tableorder.progress import spinner

PENDING = "pending"

# What the lines of a dump begin with that do not count: comments, psql's commands, the server's extensions.
NO_SCHEMA = ("--", "\\", "CREATE EXTENSION ")

DRAFT = """\
-- {purpose}
-- depends: {previous}

select 1;
"""


def add_commands(nouns: Any) -> None:
    """Declare the commands."""
    command = add_command(
        nouns,
        "migrate",
        migrate,
        "apply the migrations that are not applied yet",
        about="Safe while the application runs, and safe to run again: each migration happens whole or not at all.",
        examples=["bin/tableorder migrate", "bin/tableorder migrate --to 0019"],
    )
    command.add_argument("--to", metavar="ID", help="as far as this one, by its number or its whole name")
    commands = add_noun(nouns, "migration", "the schema's migrations")
    add_command(
        commands,
        "list",
        list_all,
        "list what is applied, with times, and what is not",
        examples=["bin/tableorder migration list", "bin/tableorder migration list --json | jq -r .[-1].migration"],
    )
    command = add_command(
        commands,
        "rollback",
        roll_back,
        "take the latest one back; what it added is lost",
        about="Says which one it is and asks.",
        examples=["bin/tableorder migration rollback", "bin/tableorder migration rollback --force --json"],
    )
    command.add_argument("--force", action="store_true", help="do not ask")
    command = add_command(
        commands,
        "new",
        make_new,
        "write the files of a new one",
        about="Two files in migrations/: what it does, and the way back. docs/migrations.md says how to go on.",
        examples=["bin/tableorder migration new add-menu-tags"],
        is_offline=True,
    )
    command.add_argument("name", type=_name, help="what it does, as in add-menu-tags")
    command = add_command(
        commands,
        "sql",
        print_sql,
        "print the SQL of pending ones, for psql",
        about="For a DBA who reads it before it is run; needs no database.",
        examples=[
            "bin/tableorder migration sql --after 0018 > pending.sql",
            "bin/tableorder migration sql --to 0019 | psql --set ON_ERROR_STOP=1",
        ],
        json_=False,
        is_offline=True,
    )
    command.add_argument("--after", metavar="ID", help="the latest one that is applied (default: none is)")
    command.add_argument("--to", metavar="ID", help="as far as this one")
    add_command(
        commands,
        "drift",
        show_drift,
        "compare the schema with what the migrations build",
        about="Builds it in a scratch database on the same server, which is dropped at the end. Exit status 1 if "
        "anything differs.",
        examples=["bin/tableorder migration drift", "bin/tableorder migration drift --json | jq -r .difference[]"],
    )


def migrate(url: str, options: Options) -> None:
    report = (lambda name: None) if options.json else (lambda name: print(f"Applied {name}", flush=True))
    applied = apply_pending(url, report, up_to=options.to)
    if newer := newer_migrations(list(applied_migrations(url))):
        print(f"The schema is that of a newer version, which has {', '.join(newer)}.", file=sys.stderr)
    answer(options, {"applied": applied}, f"{len(applied)} applied." if applied else "Nothing to apply.")


def list_all(url: str, options: Options) -> None:
    rows = [
        {
            "migration": m.id,
            "applied_at": m.applied_at and m.applied_at.isoformat(timespec="seconds"),
            "known": m.is_known,
        }
        for m in list_migrations(url)
    ]
    if options.json:
        answer(options, rows, "")
        return
    shown = [
        {
            "state": (row["applied_at"] or PENDING) if row["known"] else f"{row['applied_at']} (no file)",
            "migration": row["migration"],
        }
        for row in rows
    ]
    answer_rows(options, shown, {"state": "applied", "migration": "migration"}, {PENDING: "yellow"})


def roll_back(url: str, options: Options) -> None:
    latest = max(applied_migrations(url), default=None)
    if latest and not options.force:
        print(f"This takes back {latest}. What it added, rows included, is lost.", file=sys.stderr)
        if not sys.stdin.isatty():
            raise SetupError("there is no terminal to ask on; use --force")
        if input("Take it back? [y/N] ").strip().lower() != "y":
            raise SetupError("nothing was done")
    name = roll_back_last(url)
    answer(options, {"taken_back": name}, f"Took back {name}.")


def make_new(options: Options) -> None:
    names = required_migrations()
    name = f"{int(names[-1][:4]) + 1:04}.{options.name}"
    purpose = options.name.replace("-", " ").capitalize() + ": say why."
    file = SOURCE / f"{name}.sql"
    with file.open("x", encoding="utf-8") as draft:
        draft.write(_formatted(DRAFT.format(purpose=purpose, previous=names[-1])))
    rollback_file(name).write_text(_formatted("select 1;\n"), encoding="utf-8")
    files = [str(file), str(rollback_file(name))]
    answer(options, {"files": files}, "\n".join(files))


def print_sql(options: Options) -> None:
    names = list(required_migrations())
    first = names.index(find_migration(names, options.after)) + 1 if options.after else 0
    last = names.index(find_migration(names, options.to)) + 1 if options.to else len(names)
    for piece in offline_sql(names[first:last]):
        print(piece)


def show_drift(url: str, options: Options) -> None:
    """Print what differs, and fail if anything does."""
    applied = applied_migrations(url)
    if not applied:
        raise MigrationError("no migration is applied")
    require_files(list(applied))
    with spinner("Building the schema"), closing(connect(url)) as connection:
        here = resolved_dsn(connection)
        with scratch_database(connection) as name:
            scratch_url = other_database(here, name)
            apply_pending(scratch_url, up_to=max(applied))
            built = _schema(scratch_url)
    difference = list(difflib.unified_diff(built, _schema(here), "migrations", "database", lineterm="", n=2))
    same = f"The schema is what the migrations up to {max(applied)} build."
    answer(options, {"migration": max(applied), "difference": difference}, "\n".join(difference) or same)
    if difference:
        raise MigrationError("the schema is not what the migrations build")


def _schema(url: str) -> list[str]:
    """The schema's SQL, a line each, without what the migrations do not make."""
    with closing(connect(url)) as connection:
        program = find_program("pg_dump", server=connection.server_version // 10_000)
        disabled = disabled_keys(connection)
    command = [str(program), "--schema-only", "--no-comments"]
    done = run_program(command, libpq_environment(url))
    if done.returncode != 0:
        raise SetupError(done.stderr.strip())
    lines = [line for line in done.stdout.splitlines() if line and not line.startswith(NO_SCHEMA)]
    return lines + [f"ALTER TABLE {table} DISABLE TRIGGER ALL; -- so {key} does not hold" for table, key in disabled]


def _formatted(text: str) -> str:
    return str(sqlparse.format(text, keyword_case="upper", strip_whitespace=False)).rstrip() + "\n"


def _name(text: str) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)+", text):
        raise argparse.ArgumentTypeError(
            f"{text!r} is not two words or more with hyphens between them, as in add-menu-tags"
        )
    return text
