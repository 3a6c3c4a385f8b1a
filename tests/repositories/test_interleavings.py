"""Pairs of operations on one table, in each order that their locks allow, held there step by step.

For each pair, the first operation is stopped at each lock that can stop it. Then the second starts, and is stopped at
each lock that can stop it, or at none. The first lock is released; when nobody can go on, so is the second. After each
such scenario every acknowledged order must be in exactly one place, each answer must have come true, and
sql/checks.sql must hold.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import product
from typing import Any

import pytest

from tableorder.backups.checks import checks
from tableorder.database.connection import Connection
from tableorder.domain.errors import DomainError
from tableorder.domain.identities import AdminIdentity, TableIdentity
from tableorder.domain.orders import DONE, WAITING
from tableorder.repositories.calls import CallRepository
from tableorder.repositories.options import OptionRepository
from tableorder.repositories.orders import OrderRepository
from tableorder.repositories.sessions import SessionRepository
from tableorder.repositories.stock import StockRepository
from tableorder.repositories.tables import TableRepository
from tests.chaos.model import OPEN
from tests.chaos.places import ANNOUNCED, BILLS, LIVE, PLACES, VOIDED, by_order
from tests.factories import order_of
from tests.interleaving import Operation, Stage, opened_stage

NUMBER, NEW_NUMBER = 1, 2
FIRST, SECOND, THEIRS = 2, 2, 3  # portions that are ordered
KEPT = 1  # of the first order's, when part of it is voided
COUNTED, COUNTED_ANEW = FIRST + 2 * THEIRS, max(SECOND, THEIRS)  # portions: enough for all that two operations order
PRICE = 1000
NORMAL, LARGE = ("보통", 100), ("특", 300)  # the option that comes with the menu, before and after its change
OK = "ok"

# The menu of a scene has an option, and its portions are counted.
EQUIP = """
WITH added_group AS (
    INSERT INTO option_groups (store_id, group_name, min_select) VALUES (%(store_id)s, '양', 1)
    RETURNING group_id
), added_option AS (
    INSERT INTO options (store_id, group_id, option_name, price_delta, is_default)
    SELECT %(store_id)s, group_id, %(name)s, %(delta)s, true FROM added_group
    RETURNING option_id
), attached AS (
    INSERT INTO menu_option_groups (store_id, menu_id, group_id)
    SELECT %(store_id)s, %(menu_id)s, group_id FROM added_group
), counted AS (
    INSERT INTO stock (store_id, menu_id, remaining) VALUES (%(store_id)s, %(menu_id)s, %(remaining)s)
    RETURNING stock_id
), moved AS (
    INSERT INTO stock_moves (store_id, stock_id, epoch, delta, reason)
    SELECT %(store_id)s, stock_id, 1, %(remaining)s, 'set' FROM counted
)
SELECT option_id, stock_id FROM added_option, counted
"""

LEFT = "SELECT remaining FROM stock WHERE stock_id = %(stock_id)s"

# The portions that voids took off, and the state of their order at that moment.
TAKEN_OFF = """
SELECT status, sum((line ->> 'voided_quantity')::integer)::integer
  FROM order_voids
 CROSS JOIN LATERAL jsonb_array_elements(lines) AS line
 WHERE store_id = %(store_id)s
 GROUP BY status
"""

# How often the session's guests have called, and whether the call is open.
CALLS = "SELECT asked_times, closed_at IS NULL FROM calls WHERE session_id = %(session_id)s"

ARCHIVED_CALLS = """
SELECT (call ->> 'times')::integer
  FROM order_history
 CROSS JOIN LATERAL jsonb_array_elements(archived_order_data -> 'calls') AS call
 WHERE session_id = %(session_id)s
