"""Statements that PostgreSQL plans once a connection and not each time: for some, planning is over half of the work."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

_PARAMETER = re.compile(r"%\((\w+)\)s")


@dataclass(frozen=True)
class Statement:
    """SQL with %(name)s parameters, to be prepared under `name`; `types` has the PostgreSQL type of each parameter.

    The plan is made without knowing the parameters, so it must be a good one for all of them.
    https://www.postgresql.org/docs/current/sql-prepare.html
    """

    name: str
    types: Mapping[str, str]
    sql: str

    @cached_property
    def prepare(self) -> str:
        """What prepares it."""
        number = {parameter: position for position, parameter in enumerate(self.types, 1)}
        numbered = _PARAMETER.sub(lambda match: f"${number[match[1]]}", self.sql).replace("%%", "%")
        return f"PREPARE {self.name} ({', '.join(self.types.values())}) AS {numbered}"

    @cached_property
    def execute(self) -> str:
        """What runs it once it is prepared, with the same parameters."""
        return f"EXECUTE {self.name} ({', '.join(f'%({parameter})s' for parameter in self.types)})"
