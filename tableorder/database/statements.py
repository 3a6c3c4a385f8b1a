"""Named SQL statements, and those that PostgreSQL plans once a connection: for some, planning is half of the work."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

_NAME = re.compile(r"^-- name: (\w+)$", re.MULTILINE)
_COMMENT = re.compile(r"^ *--.*\n", re.MULTILINE)
_END = re.compile(r";\s*(?:\n|\Z)")
_PARAMETER = re.compile(r"%\((\w+)\)s")


def load_statements(module_file: str) -> dict[str, str]:
    """Read the .sql file beside a module: a line `-- name: …` begins each statement. Its comments are left out.

    A name may have several statements, each ended by a semicolon: they travel in one round trip.
    """
    _, *pieces = _NAME.split(Path(module_file).with_suffix(".sql").read_text(encoding="utf-8"))
    return {
        name: _COMMENT.sub("", text).strip().removesuffix(";")
        for name, text in zip(pieces[::2], pieces[1::2], strict=True)
    }


@dataclass(frozen=True)
class Statement:
    """SQL with %(name)s parameters, to be prepared under `name`. A cast says the type of a parameter: %(id)s::int.

    The plan is made without knowing the parameters, so it must be a good one for all of them.
    https://www.postgresql.org/docs/current/sql-prepare.html
    """

    name: str
    sql: str

    @cached_property
    def parts(self) -> list[str]:
        """The statements one by one."""
        return [part for part in _END.split(self.sql) if part]

    @cached_property
    def prepare(self) -> str:
        """The PREPARE of each part."""
        return ";\n".join(f"PREPARE {name} AS {numbered(part)}" for name, part in self._named())

    @cached_property
    def execute(self) -> str:
        """The EXECUTE of each part, with the parameters of `sql`."""
        return ";\n".join(
            f"EXECUTE {name} ({', '.join(f'%({parameter})s' for parameter in parameters_of(part))})"
            for name, part in self._named()
        )

    def _named(self) -> list[tuple[str, str]]:
        return [(f"{self.name}_{number}", part) for number, part in enumerate(self.parts, 1)]


def parameters_of(sql: str) -> list[str]:
    """The names of the parameters, in the order in which they first appear."""
    return list(dict.fromkeys(_PARAMETER.findall(sql)))


def numbered(sql: str) -> str:
    """The SQL with $1, $2, … in place of its parameters."""
    number = {name: position for position, name in enumerate(parameters_of(sql), 1)}
    return _PARAMETER.sub(lambda match: f"${number[match[1]]}", sql).replace("%%", "%")
