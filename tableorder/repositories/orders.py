"""Live orders: placed, listed, moved along, voided. Ended sessions' orders are in the history."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from tableorder.database.connection import Connection
from tableorder.database.statements import Statement
from tableorder.domain.errors import (
    Conflict,
    DomainError,
    Invalid,
    KeyReused,
    LimitReached,
    NotFound,
    Throttled,
    Unavailable,
)
from tableorder.domain.identities import AdminIdentity, TableIdentity
from tableorder.domain.limits import DEFAULT_LIMITS, Limits
from tableorder.domain.orders import STATUSES, Line, fingerprint

# The lines of the order at hand, as a JSON array in the order sent. Used where `orders` is in scope.
ITEMS = """(
    SELECT json_agg(json_build_object(
               'order_item_id', order_items.order_item_id,
               'menu_id', order_items.menu_id,
               'menu_name', order_items.menu_name,
               'quantity', order_items.quantity,
               'unit_price', order_items.unit_price,
               'subtotal', order_items.unit_price::bigint * order_items.quantity)
           ORDER BY order_items.order_item_id)
      FROM order_items
     WHERE order_items.order_id = orders.order_id
)"""

# The order at hand as JSON. Used where `orders` and its table, as `tables`, are in scope.
ORDER = (
    """json_build_object(
    'order_id', orders.order_id,
    'table_id', orders.table_id,
    'table_number', tables.table_number,
    'session_id', orders.session_id,
    'total_amount', orders.total_amount,
    'status', orders.status,
    'order_time', orders.order_time,
    'items', """
    + ITEMS
    + ")"
)

# The tablet's view: a session's orders, newest first, a page of them from just after `before`.
OF_SESSION = Statement(
    "orders_of_session",
    {
        "session_id": "uuid",
        "table_id": "int",
        "table_number": "int",
        "limit": "int",
        "before_time": "bigint",
        "before_id": "int",
    },
    """
WITH page AS (
    SELECT orders.order_id, orders.order_time, """
    + ORDER
    + """ AS document
      FROM orders
      JOIN tables ON tables.table_id = orders.table_id
     WHERE orders.session_id = %(session_id)s
       AND (%(before_time)s::bigint IS NULL
            OR (orders.order_time, orders.order_id)
               < (timestamptz 'epoch' + %(before_time)s * interval '1 microsecond', %(before_id)s))
     ORDER BY orders.order_time DESC, orders.order_id DESC
     LIMIT %(limit)s
)
SELECT json_build_object(
           'session_id', %(session_id)s::uuid,
           'table_number', COALESCE((SELECT table_number FROM tables WHERE table_id = %(table_id)s),
                                    %(table_number)s),
           'total_session_amount', (SELECT COALESCE(sum(total_amount), 0)
                                      FROM orders
                                     WHERE session_id = %(session_id)s),
           'orders', COALESCE((SELECT json_agg(document ORDER BY order_time DESC, order_id DESC)
                                 FROM page), '[]'),
           'next_cursor', (SELECT (extract(epoch FROM order_time) * 1000000)::bigint || '-' || order_id
                             FROM page
                            WHERE (SELECT count(*) FROM page) = %(limit)s
                            ORDER BY order_time, order_id
                            LIMIT 1))::text
""",
)

# The counter's view unless its version is `known_version`, and before it whether the table asked for (if any) is known,
# all of one moment. The view is listed table by table, as there is no other way that is slower by much, whatever
# PostgreSQL may think of the number of rows.
#
# The version is the store's latest event and its tables with a session. What happens to an order is an event of the
# same transaction, and they are in the order of the commits: who sees the latest one sees all before. A session that
# begins is no event. The event's time is there because a recovery to a time gives ids out again, and one up to the
# horizon does not count because a later one may have been pruned.
BY_TABLE = Statement(
    "orders_by_table",
    {"store_id": "int", "status": "text", "table_id": "int", "known_version": "text"},
    """
SELECT present.version,
       %(table_id)s IS NULL OR EXISTS (SELECT FROM tables WHERE table_id = %(table_id)s) AS table_known,
       CASE WHEN present.version = %(known_version)s THEN NULL ELSE (
           SELECT json_build_object(
                      'store_id', %(store_id)s,
                      'tables', COALESCE(json_agg(json_build_object(
                                             'table_id', tables.table_id,
                                             'table_number', tables.table_number,
                                             'session_id', tables.current_session_id,
                                             'total_amount', COALESCE(listed.total_amount, 0),
                                             'order_count', listed.order_count,
                                             'orders', COALESCE(listed.orders, '[]'))
                                         ORDER BY tables.table_number), '[]'))::text
             FROM tables
            CROSS JOIN LATERAL (
                SELECT sum(orders.total_amount) AS total_amount, count(*) AS order_count,
                       json_agg("""
    + ORDER
    + """ ORDER BY orders.order_time DESC, orders.order_id DESC) AS orders
                  FROM orders
                 WHERE orders.session_id = tables.current_session_id
                   AND (%(status)s IS NULL OR orders.status = %(status)s)
            ) AS listed
            WHERE tables.store_id = %(store_id)s
              AND tables.current_session_id IS NOT NULL
              AND (%(table_id)s IS NULL OR tables.table_id = %(table_id)s)
       ) END AS document
  FROM (
     SELECT (SELECT event_id || ' ' || created_at
               FROM events
              WHERE store_id = %(store_id)s AND event_id > (SELECT pruned_up_to FROM event_horizon)
              ORDER BY events.event_id DESC
              LIMIT 1)
            || ' '
            || sha256(string_agg(table_id || ' ' || table_number || ' ' || current_session_id, ', '
                                 ORDER BY table_id)::bytea) AS version
       FROM tables
      WHERE store_id = %(store_id)s AND current_session_id IS NOT NULL
  ) AS present
""",
)

# One statement, one round trip. It rests on the lock of the session, which waits for an end-session under way and then
# finds it over, and holds back one that comes later until this order is in. The session's orders wait for each other,
# so session_load, which looks anew once the lock is there, counts each of them; a simultaneous repeat with the same key
# finds it taken. The numbers are drawn first, so that the answer is known when it is kept.
PLACE = Statement(
    "place_order",
    {
        "session_id": "uuid",
        "table_id": "int",
        "menu_ids": "int[]",
        "quantities": "int[]",
        "key": "text",
        "request_hash": "bytea",
        "order_rate": "int",
        "session_orders": "int",
        "session_lines": "int",
    },
    """
WITH sent AS (
    SELECT line::int, menu_id, quantity
      FROM unnest(%(menu_ids)s::int[], %(quantities)s::int[]) WITH ORDINALITY AS sent (menu_id, quantity, line)
), repeated AS (
    SELECT request_hash = %(request_hash)s AS same, answer
      FROM idempotency_keys
     WHERE session_id = %(session_id)s AND idempotency_key = %(key)s
), session AS MATERIALIZED (
    SELECT table_sessions.session_id, table_sessions.table_id, table_sessions.store_id, tables.table_number
      FROM table_sessions
      JOIN tables ON tables.table_id = table_sessions.table_id
     WHERE table_sessions.session_id = %(session_id)s
       AND table_sessions.table_id = %(table_id)s
       AND table_sessions.is_active
       AND NOT EXISTS (SELECT FROM repeated)
       FOR NO KEY UPDATE OF table_sessions
), load AS MATERIALIZED (
    SELECT load.is_repeat,
           load.wait,
           load.order_count >= %(session_orders)s AS orders_full,
           load.line_count + cardinality(%(menu_ids)s::int[]) > %(session_lines)s AS lines_full
      FROM session
     CROSS JOIN LATERAL session_load(session.session_id, session.store_id, %(key)s, %(order_rate)s,
                                     %(session_lines)s IS NOT NULL) AS load
), lines AS MATERIALIZED (
    SELECT sent.line, sent.menu_id, sent.quantity, menus.menu_name, menus.price, menus.is_available,
           menus.price::bigint * sent.quantity AS subtotal
      FROM sent
      LEFT JOIN menus ON menus.menu_id = sent.menu_id AND menus.deleted_at IS NULL
), priced AS MATERIALIZED (
    SELECT sum(subtotal) AS total, COALESCE(bool_and(COALESCE(is_available, false)), false) AS orderable
      FROM lines
), accepted AS MATERIALIZED (
    SELECT session.session_id, session.table_id, session.store_id, session.table_number,
           nextval('orders_order_id_seq')::int AS order_id, now() AS order_time, priced.total::int AS total
      FROM session, load, priced
     WHERE priced.orderable AND priced.total <= 2147483647
       AND (load.is_repeat OR (load.wait IS NULL AND load.orders_full IS NOT TRUE AND load.lines_full IS NOT TRUE))
), numbered AS MATERIALIZED (
    SELECT nextval('order_items_order_item_id_seq')::int AS order_item_id, line, menu_id, menu_name, quantity,
           price, subtotal
      FROM (SELECT lines.* FROM lines, accepted ORDER BY lines.line) AS lines
), document AS MATERIALIZED (
    SELECT json_build_object(
               'order_id', accepted.order_id,
               'table_id', accepted.table_id,
               'table_number', accepted.table_number,
               'session_id', accepted.session_id,
               'total_amount', accepted.total,
               'status', '대기중',
               'order_time', accepted.order_time,
               'items', (SELECT json_agg(json_build_object(
                                    'order_item_id', order_item_id,
                                    'menu_id', menu_id,
                                    'menu_name', menu_name,
                                    'quantity', quantity,
                                    'unit_price', price,
                                    'subtotal', subtotal)
                                ORDER BY line)
                           FROM numbered)) AS answer
      FROM accepted
), claimed AS (
    INSERT INTO idempotency_keys (session_id, idempotency_key, store_id, request_hash, answer)
    SELECT accepted.session_id, %(key)s, accepted.store_id, %(request_hash)s, document.answer
      FROM accepted, document
     WHERE %(key)s IS NOT NULL
        ON CONFLICT (session_id, idempotency_key) DO NOTHING
    RETURNING session_id
), placed AS (
    INSERT INTO orders (order_id, session_id, table_id, store_id, order_time, total_amount)
    SELECT order_id, session_id, table_id, store_id, order_time, total
      FROM accepted
     WHERE %(key)s IS NULL OR EXISTS (SELECT FROM claimed)
    RETURNING order_id, store_id
), itemized AS (
    INSERT INTO order_items (order_item_id, order_id, store_id, menu_id, menu_name, quantity, unit_price)
    SELECT numbered.order_item_id, placed.order_id, placed.store_id, numbered.menu_id, numbered.menu_name,
           numbered.quantity, numbered.price
      FROM numbered, placed
     ORDER BY numbered.line
)
SELECT (SELECT answer::text FROM repeated),
       (SELECT same FROM repeated),
       (SELECT document.answer::text FROM document, placed),
       EXISTS (SELECT FROM session),
       (SELECT menu_id FROM lines WHERE menu_name IS NULL ORDER BY line LIMIT 1),
       (SELECT menu_id FROM lines WHERE NOT is_available ORDER BY line LIMIT 1),
       (SELECT total > 2147483647 FROM priced),
       (SELECT wait FROM load WHERE NOT is_repeat),
       (SELECT orders_full FROM load WHERE NOT is_repeat),
       (SELECT lines_full FROM load WHERE NOT is_repeat)
""",
)

# Locks the order first, so that of two at once the later one sees where the earlier one has moved it.
MOVE = Statement(
    "move_order",
    {"order_id": "int", "status": "text", "statuses": "text[]"},
    """
WITH present AS (
    SELECT order_id, status FROM orders WHERE order_id = %(order_id)s FOR UPDATE
), moved AS (
    UPDATE orders
       SET status = %(status)s
      FROM present
     WHERE orders.order_id = present.order_id
       AND array_position(%(statuses)s, present.status::text) < array_position(%(statuses)s, %(status)s)
)
SELECT status FROM present
""",
)

# A repeat that waited for the first one's commit cannot see it in the same statement; the next one can.
PLACE_ATTEMPTS = 5


class _Outcome(NamedTuple):
    """What PLACE says: exactly one of an earlier answer, a new one, a refusal, or (none of them) try again."""

    earlier_answer: str | None
    same_request: bool | None
    new_answer: str | None
    session_active: bool
    unknown_menu_id: int | None
    sold_out_menu_id: int | None
    too_large: bool | None
    wait: float | None
    orders_full: bool | None
    lines_full: bool | None

    def answer(self) -> str | None:
        if self.earlier_answer is not None and not self.same_request:
            raise KeyReused("this idempotency key was used for another order")
        return self.earlier_answer or self.new_answer

    def refusal(self, limits: Limits) -> DomainError | None:
        if not self.session_active:
            return Conflict("this table's session is over", code="session_ended")
        return self._too_many(limits) or self._not_orderable()

    def _too_many(self, limits: Limits) -> DomainError | None:
        if self.wait is not None:
            detail = f"this table has ordered {limits.order_rate} times in 60 s; try again later"
            return Throttled(detail, code="too_many_orders", retry_after=max(1, self.wait))
        if self.orders_full:
            limit = limits.session_orders
            return LimitReached(f"this table has {limit} orders, which is the limit", limit=limit)
        if self.lines_full:
            limit = limits.session_lines
            return LimitReached(f"this table's orders have {limit} lines at most", limit=limit)
        return None

    def _not_orderable(self) -> DomainError | None:
        if self.unknown_menu_id is not None:
            return NotFound(f"there is no menu {self.unknown_menu_id}", code="menu_not_found")
        if self.sold_out_menu_id is not None:
            return Conflict(f"menu {self.sold_out_menu_id} is sold out", code="menu_sold_out")
        return Invalid("the order's total is too large", code="total_too_large") if self.too_large else None


@dataclass(frozen=True)
class Listing:
    """The counter's view as JSON text, None if the caller has this version already.

    There is no version if no table has a session, or no event of the store is left.
    """

    version: str | None
    document: str | None


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
        parameters = {
            "session_id": table.session_id,
            "table_id": table.table_id,
            "menu_ids": [line.menu_id for line in lines],
            "quantities": [line.quantity for line in lines],
            "key": key,
            "request_hash": fingerprint(lines),
            "order_rate": limits.order_rate or None,
            "session_orders": limits.session_orders or None,
            "session_lines": limits.session_lines or None,
        }
        for _ in range(PLACE_ATTEMPTS):
            row = self._connection.fetch_one(PLACE, parameters)
            outcome = _Outcome(*row)
            if answer := outcome.answer():
                return answer
            if refusal := outcome.refusal(limits):
                raise refusal
        raise Unavailable("orders with this idempotency key keep colliding", code="database_busy")

    def list_of_session(self, *, table: TableIdentity, limit: int | None, before: tuple[int, int] | None) -> str:
        """The session's orders, newest first: at most `limit`, from just after the order that `before` names.

        `before` is (order_time in microseconds since 1970, order_id).
        """
        parameters = {
            "session_id": table.session_id,
            "table_id": table.table_id,
            "table_number": table.table_number,
            "limit": limit,
            "before_time": before and before[0],
            "before_id": before and before[1],
        }
        return self._connection.fetch_value(OF_SESSION, parameters)

    def get(self, *, order_id: int, session_id: str | None = None) -> str:
        """One order of the store, or only of `session_id` if given. Raises NotFound."""
        document = self._connection.fetch_value(
            "SELECT "
            + ORDER
            + """::text
              FROM orders
              JOIN tables ON tables.table_id = orders.table_id
             WHERE orders.order_id = %(order_id)s
               AND (%(session_id)s::uuid IS NULL OR orders.session_id = %(session_id)s)
            """,
            {"order_id": order_id, "session_id": session_id},
        )
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
        version, table_known, document = self._connection.fetch_one(
            BY_TABLE,
            {"store_id": store_id, "status": status, "table_id": table_id, "known_version": known_version},
        )
        if not table_known:
            raise NotFound(f"there is no table {table_id}", code="table_not_found")
        return Listing(version, document)

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
            """
            WITH orders AS (
                DELETE FROM orders
                 WHERE orders.order_id = %(order_id)s
                RETURNING order_id, session_id, table_id, store_id, order_time, total_amount, status
            )
            INSERT INTO order_voids (store_id, order_id, session_id, table_id, table_number, voided_by, reason,
                                     voided_order)
            SELECT orders.store_id, orders.order_id, orders.session_id, orders.table_id, tables.table_number,
                   %(username)s, %(reason)s, """
            + ORDER
            + """::jsonb
              FROM orders
              JOIN tables ON tables.table_id = orders.table_id
            RETURNING table_id
            """,
            {"order_id": order_id, "username": admin.username, "reason": reason},
        )
        if table_id is None:
            raise _unknown(order_id)
        return table_id


def _unknown(order_id: int) -> NotFound:
    return NotFound(f"there is no order {order_id}", code="order_not_found")