"""

EMPTY = """
SET session_replication_role = replica;  -- or the books would refuse
DELETE FROM stores;
DELETE FROM menu_versions;
DELETE FROM categories;
DELETE FROM menus;
DELETE FROM option_groups;
DELETE FROM options;
DELETE FROM menu_option_groups;
DELETE FROM stock;
DELETE FROM stock_moves;
DELETE FROM tables;
DELETE FROM table_sessions;
DELETE FROM orders;
DELETE FROM order_items;
DELETE FROM calls;
DELETE FROM order_history;
DELETE FROM order_voids;
DELETE FROM idempotency_keys;
DELETE FROM admin_keys;
DELETE FROM events;
RESET session_replication_role;
"""

# The rules of sql/checks.sql that do not hold, with how many rows break each: all in one, and planned once.
PREPARE_CHECKS = "PREPARE checks AS SELECT rule, rows FROM ({}) AS counted WHERE rows > 0".format(
    " UNION ALL ".join(
        f"SELECT '{rule.name}' AS rule, count(*) AS rows FROM ({rule.query}) AS violations" for rule in checks()
    )
)


@pytest.fixture(scope="module")
def shared_stage(make_database: Callable[[], str]) -> Iterator[Stage]:
    with opened_stage(make_database()) as opened:
        opened.query(PREPARE_CHECKS)
        yield opened


@pytest.fixture
def stage(shared_stage: Stage) -> Stage:
    """Without rows: nobody sees what another test has broken, and the checks stay quick."""
    shared_stage.query(EMPTY)
    return shared_stage


@dataclass
class Scene:
    """A table of a new restaurant, with guests who have ordered once. `tablet` is theirs, also when they have gone."""

    stage: Stage
    admin: AdminIdentity
    tablet: TableIdentity
    menu_id: int
    option_id: int = 0
    stock_id: int = 0
    order: dict[str, Any] = field(default_factory=dict)
    bills: list[tuple[str, int, int]] = field(default_factory=list)  # of sessions that are over

    @property
    def ids(self) -> dict[str, Any]:
        return {
            "store_id": self.admin.store_id,
            "table_id": self.tablet.table_id,
            "session_id": self.tablet.session_id,
            "menu_id": self.menu_id,
            "option_id": self.option_id,
            "stock_id": self.stock_id,
            "order_id": self.order["order_id"],
        }

    def start(self, what: str) -> Operation:
        return self.stage.start(self.admin.store_id, lambda connection: OPERATIONS[what](self, connection))

    def do(self, what: str) -> Any:
        """Do it now, with nobody else about."""
        done = self.start(what).outcome()
        assert not isinstance(done, Exception), done
        return done

    # What an operation does. Each is done on a connection of its own.

    def log_in(self, connection: Connection) -> str:
        return SessionRepository(connection).join(store_id=self.admin.store_id, table_id=self.tablet.table_id)

    def place_first(self, connection: Connection) -> dict[str, Any]:
        """The order that has been placed; any later time it is a repeat."""
        return self._place(connection, self.tablet, FIRST, "first")

    def place(self, connection: Connection) -> dict[str, Any]:
        """Another order; if two do it, both with the same key."""
        return self._place(connection, self.tablet, SECOND, "second")

    def seat_guests(self, connection: Connection) -> dict[str, Any]:
        """A login, and an order with what it gave; if two do it, each with a key of its own."""
        session_id = self.log_in(connection)
        tablet = TableIdentity(self.admin.store_id, self.tablet.table_id, NUMBER, session_id)
        return self._place(connection, tablet, THEIRS, secrets.token_hex(8))

    def finish(self, connection: Connection) -> None:
        OrderRepository(connection).update_status(order_id=self.order["order_id"], status=DONE)

    def void(self, connection: Connection) -> int:
        return OrderRepository(connection).void(order_id=self.order["order_id"], admin=self.admin, reason=None)

    def void_and_restock(self, connection: Connection) -> int:
        """Whatever state the order is in."""
        orders = OrderRepository(connection)
        return orders.void(order_id=self.order["order_id"], admin=self.admin, reason=None, restock=True)

    def void_lines(self, connection: Connection) -> dict[str, Any]:
        """Of the first order; the second time it is a repeat."""
        [line] = self.order["items"]
        voided = OrderRepository(connection).void_lines(
            order_id=self.order["order_id"],
            lines=[{"order_item_id": line["order_item_id"], "keep": KEPT}],
            admin=self.admin,
            reason=None,
            restock=False,
        )
        return json.loads(voided.document or "")

    def count_anew(self, connection: Connection) -> str:
        return StockRepository(connection).set(
            admin=self.admin, menu_id=self.menu_id, option_id=None, remaining=COUNTED_ANEW, low_at=1
        )

    def edit_option(self, connection: Connection) -> str:
        name, delta = LARGE
        changes = {"option_name": name, "price_delta": delta}
        return OptionRepository(connection).update(option_id=self.option_id, changes=changes)

    def call(self, connection: Connection) -> dict[str, Any]:
        """The staff; if two do it, it is one call."""
        document, _ = CallRepository(connection).place(table=self.tablet, items=[], note=None)
        return json.loads(document)

    def end(self, connection: Connection) -> dict[str, Any]:
        """Of whichever session is active."""
        return self._end(connection)

    def end_theirs(self, connection: Connection) -> dict[str, Any]:
        """Of the session of these guests; if two do it, both with the same key."""
        return self._end(connection, session_id=self.tablet.session_id, key="end")

    def delete(self, connection: Connection) -> None:
        TableRepository(connection).delete(table_id=self.tablet.table_id)

    def renumber(self, connection: Connection) -> str:
        return TableRepository(connection).update(
            table_id=self.tablet.table_id, table_number=NEW_NUMBER, table_password_hash=None
        )

    def _end(self, connection: Connection, **asked: str) -> dict[str, Any]:
        store_id, table_id = self.admin.store_id, self.tablet.table_id
        return json.loads(SessionRepository(connection).end(store_id=store_id, table_id=table_id, **asked))

    def _place(self, connection: Connection, tablet: TableIdentity, quantity: int, key: str) -> dict[str, Any]:
        order = order_of((self.menu_id, quantity))
        return json.loads(OrderRepository(connection).place(table=tablet, order=order, key=key))


OPERATIONS: dict[str, Callable[[Scene, Connection], Any]] = {
    "login": Scene.log_in,
    "order": Scene.place,
    "repeat": Scene.place_first,
    "guests": Scene.seat_guests,
    "status": Scene.finish,
    "void": Scene.void,
    "end": Scene.end,
    "end of theirs": Scene.end_theirs,
    "delete": Scene.delete,
    "renumber": Scene.renumber,
    "void and restock": Scene.void_and_restock,
    "void lines": Scene.void_lines,
    "count": Scene.count_anew,
    "edit": Scene.edit_option,
    "call": Scene.call,
}
ORDERS = ("order", "repeat", "guests")

# To these operations it is all the same which session an end names.
INDIFFERENT = {"status", "void", "delete", "renumber"}
# These are tried with what they can meet only: the order, its lines, the stock, the option or the session.
MEETS = {
    "void and restock": {"order", "status", "void", "end", "void and restock", "void lines", "count"},
    "void lines": {"order", "guests", "status", "void", "end", "void and restock", "void lines", "count"},
    "count": {"order", "guests", "void", "void and restock", "void lines", "count", "edit"},
    "edit": {"order", "guests", "count", "edit"},
    "call": {"order", "end", "end of theirs", "delete", "call"},
}
PAIRS = [
    (first, second)
    for first, second in product(OPERATIONS, OPERATIONS)
    if not ("end of theirs" in (first, second) and INDIFFERENT & {first, second})
    and second in MEETS.get(first, OPERATIONS)
    and first in MEETS.get(second, OPERATIONS)
]

# What may be answered while one other operation is under way. Whatever else is a fault.
BY_THE_RULES = {
    "login": {OK, "table_not_found"},
    "order": {OK, "session_ended"},
    "repeat": {OK},
    "guests": {OK, "session_ended", "table_not_found"},
    "status": {OK, "order_not_found"},
    "void": {OK, "order_not_found"},
    "end": {OK, "no_active_session", "table_not_found"},
    "end of theirs": {OK, "no_active_session", "session_changed", "table_not_found"},
    "delete": {OK, "table_in_use", "table_not_found"},
    "renumber": {OK, "table_not_found"},
    "void and restock": {OK, "order_not_found"},
    "void lines": {OK, "order_not_found"},
    "count": {OK},
    "edit": {OK},
    "call": {OK, "session_ended"},
}

# Locks that can stop an operation.
HOLDS = {
    "archive": "LOCK TABLE order_history IN SHARE MODE",
    "voids": "LOCK TABLE order_voids IN SHARE MODE",
    "session": "SELECT FROM table_sessions WHERE session_id = %(session_id)s FOR UPDATE",
    "order": "SELECT FROM orders WHERE order_id = %(order_id)s FOR UPDATE",
    "table": "SELECT FROM tables WHERE table_id = %(table_id)s FOR UPDATE",
    "menu": "SELECT FROM menus WHERE menu_id = %(menu_id)s FOR UPDATE",
    "stock": "SELECT FROM stock WHERE stock_id = %(stock_id)s FOR UPDATE",
    "option": "SELECT FROM options WHERE option_id = %(option_id)s FOR UPDATE",
    "key": """
        INSERT INTO idempotency_keys (session_id, idempotency_key, store_id, request_hash, answer)
        VALUES (%(session_id)s, 'second', %(store_id)s, '', '{}')
    """,
    "turn": "SELECT pg_advisory_xact_lock(7283461, %(store_id)s)",  # in the feed's log, taken at the commit
}


def with_guests(stage: Stage) -> Scene:
    """The guests are at the table."""
    parameters = {"username": secrets.token_hex(8), "hash": "-", "tables": 1, "menus": 1}
    [(store_id, [table], [menu])] = stage.query(OPEN, parameters)
    table_id, menu_id = table["table_id"], menu["menu_id"]
    equipment = {"store_id": store_id, "menu_id": menu_id, "remaining": COUNTED}
    [ids] = stage.query(EQUIP, equipment | dict(zip(("name", "delta"), NORMAL, strict=True)))
    unseated = Scene(stage, AdminIdentity(store_id, "사장"), TableIdentity(store_id, table_id, NUMBER, ""), menu_id)
    session_id = unseated.do("login")
    scene = Scene(stage, unseated.admin, TableIdentity(store_id, table_id, NUMBER, session_id), menu_id, *ids)
    scene.order = scene.do("repeat")
    return scene


def without_guests(stage: Stage) -> Scene:
    """They have paid and gone."""
    scene = with_guests(stage)
    scene.bills.append(_bill(scene.do("end")))
    return scene


STATES = {"guests": with_guests, "no guests": without_guests}


# Without guests there is no order to be met.
SCENES = [
    (first, second, state)
    for (first, second), state in product(PAIRS, STATES)
    if state == "guests" or not MEETS.keys() & {first, second}
]


def _bill(ended: dict[str, Any]) -> tuple[str, int, int]:
    return ended["session_id"], ended["total_session_amount"], ended["order_count"]


class Stops:
    """The holds that an operation has to wait for, found out by trying."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._known: dict[tuple[str, str], list[str]] = {}

    def of(self, state: str, what: str) -> list[str]:
        if (state, what) not in self._known:
            self._known[state, what] = [name for name in HOLDS if self._stops(state, what, name)]
        return self._known[state, what]

    def _stops(self, state: str, what: str, name: str) -> bool:
        scene = STATES[state](self._stage)
        with self._stage.hold(HOLDS[name], scene.ids) as hold:
            operation = scene.start(what)
            held_up = operation.is_held_up()
            hold.release()
            operation.outcome()
        return held_up


