"""What a store sells. A deleted menu is retired: gone from every list, kept while lines refer to it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tableorder.database.connection import Connection
from tableorder.database.statements import Statement, load_statements
from tableorder.domain.errors import CategoryNotFound, LimitReached, MenuNotFound, MenusMissing, SeveralCategories
from tableorder.domain.images import Picture
from tableorder.domain.labels import LabelledMenu, missing_labels
from tableorder.domain.limits import DEFAULT_LIMITS, Limits, with_retired
from tableorder.repositories.pictures import picture_parameters

_SQL = load_statements(__file__)

CATALOG = Statement("catalog", _SQL["catalog"])

# The columns that an admin sets; beside them a picture.
COLUMNS = (
    "category_id", "menu_name", "translations", "price", "description", "allergens", "origins", "spicy", "min_age",
    "display_order", "is_available",
)  # fmt: skip


@dataclass(frozen=True)
class Catalog:
    """A store's menu as JSON text, None if the caller has this edition already.

    `edition` changes with the menu and with the language in it. `language` is the one that was found, None if none was
    asked for; `languages` are those that the store has beside its own. A store without a version has no edition.
    """

    edition: str | None
    language: str | None
    languages: Sequence[str]
    document: str | None


class MenuRepository:
    """The menus of a store; documents come as JSON text."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def catalog(
        self,
        *,
        store_id: int,
        category_id: int | None = None,
        with_pictures: bool = True,
        known_editions: Sequence[str] = (),
        wanted: Sequence[str] | None = None,
    ) -> Catalog:
        """What guests see, with names in the first language of `wanted` that there is. Raises CategoryNotFound.

        The pictures are in it, or only their addresses.
        """
        return self._read_catalog(store_id, category_id, with_pictures, known_editions, wanted, for_admin=False)

    def list(self, *, store_id: int, category_id: int | None = None, with_pictures: bool = True) -> str:
        """What admins see: the switches, the stock, the times. Raises CategoryNotFound."""
        return self._read_catalog(store_id, category_id, with_pictures, (), None, for_admin=True).document or ""

    def add(
        self,
        *,
        store_id: int,
        values: Mapping[str, object],
        picture: Picture | None = None,
        limits: Limits = DEFAULT_LIMITS,
    ) -> str:
        """Add a menu, as the last of its category without a display_order, and return it.

        `values`: all of COLUMNS. Raises CategoryNotFound, LimitReached.
        """
        limit = limits.menus
        document, live, menu_fits, picture_fits = self._connection.fetch_one(
            _SQL["add_menu"],
            {
                "store_id": store_id,
                "limit": limit,
                "kept_limit": with_retired(limit),
                **_parameters(values),
                **picture_parameters(picture, limits),
            },
        )
        if not menu_fits:
            raise LimitReached.of_retired("menus", limit, live)
        _require_room(picture_fits, limits)
        return document

    def update(
        self,
        *,
        store_id: int,
        menu_id: int,
        changes: Mapping[str, object],
        picture: Picture | None = None,
        sets_picture: bool = False,
        limits: Limits = DEFAULT_LIMITS,
    ) -> str:
        """Change the columns in `changes` and return the menu. `sets_picture`: to `picture`, or to none.

        A None clears a description, the allergens or an age; the other columns are never None. A menu that changes its
        category comes last in the new one unless its place is given, too: its place in the old one says nothing there.
        Raises MenuNotFound, CategoryNotFound, LimitReached.
        """
        document, picture_fits = self._connection.fetch_one(
            _SQL["update_menu"],
            {
                "store_id": store_id,
                "menu_id": menu_id,
                "sets_description": "description" in changes,
                "sets_allergens": "allergens" in changes,
                "sets_min_age": "min_age" in changes,
                "sets_picture": sets_picture,
                **picture_parameters(picture, limits),
                **dict.fromkeys(COLUMNS),
                **_parameters(changes),
            },
        )
        _require_room(picture_fits, limits)
        if document is None:
            raise MenuNotFound(menu_id=menu_id)
        return document

    def missing_labels(self, *, store_id: int) -> dict[str, Any]:
        """What guests are not told of the menus; see domain/labels.py."""
        rows = self._connection.fetch_all(_SQL["labels"], {"store_id": store_id})
        menus = [LabelledMenu(*row[:-1]) for row in rows]
        return missing_labels(menus, rows[0][-1] if rows else "")

    def reorder(self, *, menu_ids: Sequence[int]) -> None:
        """Give a category's menus the order of `menu_ids`, which names each of them once.

        Raises MenuNotFound, SeveralCategories, MenusMissing if some are left out.
        """
        unknown_menu_id, category_count, menu_count = self._connection.fetch_one(
            _SQL["reorder_menus"], {"menu_ids": [*menu_ids], "count": len(menu_ids)}
        )
        if unknown_menu_id is not None:
            raise MenuNotFound(menu_id=unknown_menu_id)
        if category_count > 1:
            raise SeveralCategories
        if menu_count != len(menu_ids):
            raise MenusMissing(menu_count=menu_count)

    def delete(self, *, menu_id: int) -> None:
        """Retire a menu. Raises MenuNotFound."""
        if not self._connection.fetch_value(_SQL["delete_menu"], {"menu_id": menu_id}):
            raise MenuNotFound(menu_id=menu_id)

    def _read_catalog(
        self,
        store_id: int,
        category_id: int | None,
        with_pictures: bool,
        known_editions: Sequence[str],
        wanted: Sequence[str] | None,
        *,
        for_admin: bool,
    ) -> Catalog:
        edition, language, languages, category_known, document = self._connection.fetch_one(
            CATALOG,
            {
                "store_id": store_id,
                "category_id": category_id,
                "with_pictures": with_pictures,
                "known_editions": [*known_editions],
                "wanted": wanted and [*wanted],
                "for_admin": for_admin,
            },
        )
        if not category_known:
            raise CategoryNotFound(category_id=category_id)
        return Catalog(edition, language, languages or (), document)


def _parameters(values: Mapping[str, object]) -> dict[str, object]:
    """The columns as the statements take them: a list of origins is JSON, and no array."""
    return {**values, "origins": json.dumps(values["origins"])} if "origins" in values else {**values}


def _require_room(picture_fits: bool, limits: Limits) -> None:
    """Raises LimitReached."""
    if not picture_fits:
        limit = limits.picture_bytes
        raise LimitReached(f"the pictures of all menus would have more than {limit} bytes together", limit=limit)
