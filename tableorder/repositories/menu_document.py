"""A store's menu as one document: read whole, compared with the one that there is, and written whole."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from tableorder.database.connection import Connection
from tableorder.database.statements import load_statements
from tableorder.domain.errors import LimitReached, PreconditionFailed, ValidationFailed
from tableorder.domain.images import Picture
from tableorder.domain.limits import DEFAULT_LIMITS, Limits, with_retired
from tableorder.domain.menu_document import FORMAT, MAX_PROBLEMS, PROBLEMS, Entry

_SQL = load_statements(__file__)

NOUNS = {
    "category": "categories",
    "menu": "menus",
    "option_group": "option groups",
    "option": "options",
    "daypart": "dayparts",
}


class MenuDocumentRepository:
    """The menu of a store in one piece; documents come as JSON text."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, *, store_id: int, with_pictures: bool = False) -> tuple[str | None, str]:
        """The menu's version, and the menu; pictures are in it, or only their hashes."""
        version, document = self._connection.fetch_one(
            _SQL["export"], {"store_id": store_id, "format": FORMAT, "with_pictures": with_pictures}
        )
        return version, document

    def put(
        self,
        *,
        store_id: int,
        entries: Sequence[Entry],
        defaults: Mapping[str, Mapping[str, Any]],
        versions: Sequence[str],
        replaces: bool = False,
        writes: bool = True,
        pictures: Sequence[Picture] = (),
        limits: Limits = DEFAULT_LIMITS,
    ) -> str:
        """Make the menu what the entries say, all or nothing, and return what that changes.

        `versions`: the versions that the menu may have, * for any. `defaults`: by kind, the values of a new entry's
        missing fields. `replaces`: retire everything that no entry names. Without `writes`, change nothing.
        Raises PreconditionFailed, ValidationFailed by JSON pointers, LimitReached, MenuInUse.
        """
        version, is_known, problems, excess, is_too_large, answer = self._connection.fetch_one(
            _SQL["import"],
            {
                "store_id": store_id,
                "entries": json.dumps([entry.as_row() for entry in entries]),
                "defaults": json.dumps(defaults),
                "known_versions": [*versions],
                "replaces": replaces,
                "writes": writes,
                "sha256s": [sha256 for entry in entries if (sha256 := entry.fields.get("picture_sha256"))],
                "webps": [picture.webp for picture in pictures],
                "limits": json.dumps(_limit_rows(limits)),
                "picture_limit": limits.picture_bytes,
                "most_problems": MAX_PROBLEMS,
            },
        )
        if not is_known:
            raise PreconditionFailed(version=version)
        if problems:
            raise ValidationFailed(errors=_by_pointer(problems))
        if excess:
            kind, most = excess
            raise LimitReached(limit=most, noun=NOUNS[kind])
        if is_too_large:
            raise LimitReached(limit=limits.picture_bytes, noun="bytes of pictures")
        return answer


def _limit_rows(limits: Limits) -> list[dict[str, Any]]:
    """The limits of each kind, without and with retired rows. Retired categories and dayparts are not kept."""
    most = {
        "category": limits.categories,
        "menu": limits.menus,
        "option_group": limits.option_groups,
        "option": limits.options,
        "daypart": limits.dayparts,
    }
    return [{"kind": kind, "most": limit, "kept_most": with_retired(limit)} for kind, limit in most.items()]


def _by_pointer(problems: Sequence[tuple[str, str]]) -> dict[str, list[str]]:
    errors: dict[str, list[str]] = {}
    for pointer, code in problems:
        errors.setdefault(pointer, []).append(PROBLEMS[code])
    return errors