@pytest.fixture(scope="module")
def stops(shared_stage: Stage) -> Stops:
    return Stops(shared_stage)


def test_each_operation_is_stopped_where_it_should_be(stops):
    """Or else the scenarios below would be none."""
    assert set(stops.of("guests", "end")) >= {"archive", "session", "order", "turn"}
    assert set(stops.of("guests", "end of theirs")) >= {"archive", "session", "order", "turn"}
    assert set(stops.of("guests", "order")) >= {"session", "stock", "menu", "key", "turn"}
    assert set(stops.of("guests", "guests")) >= {"session", "stock", "menu", "turn"}
    assert set(stops.of("guests", "status")) >= {"order", "turn"}
    assert set(stops.of("guests", "void")) >= {"order", "stock", "voids", "turn"}
    assert set(stops.of("guests", "void and restock")) >= {"order", "stock", "voids", "turn"}
    assert set(stops.of("guests", "void lines")) >= {"order", "stock", "voids", "turn"}
    assert set(stops.of("guests", "count")) >= {"stock", "menu"}
    assert set(stops.of("guests", "edit")) >= {"option"}
    assert set(stops.of("guests", "call")) >= {"session", "table", "turn"}
    assert set(stops.of("guests", "renumber")) >= {"table", "turn"}
    assert set(stops.of("no guests", "login")) >= {"table"}
    assert set(stops.of("no guests", "guests")) >= {"table", "menu", "turn"}
    assert set(stops.of("no guests", "end")) >= {"archive"}
    assert set(stops.of("no guests", "delete")) >= {"table", "turn"}


