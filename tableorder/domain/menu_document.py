"""A store's menu as one document: how it is named, and how it comes apart into entries."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from tableorder.domain.errors import ValidationFailed
from tableorder.domain.images import Picture, Upload

FORMAT = "tableorder.menu/1"

# By the list that they stand in, the kinds of entries that stand by themselves.
LISTS = {"categories": "category", "option_groups": "option_group", "menus": "menu", "dayparts": "daypart"}

MAX_ENTRIES = 20_000  # of a document; a store's own limits are lower
MAX_REF = 100  # characters
MAX_PROBLEMS = 100  # that are told at once

TOO_MANY_PICTURES = "There are too many pictures before this one; send it in another document."

# The problems that the statement finds when it compares a document with the present menu.
PROBLEMS = {
    "required": "Is needed for what is new.",
    "category_unknown": "There is no such category.",
    "group_unknown": "There is no such option group.",
    "daypart_unknown": "There is no such daypart.",
    "group_unsatisfiable": "A menu has this group, and no choice would satisfy it.",
    "more_than_max_select": "Must not be more than max_select.",
    "picture_unknown": "The store has no such picture; send it with the document, as image_base64.",
    "name_taken": "Another one has this name.",
}


@dataclass(frozen=True)
class Entry:
    """A category, an option group, an option, a menu or a daypart of a document.

    `pointer` is its JSON pointer. `fields` are the fields that it gives; other fields stay as they are.
    """

    kind: str
    ref: str
    pointer: str
    fields: Mapping[str, Any]

    def as_row(self) -> dict[str, Any]:
        """As the statement takes it."""
        return asdict(self)


def entries_of(document: Mapping[str, Any]) -> Iterator[Entry]:
    """The entries of the document. An option names its group, as a menu does its category."""
    for name, kind in LISTS.items():
        for entry in _entries(kind, document.get(name, ()), f"/{name}"):
            options = entry.fields.get("options", ())
            yield Entry(kind, entry.ref, entry.pointer, _without(entry.fields, "options"))
            for option in _entries("option", options, f"{entry.pointer}/options"):
                yield Entry("option", option.ref, option.pointer, {**option.fields, "option_group": entry.ref})


def take_pictures(
    document: Mapping[str, Any], convert: Callable[[Upload, str], Picture], *, seconds: float = math.inf
) -> list[Picture]:
    """The pictures taken out of the menus, each once, as `convert` makes them. The menus name them instead.

    `convert` gets what was uploaded and the pointer to it. Raises ValidationFailed for a picture that is still to be
    converted after so many `seconds`.
    """
    ends = time.monotonic() + seconds
    converted: dict[bytes, Picture] = {}
    for number, menu in enumerate(document.get("menus", ())):
        if "image_base64" not in menu:
            continue
        upload = menu.pop("image_base64")
        if upload and upload.content not in converted:
            pointer = f"/menus/{number}/image_base64"
            if time.monotonic() >= ends:
                raise ValidationFailed(errors={pointer: [TOO_MANY_PICTURES]})
            converted[upload.content] = convert(upload, pointer)
        menu["picture_sha256"] = converted[upload.content].sha256.hex() if upload else None
    return [*converted.values()]


def repeated_refs(document: Mapping[str, Any]) -> list[str]:
    """The pointers to refs that another entry of the same kind has before."""
    seen: set[tuple[str, str]] = set()
    repeated = []
    for entry in entries_of(document):
        if (entry.kind, entry.ref) in seen:
            repeated.append(f"{entry.pointer}/ref")
        seen.add((entry.kind, entry.ref))
    return repeated


def _entries(kind: str, listed: Sequence[Mapping[str, Any]], pointer: str) -> Iterator[Entry]:
    for number, entry in enumerate(listed):
        yield Entry(kind, entry["ref"], f"{pointer}/{number}", _without(entry, "ref"))


def _without(fields: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {each: value for each, value in fields.items() if each != name}
