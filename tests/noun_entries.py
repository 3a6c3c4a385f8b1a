"""What the tests of all nouns ask of each: a module in tests/nouns gives a noun's entries, and is found there.

ADMIN_ROUTES, TABLE_ROUTES: a Call for each route, by method and path (tests/api/test_access.py).
add_ids(restaurant, tablet): adds what the routes' ids are of, and returns the ids by name (tests/api/test_access.py).
TEXTS: a function that sends a text in a field, by schema and field; NEVER_KEPT: those whose text is refused
(tests/api/test_injection.py).
BOUNDS: what bounds each table, with the test that shows it (tests/test_bounds.py).
PLANS: a call of each method of the repository (tests/repositories/test_plans.py).
add_rows(connection, shop): rows in each of its tables (tests/factories.py).
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Call:
    """What its own role sends to a route: ids by the name of what they are of; `{menu}` in a path is one of them.

    `status`: how it is answered. `ended`: how, once the table's session is over.
    """

    status: int
    body: dict[str, Any] = field(default_factory=dict)
    query: dict[str, str] = field(default_factory=dict)
    key: str | None = None
    headers: dict[str, str] = field(default_factory=dict)
    ended: tuple[int, str | None] = (200, None)


def entries(name: str) -> dict[Any, Any]:
    """The entries of this name, of all nouns together."""
    return {key: entry for module in _modules() for key, entry in getattr(module, name, {}).items()}


def functions(name: str) -> list[Callable[..., Any]]:
    """The functions of this name, of the nouns that have one."""
    return [getattr(module, name) for module in _modules() if hasattr(module, name)]


def _modules() -> Iterator[Any]:
    for found in pkgutil.iter_modules([str(Path(__file__).parent / "nouns")]):
        yield importlib.import_module(f"tests.nouns.{found.name}")
