"""Where in a document a mistake is: JSON pointers (RFC 6901)."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

from marshmallow.exceptions import SCHEMA

from tableorder.domain.menu_document import MAX_PROBLEMS

MAX_NAME = 100  # characters of a client's key, of which a problem repeats no more


def by_pointer(errors: dict[Any, Any]) -> dict[str, list[str]]:
    """The first MAX_PROBLEMS of marshmallow's messages, by the pointer to what each is about."""
    found: dict[str, list[str]] = {}
    for pointer, message in islice(_pointed(errors, ""), MAX_PROBLEMS):
        found.setdefault(pointer, []).append(message)
    return found


def _pointed(errors: dict[Any, Any] | list[str], pointer: str) -> Iterator[tuple[str, str]]:
    if isinstance(errors, list):
        yield from ((pointer, message) for message in errors)
        return
    for name, inner in errors.items():
        token = str(name)[:MAX_NAME].replace("~", "~0").replace("/", "~1")
        yield from _pointed(inner, pointer if name == SCHEMA else f"{pointer}/{token}")
