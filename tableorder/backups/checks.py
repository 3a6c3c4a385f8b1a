"""The invariants of sql/checks.sql: each a named query that must return no rows."""

from __future__ import annotations

import re
from dataclasses import dataclass

import psycopg2

from tableorder.backups.target import Connection
from tableorder.commands import CHECKOUT

SOURCE = CHECKOUT / "sql" / "checks.sql"
CHECK = re.compile(r"^\\echo (\w+): (.+)\n((?:(?!\\echo).*\n)+?.*);$", re.MULTILINE)


@dataclass(frozen=True)
class Check:
    """An invariant: its name, what it says in words, and a query for the rows that violate it."""

    name: str
    says: str
    query: str


@dataclass(frozen=True)
class Findings:
    """How many invariants hold; how many rows violate each of the others; those that an older schema cannot have."""

    held: int
    violated: dict[str, int]
    inapplicable: list[str]

    def __str__(self) -> str:
        parts = [f"{self.held} invariants hold"]
        parts += [f"{name} is violated by {count:,} rows" for name, count in self.violated.items()]
        if self.inapplicable:
            parts.append(f"not for this older schema: {', '.join(self.inapplicable)}")
        return "; ".join(parts)


def checks() -> list[Check]:
    """All invariants, in the file's order."""
    return [Check(*match) for match in CHECK.findall(SOURCE.read_text(encoding="utf-8"))]


def run_checks(connection: Connection) -> Findings:
    """Run every check. Raises psycopg2.Error."""
    held, violated, inapplicable = 0, {}, []
    for check in checks():
        try:
            with connection, connection.cursor() as cursor:
                cursor.execute(f"SELECT count(*) FROM ({check.query}) AS violations")
                [(count,)] = cursor.fetchall()
        except (psycopg2.errors.UndefinedTable, psycopg2.errors.UndefinedColumn):
            inapplicable.append(check.name)
            continue
        if count:
            violated[check.name] = count
        else:
            held += 1
    return Findings(held, violated, inapplicable)