@pytest.mark.parametrize(("first", "second", "state"), SCENES)
def test_whoever_waits_for_whom_nothing_is_lost(stage, stops, first, second, state):
    for held in stops.of(state, first):
        for also_held in [None, *stops.of(state, second)]:
            if held != also_held:
                run_scenario(STATES[state](stage), first, held, second, also_held)


def run_scenario(scene: Scene, first: str, held: str, second: str, also_held: str | None) -> None:
    """`first` is stopped, then `second` as well, or it waits for the first or is done; `held` is released first."""
    with ExitStack() as stack:
        hold = stack.enter_context(scene.stage.hold(HOLDS[held], scene.ids))
        other = stack.enter_context(scene.stage.hold(HOLDS[also_held], scene.ids)) if also_held else None
        operations = [scene.start(first)]
        operations[0].is_held_up()
        operations.append(scene.start(second))
        operations[1].is_held_up()
        hold.release()
        if other:
            for operation in operations:
                operation.is_held_up()
            other.release()
        outcomes = [operation.outcome() for operation in operations]
    try:
        check(scene, list(zip((first, second), outcomes, strict=True)))
    except AssertionError as error:
        error.add_note(f"{first} held by {held}, {second} by {also_held}: {outcomes}")
        raise


def check(scene: Scene, outcomes: list[tuple[str, Any]]) -> None:
    """Raises AssertionError unless the answers are by the rules and have come true."""
    for what, outcome in outcomes:
        assert code_of(outcome) in BY_THE_RULES[what], (what, outcome)
    done = [(what, outcome) for what, outcome in outcomes if code_of(outcome) == OK]
    check_orders(scene, done)
    check_bills(scene, done)
    check_table(scene, done)
    check_stock(scene, done)
    check_calls(scene, done)
    assert not (broken := scene.stage.query("EXECUTE checks")), broken


