"""The application's statements as drivers take them that number their parameters, and as pgbench does."""

from __future__ import annotations

import re
from collections.abc import Mapping

from tableorder.database.statements import Statement, numbered, parameters_of

_PARAMETER = re.compile(r"%\((\w+)\)s")


def last_part(statement: Statement) -> tuple[str, list[str]]:
    """The SQL of the statement's last part with $1, $2, … for its parameters, and their names in that order.

    A driver without our round trip of several statements leaves out those before, which only lock.
    """
    part = statement.parts[-1]
    return numbered(part), parameters_of(part)


def filled_in(statement: Statement, expressions: Mapping[str, str]) -> str:
    """The SQL with an expression for each parameter."""
    return _PARAMETER.sub(lambda match: f"({expressions[match[1]]})", statement.sql).replace("%%", "%")
