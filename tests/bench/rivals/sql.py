"""The application's statements as drivers take them that number their parameters."""

from __future__ import annotations

import re
from collections.abc import Mapping

_PARAMETER = re.compile(r"%\((\w+)\)s")


def numbered(statement: str, types: Mapping[str, str]) -> str:
    """`statement` with $1, $2, … for its %(name)s, each cast to its type; the numbers follow the order of `types`."""
    number = {name: position for position, name in enumerate(types, 1)}
    return _PARAMETER.sub(lambda match: f"${number[match[1]]}::{types[match[1]]}", statement).replace("%%", "%")


def filled_in(statement: str, expressions: Mapping[str, str]) -> str:
    """`statement` with an SQL expression for each %(name)s."""
    return _PARAMETER.sub(lambda match: f"({expressions[match[1]]})", statement).replace("%%", "%")