def code_of(outcome: Any) -> str:
    """OK, or the code of a refusal, or the name of an error that nobody should see."""
    if isinstance(outcome, DomainError):
        return outcome.code
    return type(outcome).__name__ if isinstance(outcome, Exception) else OK


def check_orders(scene: Scene, done: list[tuple[str, Any]]) -> None:
    """Each acknowledged order is in exactly one place, with its total and state, and in the feed's log once."""
    names = [what for what, _ in done]
    placed = [scene.order, *[outcome for what, outcome in done if what in ORDERS]]
    orders = {order["order_id"]: order for order in placed}
    assert all(orders[order["order_id"]] == order for order in placed)  # a repeat says what the first answer said
    assert [what for what, _ in done].count("order") <= 1 or len(orders) == 2  # two with one key are one order
    found = by_order(scene.stage.query(PLACES, scene.ids))
    assert sorted(found) == sorted(orders), "lost, or never acknowledged"
    for order_id, places in found.items():
        assert len(places) == 1, f"order {order_id} is in {places}"
        order = orders[order_id]
        assert (places[0].session_id, places[0].total) == (order["session_id"], total_of(scene, order, names))
    for order in orders.values():
        check_price(order, names)
    [first] = found[scene.order["order_id"]]
    assert names.count("void") + names.count("void and restock") == (first.place == VOIDED)
    assert (first.status == DONE) == ("status" in names)
    announced = [order_id for (order_id,) in scene.stage.query(ANNOUNCED, scene.ids)]
    assert sorted(announced) == sorted(orders)


