"""The hours of the week in which menus are served. A menu's own dayparts go before its category's; none is always."""

import json
from collections.abc import Mapping, Sequence

from tableorder.database.connection import Connection
from tableorder.database.statements import load_statements
from tableorder.domain.errors import CategoryNotFound, DaypartNotFound, LimitReached, MenuNotFound
from tableorder.domain.limits import DEFAULT_LIMITS, MAX_DAYPARTS, MAX_HOURS, Limits

_SQL = load_statements(__file__)

Hours = Sequence[Mapping[str, object]]  # [`weekday`, `starts`, `ends`]


class DaypartRepository:
    """The dayparts of a store; documents come as JSON text."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def list(self, *, store_id: int) -> str:
        """All dayparts, the oldest first."""
        return self._connection.fetch_value(_SQL["list_dayparts"], {"store_id": store_id})

    def add(self, *, store_id: int, daypart_name: str, hours: Hours, limits: Limits = DEFAULT_LIMITS) -> str:
        """Add a daypart and return it. Raises DaypartNameTaken, LimitReached."""
        limit = limits.dayparts
        row = self._connection.find_one(
            _SQL["add_daypart"],
            {"store_id": store_id, "daypart_name": daypart_name, "hours": _json(hours), "limit": limit},
        )
        if row is None:
            raise LimitReached(limit=limit, noun="dayparts")
        return row[0]

    def update(self, *, daypart_id: int, daypart_name: str | None = None, hours: Hours | None = None) -> str:
        """Change what is given and return the daypart. Raises DaypartNotFound, DaypartNameTaken, LimitReached."""
        row = self._connection.find_one(
            _SQL["update_daypart"],
            {
                "daypart_id": daypart_id,
                "daypart_name": daypart_name,
                "hours": None if hours is None else _json(hours),
            },
        )
        if row is None:
            raise DaypartNotFound(daypart_id=daypart_id)
        return row[0]

    def delete(self, *, daypart_id: int) -> None:
        """Delete a daypart, and take it from menus and categories. Raises DaypartNotFound."""
        row = self._connection.find_one(
            "DELETE FROM dayparts WHERE daypart_id = %(daypart_id)s RETURNING daypart_id", {"daypart_id": daypart_id}
        )
        if row is None:
            raise DaypartNotFound(daypart_id=daypart_id)

    def attach_to_menu(self, *, menu_id: int, daypart_ids: Sequence[int]) -> None:
        """Serve a menu in these dayparts, and in no others. Raises MenuNotFound, DaypartNotFound, LimitReached."""
        if not self._attach("attach_to_menu", daypart_ids, menu_id=menu_id):
            raise MenuNotFound(menu_id=menu_id)

    def attach_to_category(self, *, category_id: int, daypart_ids: Sequence[int]) -> None:
        """Serve a category's menus in these dayparts, unless a menu has its own.

        Raises CategoryNotFound, DaypartNotFound, LimitReached.
        """
        if not self._attach("attach_to_category", daypart_ids, category_id=category_id):
            raise CategoryNotFound(category_id=category_id)

    def outdated(self, *, store_ids: Sequence[int]) -> Sequence[int]:
        """The stores among these in which a daypart has begun or ended, on any connection."""
        rows = self._connection.fetch_all(
            "SELECT outdated_menus(%(store_ids)s::int[], now())", {"store_ids": [*store_ids]}
        )
        return [store_id for (store_id,) in rows]

    def begin_period(self, *, store_id: int) -> None:
        """Announce that a daypart has begun or ended. Several processes may; the event is written once."""
        self._connection.fetch_all(
            """
            UPDATE menu_versions
               SET period = menu_period(store_id, now())
             WHERE store_id = %(store_id)s AND upper(period) <= now()
            RETURNING store_id
            """,
            {"store_id": store_id},
        )

    def _attach(self, statement: str, daypart_ids: Sequence[int], **what: int) -> bool:
        """Attach them, and tell whether the menu or the category exists. Raises DaypartNotFound, LimitReached."""
        if len(daypart_ids) > MAX_DAYPARTS:
            raise LimitReached(limit=MAX_DAYPARTS, noun="dayparts of a menu or a category")
        is_known, unknown_daypart_id = self._connection.fetch_one(
            _SQL[statement], {**what, "daypart_ids": [*daypart_ids]}
        )
        if is_known and unknown_daypart_id is not None:
            raise DaypartNotFound(daypart_id=unknown_daypart_id)
        return bool(is_known)


def _json(hours: Hours) -> str:
    """Raises LimitReached."""
    if len(hours) > MAX_HOURS:
        raise LimitReached(limit=MAX_HOURS, noun="hours of a daypart")
    return json.dumps(hours)
