"""Groups of options (sizes, spice, toppings) that menus share. What is deleted is retired, like a menu."""

from collections.abc import Mapping, Sequence

from tableorder.database.connection import Connection
from tableorder.database.statements import load_statements
from tableorder.domain.errors import (
    GroupInUse,
    GroupNotFound,
    GroupUnsatisfiable,
    LimitReached,
    MenuNotFound,
    OptionNotFound,
)
from tableorder.domain.limits import DEFAULT_LIMITS, MAX_GROUPS, Limits, with_retired

_SQL = load_statements(__file__)

# What an admin sets of a group, and of an option.
GROUP_COLUMNS = ("group_name", "translations", "min_select", "max_select", "max_each", "display_order")
OPTION_COLUMNS = (
    "option_name",
    "translations",
    "price_delta",
    "is_available",
    "is_default",
    "allergens",
    "display_order",
)


class OptionRepository:
    """The option groups of a store; documents come as JSON text.

    A group that a menu has can always be satisfied: it has as many options (sold out or not) as must be chosen, and no
    more defaults than may be. A write that would break this raises GroupUnsatisfiable.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def list(self, *, store_id: int) -> str:
        """All groups with their options, in their order."""
        return self._connection.fetch_value(_SQL["list_groups"], {"store_id": store_id})

    def add_group(self, *, store_id: int, values: Mapping[str, object], limits: Limits = DEFAULT_LIMITS) -> str:
        """Add a group without options and return it. Raises LimitReached."""
        limit = limits.option_groups
        document, live = self._connection.fetch_one(
            _SQL["add_group"], {"store_id": store_id, "limit": limit, "kept_limit": with_retired(limit), **values}
        )
        if document is None:
            raise LimitReached.of_retired("option groups", limit, live)
        return document

    def update_group(self, *, group_id: int, changes: Mapping[str, object]) -> str:
        """Change what is in `changes` and return the group.

        Raises GroupNotFound, GroupUnsatisfiable, ValidationFailed.
        """
        row = self._connection.find_one(
            _SQL["update_group"], {"group_id": group_id, **dict.fromkeys(GROUP_COLUMNS), **changes}
        )
        if row is None:
            raise GroupNotFound(group_id=group_id)
        is_unsatisfiable, document = row
        if is_unsatisfiable:
            raise GroupUnsatisfiable(group_id=group_id)
        return document

    def delete_group(self, *, group_id: int) -> None:
        """Retire a group and its options. Raises GroupNotFound, GroupInUse while a menu has it."""
        row = self._connection.find_one(_SQL["delete_group"], {"group_id": group_id})
        if row is None:
            raise GroupNotFound(group_id=group_id)
        if row[0]:
            raise GroupInUse(group_id=group_id)

    def add(
        self, *, store_id: int, group_id: int, values: Mapping[str, object], limits: Limits = DEFAULT_LIMITS
    ) -> str:
        """Add an option to a group and return it.

        Raises GroupNotFound, LimitReached, GroupUnsatisfiable.
        """
        limit = limits.options
        bounds = {"limit": limit, "kept_limit": with_retired(limit)}
        row = self._connection.find_one(
            _SQL["add_option"], {"store_id": store_id, "group_id": group_id, **bounds, **values}
        )
        if row is None:
            raise GroupNotFound(group_id=group_id)
        has_room, live, is_unsatisfiable, document = row
        if not has_room:
            raise LimitReached.of_retired("options", limit, live)
        if is_unsatisfiable:
            raise GroupUnsatisfiable(group_id=group_id)
        return document

    def update(self, *, option_id: int, changes: Mapping[str, object]) -> str:
        """Change what is in `changes` and return the option. Raises OptionNotFound, GroupUnsatisfiable."""
        row = self._connection.find_one(
            _SQL["update_option"],
            {
                "option_id": option_id,
                "sets_allergens": "allergens" in changes,
                **dict.fromkeys(OPTION_COLUMNS),
                **changes,
            },
        )
        if row is None:
            raise OptionNotFound(option_id=option_id)
        group_id, is_unsatisfiable, document = row
        if is_unsatisfiable:
            raise GroupUnsatisfiable(group_id=group_id)
        return document

    def delete(self, *, option_id: int) -> None:
        """Retire an option. Raises OptionNotFound, GroupUnsatisfiable."""
        row = self._connection.find_one(_SQL["delete_option"], {"option_id": option_id})
        if row is None:
            raise OptionNotFound(option_id=option_id)
        group_id, is_unsatisfiable = row
        if is_unsatisfiable:
            raise GroupUnsatisfiable(group_id=group_id)

    def attach(self, *, menu_id: int, group_ids: Sequence[int]) -> None:
        """Let a menu have these groups, in this order, and no others.

        Raises LimitReached, MenuNotFound, GroupNotFound, GroupUnsatisfiable.
        """
        if len(group_ids) > MAX_GROUPS:
            raise LimitReached(limit=MAX_GROUPS, noun="option groups of a menu")
        is_known, unknown_group_id, unsatisfiable_group_id = self._connection.fetch_one(
            _SQL["attach_groups"], {"menu_id": menu_id, "group_ids": [*group_ids]}
        )
        if not is_known:
            raise MenuNotFound(menu_id=menu_id)
        if unknown_group_id is not None:
            raise GroupNotFound(group_id=unknown_group_id)
        if unsatisfiable_group_id is not None:
            raise GroupUnsatisfiable(group_id=unsatisfiable_group_id)
