"""Live orders: placed, listed, moved along, voided. Ended sessions' orders are in the history."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tableorder.database.connection import Connection
from tableorder.database.statements import Statement, load_statements
from tableorder.domain.approvals import hash_approval
from tableorder.domain.errors import LimitReached, OrderNotFound, SessionEnded, StatusBackwards, TableNotFound, refusal
from tableorder.domain.identities import AdminIdentity, TableIdentity
from tableorder.domain.languages import lookup_tags
from tableorder.domain.limits import DEFAULT_LIMITS, Limits
from tableorder.domain.orders import MAX_OPTIONS, STATUSES, order_fingerprint
from tableorder.domain.roles import MANAGEMENT

_SQL = load_statements(__file__)

PLACE = Statement("place_order", _SQL["place_order"])
OF_SESSION = Statement("orders_of_session", _SQL["orders_of_session"])
BY_TABLE = Statement("orders_by_table", _SQL["orders_by_table"])
MOVE = Statement("move_order", _SQL["move_order"])


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


@dataclass(frozen=True)
class Voided:
    """The table of an order that was voided, whole or in part; the rest of the order as JSON text, None for no rest."""

    table_id: int
    document: str | None


class OrderRepository:
    """A store's live orders; documents come as JSON text, built by PostgreSQL."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def place(
        self, *, table: TableIdentity, order: Mapping[str, Any], key: str | None, limits: Limits = DEFAULT_LIMITS
    ) -> str:
        """Place an order and return it, or the one first placed with `key`.

        `order` has `items` ([`menu_id`, `quantity`] and, if given, `options`, `note`, `expected_unit_price`) and, if
        given, `note`, `lang` and `expected_total`. Raises MenuNotFound, OptionNotFound, SessionEnded, MenuSoldOut,
        MenuNotServed, OptionNotOffered, OptionSoldOut, OptionsMismatch, LinePriceTooLow, QuoteMismatch, LimitReached,
        TotalTooLarge, TooManyOrders, KeyReused.
        """
        if any(len(item.get("options", ())) > MAX_OPTIONS for item in order["items"]):
            raise LimitReached(limit=MAX_OPTIONS, noun="options in a line")
        answer, refused, details, *_ = self._connection.fetch_one(
            PLACE,
            {
                "session_id": table.session_id,
                "table_id": table.table_id,
                "items": json.dumps(order["items"], ensure_ascii=False),
                "note": order.get("note"),
                "wanted": lookup_tags(order["lang"]) if "lang" in order else None,
                "expected_total": order.get("expected_total"),
                "key": key,
                "request_hash": order_fingerprint(order),
                "order_rate": limits.order_rate,
                "session_orders": limits.session_orders,
                "session_lines": limits.session_lines,
            },
        )
        if answer is None:
            raise refusal(refused, details)
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

        `before` is (order_time in microseconds since 1970, order_id). Raises SessionEnded.
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
            raise SessionEnded
        return SessionListing(*row)

    def get(self, *, order_id: int) -> str:
        """One live order of the store. Raises OrderNotFound."""
        document = self._connection.fetch_value(_SQL["get_order"], {"order_id": order_id})
        if document is None:
            raise OrderNotFound(order_id=order_id)
        return document

    def get_of_session(self, *, order_id: int, session_id: str) -> str:
        """One order of a session. Raises OrderNotFound, SessionEnded."""
        is_active, document = self._connection.find_one(
            _SQL["get_order_of_session"], {"order_id": order_id, "session_id": session_id}
        ) or (False, None)
        if not is_active:
            raise SessionEnded
        if document is None:
            raise OrderNotFound(order_id=order_id)
        return document

    def list_by_table(
        self, *, store_id: int, status: str | None = None, table_id: int | None = None, known_version: str | None = None
    ) -> Listing:
        """The counter's view: every table with an active session, with its orders. Raises TableNotFound.

        The version is of the whole store, whatever part is asked for. What an operator changes by hand so that no
        trigger writes an event (an order's total, its lines) does not renew it; the next event does.
        """
        version, position, table_known, document = self._connection.fetch_one(
            BY_TABLE,
            {"store_id": store_id, "status": status, "table_id": table_id, "known_version": known_version},
        )
        if not table_known:
            raise TableNotFound(table_id=table_id)
        return Listing(version, position, document)

    def update_status(self, *, order_id: int, status: str) -> None:
        """Move an order along. The same status again changes nothing. Raises OrderNotFound, StatusBackwards."""
        row = self._connection.find_one(MOVE, {"order_id": order_id, "status": status, "statuses": list(STATUSES)})
        if row is None:
            raise OrderNotFound(order_id=order_id)
        if STATUSES.index(row[0]) > STATUSES.index(status):
            raise StatusBackwards(order_id=order_id, status=row[0], wanted=status)

    def void(
        self,
        *,
        order_id: int,
        admin: AdminIdentity,
        reason: str | None,
        restock: bool = False,
        approval: str | None = None,
    ) -> int:
        """Take an order off the lists and write it, every line, into the voids; its table's id.

        Its portions go back to the stock if it was still waiting, or with `restock`. Once it is no longer waiting,
        staff use up an approval. Raises OrderNotFound, ApprovalRequired, ApprovalInvalid.
        """
        return self._void(order_id, None, admin, reason, approval, restock=restock).table_id

    def void_lines(
        self,
        *,
        order_id: int,
        lines: Sequence[Mapping[str, int]],
        admin: AdminIdentity,
        reason: str | None,
        restock: bool,
        approval: str | None = None,
    ) -> Voided:
        """Reduce lines ([`order_item_id`, `keep`], the quantity that remains) and write that into the voids.

        Raises OrderNotFound, OrderItemNotFound, KeepTooLarge, ApprovalRequired, ApprovalInvalid.
        """
        return self._void(order_id, json.dumps([*lines]), admin, reason, approval, restock=restock)

    def _void(
        self,
        order_id: int,
        keeps: str | None,
        admin: AdminIdentity,
        reason: str | None,
        approval: str | None,
        *,
        restock: bool,
    ) -> Voided:
        row = self._connection.find_one(
            _SQL["void_order"],
            {
                "order_id": order_id,
                "keeps": keeps,
                "username": admin.username,
                "may_void_later": admin.role in MANAGEMENT,
                "approval": None if approval is None else hash_approval(approval),
                "reason": reason,
                "restock": restock,
            },
        )
        if row is None:
            raise OrderNotFound(order_id=order_id)
        table_id, _, refused, details, document = row
        if refused is not None:
            raise refusal(refused, details)
        return Voided(table_id, document)
