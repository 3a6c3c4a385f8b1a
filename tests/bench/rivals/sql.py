"""The application's statements as drivers take them that number their parameters, and as pgbench does."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from tableorder.database.statements import Statement

_PARAMETER = re.compile(r"%\((\w+)\)s")


def numbered(statement: Statement) -> str:
    """The SQL with $1, $2, … for the parameters, each cast to its type, in the order of the statement's types."""
    number = {name: position for position, name in enumerate(statement.types, 1)}
    return _replace(statement, lambda name: f"${number[name]}::{statement.types[name]}")


def filled_in(statement: Statement, expressions: Mapping[str, str]) -> str:
    """The SQL with an expression for each parameter, cast to its type."""
    return _replace(statement, lambda name: f"({expressions[name]})::{statement.types[name]}")


def _replace(statement: Statement, text: Callable[[str], str]) -> str:
    return _PARAMETER.sub(lambda match: text(match[1]), statement.sql).replace("%%", "%")
