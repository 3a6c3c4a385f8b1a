"""What a backup says of itself: a small JSON file beside it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import datetime

from tableorder.backups import BackupError


@dataclass(frozen=True)
class TableContents:
    """How many rows a table has, and the greatest value of each column that grows: numbers, and times in µs."""

    rows: int
    newest: dict[str, int | None]

    def has_newer_than(self, other: TableContents | None) -> bool:
        """Whether a row here was made after all of `other`'s."""
        least = -(1 << 63)
        known = other.newest if other else {}
        return any((mine or least) > (known.get(column) or least) for column, mine in self.newest.items())


Contents = dict[str, TableContents]


@dataclass(frozen=True)
class Manifest:
    """Sizes in bytes, the duration in seconds; `taken_at` with its time zone, as ISO 8601.

    `roles` are those that must be there before it can be restored, `owners` those of them that own something.
    """

    taken_at: str
    database: str
    server_version: str
    migration_version: str | None
    roles: list[str]
    owners: list[str]
    tables: Contents
    size: int
    duration: float

    @property
    def taken(self) -> datetime:
        """When it was taken, with its time zone. Raises BackupError."""
        try:
            moment = datetime.fromisoformat(self.taken_at)
        except (ValueError, TypeError):
            moment = None
        if moment is None or moment.tzinfo is None:
            raise BackupError(f"the manifest is unreadable: {self.taken_at!r} is no time with a time zone")
        return moment

    @property
    def rows(self) -> int:
        """How many rows all tables have together."""
        return sum(table.rows for table in self.tables.values())

    def to_json(self) -> str:
        return json.dumps(asdict(self), ensure_ascii=False, indent=2) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Manifest:
        """Raises BackupError."""
        try:
            values = json.loads(text)
            tables = {name: TableContents(**table) for name, table in values.pop("tables").items()}
            return cls(tables=tables, **values)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise BackupError(f"the manifest is unreadable: {error}") from None