def total_of(scene: Scene, order: dict[str, Any], names: list[str]) -> int:
    """What the order comes to once part of the first one is voided, if it is."""
    is_shortened = "void lines" in names and order["order_id"] == scene.order["order_id"]
    return order["total_amount"] * KEPT // FIRST if is_shortened else order["total_amount"]


def check_price(order: dict[str, Any], names: list[str]) -> None:
    """The option has its name and its price of before the change or of after it, and the order costs that."""
    [line] = order["items"]
    [option] = line["options"]
    name, delta = option["option_name"], option["price_delta"]
    assert (name, delta) in ([NORMAL, LARGE] if "edit" in names else [NORMAL])
    assert order["total_amount"] == line["quantity"] * (PRICE + delta)


def check_stock(scene: Scene, done: list[tuple[str, Any]]) -> None:
    """What is left is what was counted, less what was ordered, and what is voided while it waits or is restocked.

    A new count forgets what was before it; an operation that comes after it counts.
    """
    names = [what for what, _ in done]
    sold = {outcome["order_id"]: outcome["items"][0]["quantity"] for what, outcome in done if what in ORDERS}
    sold.pop(scene.order["order_id"], None)
    [(left,)] = scene.stage.query(LEFT, scene.ids)
    if "count" in names:
        assert COUNTED_ANEW - left in (0, sum(sold.values()))
        return
    taken_off = dict(scene.stage.query(TAKEN_OFF, scene.ids))
    given_back = taken_off.pop(WAITING, 0) + ("void and restock" in names) * sum(taken_off.values())
    assert left == COUNTED - FIRST - sum(sold.values()) + given_back


def check_calls(scene: Scene, done: list[tuple[str, Any]]) -> None:
    """All that call at a table are one call, which is open until the session ends; then it is in the archive."""
    names = [what for what, _ in done]
    called = [names.count("call")] if "call" in names else []
    is_over = {"end", "end of theirs"} & {*names}
    assert scene.stage.query(CALLS, scene.ids) == [(times, not is_over) for times in called]
    assert scene.stage.query(ARCHIVED_CALLS, scene.ids) == [(times,) for times in called if is_over]


def check_bills(scene: Scene, done: list[tuple[str, Any]]) -> None:
    """Each archive is what its end has answered, and no session has two."""
    answered = scene.bills + [_bill(outcome) for what, outcome in done if what == "end"]
    answered += {_bill(outcome) for what, outcome in done if what == "end of theirs"}  # two with one key are one end
    assert sorted(scene.stage.query(BILLS, scene.ids)) == sorted(answered)


def check_table(scene: Scene, done: list[tuple[str, Any]]) -> None:
    """The table is gone if that was answered, else it has the number that was answered."""
    names = [what for what, _ in done]
    assert names.count("delete") <= 1
    number = NEW_NUMBER if "renumber" in names else NUMBER
    there = scene.stage.query("SELECT table_number FROM tables WHERE table_id = %(table_id)s", scene.ids)
    assert there == ([] if "delete" in names else [(number,)])


