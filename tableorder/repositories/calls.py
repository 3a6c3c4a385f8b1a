"""Guests' calls for the staff, and what they can ask for."""

import json
from collections.abc import Mapping, Sequence

from tableorder.database.connection import Connection
from tableorder.database.statements import load_statements
from tableorder.domain.errors import CallItemNotFound, CallNotFound, LimitReached, SessionEnded, refusal
from tableorder.domain.identities import AdminIdentity, TableIdentity
from tableorder.domain.languages import lookup_tags
from tableorder.domain.limits import DEFAULT_LIMITS, Limits

_SQL = load_statements(__file__)

# The columns that an admin sets of an item.
COLUMNS = ("label", "max_quantity", "display_order", "is_active", "translations")

PLAIN = [{"call_item_id": None, "quantity": 1}]


class CallRepository:
    """The calls of a store; documents come as JSON text. A session has one open call at most."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def list_offered(self, *, store_id: int, lang: str | None) -> str:
        """What guests can ask for, with names in the language `lang`."""
        wanted = lookup_tags(lang) if lang else None
        return self._connection.fetch_value(_SQL["list_offered"], {"store_id": store_id, "wanted": wanted})

    def list_items(self, *, store_id: int) -> str:
        """All items in their order."""
        return self._connection.fetch_value(
            """
            SELECT json_build_object(
                       'store_id', %(store_id)s::int,
                       'call_items', COALESCE(json_agg(call_item_document(call_items)
                                                       ORDER BY display_order, call_item_id), '[]'))::text
              FROM call_items
             WHERE store_id = %(store_id)s
            """,
            {"store_id": store_id},
        )

    def add_item(self, *, store_id: int, values: Mapping[str, object], limits: Limits = DEFAULT_LIMITS) -> str:
        """Add an item and return it. Raises CallItemLabelTaken, LimitReached."""
        limit = limits.call_items
        row = self._connection.find_one(
            _SQL["add_item"],
            {
                "store_id": store_id,
                "limit": limit,
                **values,
                "translations": json.dumps(values["translations"], ensure_ascii=False),
            },
        )
        if row is None:
            raise LimitReached(limit=limit, noun="call items")
        return row[0]

    def update_item(self, *, call_item_id: int, changes: Mapping[str, object]) -> str:
        """Change the columns in `changes` and return the item. Raises CallItemNotFound, CallItemLabelTaken."""
        parameters = {"call_item_id": call_item_id, **dict.fromkeys(COLUMNS), **changes}
        if "translations" in changes:
            parameters["translations"] = json.dumps(changes["translations"], ensure_ascii=False)
        row = self._connection.find_one(_SQL["update_item"], parameters)
        if row is None:
            raise CallItemNotFound(call_item_id=call_item_id)
        return row[0]

    def delete_item(self, *, call_item_id: int) -> None:
        """Delete an item; calls keep its label. Raises CallItemNotFound."""
        row = self._connection.find_one(
            "DELETE FROM call_items WHERE call_item_id = %(call_item_id)s RETURNING call_item_id",
            {"call_item_id": call_item_id},
        )
        if row is None:
            raise CallItemNotFound(call_item_id=call_item_id)

    def place(
        self,
        *,
        table: TableIdentity,
        items: Sequence[Mapping[str, object]],
        note: str | None,
        limits: Limits = DEFAULT_LIMITS,
    ) -> tuple[str, bool]:
        """Call the staff; return the call, and whether it is new. An open call is added to.

        `items` are [`call_item_id`, `quantity`]; none is the plain call. The sum of an item's quantities stays within
        its `max_quantity`. Raises SessionEnded, TooManyCalls, CallItemNotFound, CallQuantityTooLarge, LimitReached.
        """
        document, is_new, problem = self._connection.fetch_one(
            _SQL["place_call"],
            {
                "session_id": table.session_id,
                "table_id": table.table_id,
                "items": json.dumps(items or PLAIN),
                "note": note,
                "call_rate": limits.call_rate,
                "session_calls": limits.session_calls,
            },
        )
        if document is None:
            raise refusal(problem.pop("code"), problem)
        return document, is_new

    def get_current(self, *, table: TableIdentity) -> str:
        """The session's open call. Raises SessionEnded."""
        return self._of_session(table, "current_call")

    def take_back(self, *, table: TableIdentity) -> str:
        """Close the session's open call, if there is one. Raises SessionEnded."""
        return self._of_session(table, "take_back_call")

    def list(self, *, store_id: int, open: bool, limit: int, cursor: tuple[int, int] | None) -> str:
        """A page of the calls, newest first; with `open` only those that are not closed.

        `cursor` is (asked_at in microseconds since 1970, call_id) of the last entry of the page before.
        """
        before_time, before_id = cursor or (None, None)
        return self._connection.fetch_value(
            _SQL["list_calls"],
            {
                "store_id": store_id,
                "open": open,
                "limit": limit,
                "before_time": before_time,
                "before_id": before_id,
            },
        )

    def take(self, *, call_id: int, admin: AdminIdentity) -> str:
        """Note that the admin takes care of it; whoever was first stays. Raises CallNotFound."""
        return self._answer("take_call", call_id, admin)

    def close(self, *, call_id: int, admin: AdminIdentity) -> str:
        """Close a call; one that is closed stays as it is. Raises CallNotFound."""
        return self._answer("close_call", call_id, admin)

    def _of_session(self, table: TableIdentity, statement: str) -> str:
        row = self._connection.find_one(_SQL[statement], {"session_id": table.session_id, "table_id": table.table_id})
        if row is None:
            raise SessionEnded
        return row[0]

    def _answer(self, statement: str, call_id: int, admin: AdminIdentity) -> str:
        row = self._connection.find_one(_SQL[statement], {"call_id": call_id, "username": admin.username})
        if row is None:
            raise CallNotFound(call_id=call_id)
        return row[0]
