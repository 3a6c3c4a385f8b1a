"""Live orders: placed, listed, moved along, voided. Ended sessions' orders are in the history."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tableorder.database.connection import Connection
from tableorder.database.statements import Statement, load_statements
from tableorder.domain.errors import Conflict, DomainError, Invalid, KeyReused, LimitReached, NotFound, Throttled
from tableorder.domain.identities import AdminIdentity, TableIdentity
from tableorder.domain.limits import DEFAULT_LIMITS, Limits
from tableorder.domain.orders import STATUSES, Line, fingerprint

_SQL = load_statements(__file__)

PLACE = Statement("place_order", _SQL["place_order"])
OF_SESSION = Statement("orders_of_session", _SQL["orders_of_session"])
BY_TABLE = Statement("orders_by_table", _SQL["orders_by_table"])
MOVE = Statement("move_order", _SQL["move_order"])


def _too_many_orders(details: Mapping[str, Any]) -> Throttled:
    detail = f"this table has ordered {details['order_rate']} times in 60 s; try again later"
    return Throttled(detail, code="too_many_orders", retry_after=max(1, details["wait"] or 0))


def _too_many(what: str, limit: int) -> LimitReached:
    return LimitReached(f"this table has so many {what} that {limit}, the limit, would be exceeded", limit=limit)


# The error for each refusal of PLACE, made of its details.
REFUSALS: Mapping[str, Callable[[Mapping[str, Any]], DomainError]] = {
    "idempotency_key_reused": lambda details: KeyReused("this idempotency key was used for another order"),
    "session_ended": lambda details: session_ended(),
    "too_many_orders": _too_many_orders,
    "session_orders": lambda details: _too_many("orders", details["session_orders"]),
    "session_lines": lambda details: _too_many("lines", details["session_lines"]),
    "menu_not_found": lambda details: NotFound(f"there is no menu {details['menu_id']}", code="menu_not_found"),
    "menu_sold_out": lambda details: Conflict(f"menu {details['menu_id']} is sold out", code="menu_sold_out"),
    "total_too_large": lambda details: Invalid("the order's total is too large", code="total_too_large"),
}


@dataclass(frozen=True)
class Listing:
    """The counter's view as JSON text, None if the caller has this version already.

    `position` is the id of the latest event in it. There is no version if no event of the store is left.
    """

    version: str | None
    position: int
    document: str | None


@dataclass(frozen=True)
class SessionListing:
    """The tablet's view as JSON text, and the id of the latest event in it if that was asked for."""

    document: str
    position: int | None


class OrderRepository:
    """A store's live orders; documents come as JSON text, built by PostgreSQL."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def place(
        self, *, table: TableIdentity, lines: Sequence[Line], key: str | None, limits: Limits = DEFAULT_LIMITS
    ) -> str:
        """Place an order and return it, or the one first placed with `key`.

        Raises Conflict (session_ended, menu_sold_out, limit_reached), NotFound (menu_not_found), KeyReused, Invalid,
        Throttled (too_many_orders).
        """
        answer, refusal, details, _ = self._connection.fetch_one(
            PLACE,
            {
                "session_id": table.session_id,
                "table_id": table.table_id,
                "lines": json.dumps([line._asdict() for line in lines]),
                "key": key,
                "request_hash": fingerprint(lines),
                "order_rate": limits.order_rate,
                "session_orders": limits.session_orders,
                "session_lines": limits.session_lines,
            },
        )
        if answer is None:
            raise REFUSALS[refusal](details)
        return answer

    def list_of_session(
        self,
        *,
        table: TableIdentity,
        limit: int | None,
        before: tuple[int, int] | None,
        with_position: bool = False,
    ) -> SessionListing:
        """The session's orders, newest first: at most `limit`, from just after the order that `before` names.

        `before` is (order_time in microseconds since 1970, order_id). Raises Conflict (session_ended).
        """
        row = self._connection.find_one(
            OF_SESSION,
            {
                "store_id": table.store_id,
                "session_id": table.session_id,
                "limit": limit,
                "before_time": before and before[0],
                "before_id": before and before[1],
                "with_position": with_position,
            },
        )
        if row is None:
            raise session_ended()
        return SessionListing(*row)

    def get(self, *, order_id: int) -> str:
        """One live order of the store. Raises NotFound."""
        document = self._connection.fetch_value(_SQL["get_order"], {"order_id": order_id})
        if document is None:
            raise _unknown(order_id)
        return document

    def get_of_session(self, *, order_id: int, session_id: str) -> str:
        """One order of a session. Raises NotFound, Conflict (session_ended)."""
        is_active, document = self._connection.find_one(
            _SQL["get_order_of_session"], {"order_id": order_id, "session_id": session_id}
        ) or (False, None)
        if not is_active:
            raise session_ended()
        if document is None:
            raise _unknown(order_id)
        return document

    def list_by_table(
        self, *, store_id: int, status: str | None = None, table_id: int | None = None, known_version: str | None = None
    ) -> Listing:
        """The counter's view: every table with an active session, with its orders. Raises NotFound for a table.

        The version is of the whole store, whatever part is asked for. What an operator changes by hand so that no
        trigger writes an event (an order's total, its lines) does not renew it; the next event does.
        """
        version, position, table_known, document = self._connection.fetch_one(
            BY_TABLE,
            {"store_id": store_id, "status": status, "table_id": table_id, "known_version": known_version},
        )
        if not table_known:
            raise NotFound(f"there is no table {table_id}", code="table_not_found")
        return Listing(version, position, document)

    def update_status(self, *, order_id: int, status: str) -> None:
        """Move an order along. The same status again changes nothing. Raises NotFound, Conflict if it would go back."""
        row = self._connection.find_one(MOVE, {"order_id": order_id, "status": status, "statuses": list(STATUSES)})
        if row is None:
            raise _unknown(order_id)
        if STATUSES.index(row[0]) > STATUSES.index(status):
            raise Conflict(f"order {order_id} is {row[0]} and does not go back to {status}", code="status_backwards")

    def void(self, *, order_id: int, admin: AdminIdentity, reason: str | None) -> int:
        """Take an order off the lists and write it, every line, into the voids; its table's id. Raises NotFound."""
        table_id = self._connection.fetch_value(
            _SQL["void_order"], {"order_id": order_id, "username": admin.username, "reason": reason}
        )
        if table_id is None:
            raise _unknown(order_id)
        return table_id


def session_ended() -> Conflict:
    """The refusal of a tablet whose session is over."""
    return Conflict("this table's session is over", code="session_ended")


def _unknown(order_id: int) -> NotFound:
    return NotFound(f"there is no order {order_id}", code="order_not_found")