def test_an_end_takes_only_the_session_that_it_has_locked(stage):
    """New guests come and order while an end that found nobody is held up: their order stays theirs."""
    scene = without_guests(stage)
    with stage.hold(HOLDS["archive"]) as archive:
        ended = scene.start("end")
        ended.is_held_up()
        guests = TableIdentity(scene.admin.store_id, scene.tablet.table_id, NUMBER, scene.do("login"))
        scene.tablet = guests
        with stage.hold(HOLDS["key"], scene.ids) as key:
            placed = scene.start("order")
            assert placed.is_held_up()
            archive.release()
            ended.is_held_up()
            key.release()
            outcomes = [("end", ended.outcome()), ("order", placed.outcome())]
    check(scene, outcomes)
    assert [code_of(outcome) for _, outcome in outcomes] == ["no_active_session", OK]
    [place] = by_order(stage.query(PLACES, scene.ids))[outcomes[1][1]["order_id"]]
    assert place.place == LIVE


def close_call(scene: Scene, call: dict[str, Any]) -> Operation:
    """The staff begins to close it."""
    return scene.stage.start(
        scene.admin.store_id,
        lambda connection: json.loads(CallRepository(connection).close(call_id=call["call_id"], admin=scene.admin)),
    )


def test_a_call_that_the_staff_closes_at_the_end_is_closed_once(stage):
    """By whoever was first: the other waits, and leaves it as it is."""
    scene = with_guests(stage)
    call = scene.do("call")
    with stage.hold(HOLDS["turn"], scene.ids) as turn:
        closed = close_call(scene, call)
        assert closed.is_held_up()
        ended = scene.start("end")
        assert ended.is_held_up()
        turn.release()
        assert closed.outcome()["closed_by"] == scene.admin.username
    check(scene, [("call", call), ("end", ended.outcome())])
    rows = stage.query("SELECT closed_by FROM calls WHERE session_id = %(session_id)s", scene.ids)
    assert rows == [(scene.admin.username,)]


def test_a_call_that_the_end_closes_is_nobodys(stage):
    scene = with_guests(stage)
    call = scene.do("call")
    with stage.hold(HOLDS["archive"]) as archive:
        ended = scene.start("end")
        assert ended.is_held_up()
        closed = close_call(scene, call)
        assert closed.is_held_up()
        archive.release()
        answer = closed.outcome()
    check(scene, [("call", call), ("end", ended.outcome())])
    assert (answer["closed_by"], answer["closed_at"] is None) == (None, False)


def test_what_is_not_counted_stops_nobody(stage):
    """Its stock stays, and orders of several tables would queue for it."""
    scene = with_guests(stage)
    stage.query("UPDATE stock SET remaining = NULL, epoch = 2 WHERE stock_id = %(stock_id)s", scene.ids)
    with stage.hold(HOLDS["stock"], scene.ids):
        assert code_of(scene.start("order").outcome()) == OK


def test_a_count_that_ends_while_an_order_waits_for_it_does_not_refuse_the_order(stage):
    scene = with_guests(stage)
    stage.query("UPDATE stock SET remaining = 0 WHERE stock_id = %(stock_id)s", scene.ids)
    with stage.hold("UPDATE stock SET remaining = NULL, epoch = 2 WHERE stock_id = %(stock_id)s", scene.ids) as hold:
        placed = scene.start("order")
        assert placed.is_held_up()
        hold.connection.commit()
        assert code_of(placed.outcome()) == OK
    [(left, moves)] = stage.query(
        "SELECT remaining, (SELECT count(*) FROM stock_moves WHERE epoch = 2) FROM stock WHERE stock_id = %(stock_id)s",
        scene.ids,
    )
    assert (left, moves) == (None, 0)
