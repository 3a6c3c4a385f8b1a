"""`bin/chaos turnover`: three tables turn over as fast as they can, with sixteen hands on them at the same moment.

Each hand does at random what a tablet or a counter does. It logs in, orders with a key or without, or sends an order
again that another hand has just sent. It moves an order along or voids one. It ends a table's session, whichever it is
or the one that it saw, with a key or without, and maybe again. First the hands use the repositories directly, which is
the fastest way to make statements meet. Then they use a running server with several workers. PostgreSQL's data is in
memory, for on a disk the tables would mostly wait for it, one commit after the other.

At the end every order that was acknowledged must be in exactly one place: the live list, the archive of its own
session, or the voids. Each end must have archived what it answered, and each order must be in the live feed's log once.
Nothing may be refused but by the rules, PostgreSQL may not have found a deadlock, and sql/checks.sql must hold.

`bin/chaos model` cannot find what this finds, because it sends one request at a time; its docstring says what else it
cannot find. This attack, too, finds only what its hands happen to do, and no run repeats another, whatever the seed:
the processors decide what meets. tests/repositories/test_interleavings.py holds chosen operations at chosen locks.
"""

from __future__ import annotations

import argparse
import json
import random
import secrets
import threading
from collections import Counter, deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import quote

from tableorder.database.connection import Connection, Database
from tableorder.database.pool import PoolSettings
from tableorder.domain.errors import DomainError
from tableorder.domain.identities import AdminIdentity, TableIdentity
from tableorder.domain.orders import STATUSES
from tableorder.http.tokens import issue_token
from tableorder.repositories.orders import OrderRepository
from tableorder.repositories.sessions import SessionRepository
from tests.api.client import TABLE_PASSWORD
from tests.api.server import JWT_SECRET_KEY
from tests.chaos.model import HASH, OPEN, Api, check_invariants
from tests.chaos.places import ANNOUNCED, BILLS, PLACES, VOIDED, Place, by_order
from tests.chaos.progress import report
from tests.chaos.site import Site, folder_in_memory, opened_site
from tests.factories import NO_LIMITS, order_of

HANDS, TABLES, MENUS = 16, 3, 4
RECENT = 48  # orders that are moved, voided or sent again
REPORTED_EVERY = 5000  # orders
REASON = "잘못된 주문"

OK = "ok"
# What may be answered. Whatever else is a fault.
BY_THE_RULES = {
    "log_in": {OK},
    "order": {OK, "session_ended"},
    "move": {OK, "order_not_found", "status_backwards"},
    "void": {OK, "order_not_found"},
    "end": {OK, "no_active_session", "session_changed"},
}


SESSIONS_ANNOUNCED = """
SELECT event_data ->> 'session_id', event_type::text
  FROM events
 WHERE store_id = %(store_id)s AND event_type IN ('session_started', 'session_ended')
"""

ACTIVE = "SELECT session_id::text FROM table_sessions WHERE store_id = %(store_id)s AND is_active"


@dataclass(frozen=True)
class Table:
    """A table as a tablet knows it."""

    table_id: int
    table_number: int


@dataclass(frozen=True)
class House:
    """A restaurant with a few tables."""

    admin: AdminIdentity
    tables: list[Table]
    prices: dict[int, int]

    @property
    def store(self) -> dict[str, int]:
        return {"store_id": self.admin.store_id}


@dataclass(frozen=True)
class Sent:
    """An order as a hand sends it; `tablet` is what a login answered."""

    tablet: Any
    lines: list[tuple[int, int]]  # (menu_id, quantity)
    key: str | None


@dataclass(frozen=True)
class End:
    """An end of a session as a hand asks for it: of whichever session, or of the one that the counter saw."""

    table: Table
    session_id: str | None
    key: str | None


class Hand(Protocol):
    """One of those at work. Each call returns (`ok` or a code, the document)."""

    def log_in(self, table: Table) -> tuple[str, Any]: ...
    def order(self, sent: Sent) -> tuple[str, Any]: ...
    def move(self, order_id: int, status: str) -> tuple[str, Any]: ...
    def void(self, order_id: int) -> tuple[str, Any]: ...
    def end(self, asked: End) -> tuple[str, Any]: ...


OpenHand = Callable[[], AbstractContextManager[Hand]]


class ThroughRepositories:
    """A hand that calls the repositories. A tablet is a TableIdentity."""

    def __init__(self, database: Database, house: House) -> None:
        self._database, self._house = database, house

    def log_in(self, table: Table) -> tuple[str, Any]:
        store_id = self._house.admin.store_id

        def join(connection: Connection) -> TableIdentity:
            session_id = SessionRepository(connection).join(store_id=store_id, table_id=table.table_id)
            return TableIdentity(store_id, table.table_id, table.table_number, session_id)

        return self._call(join)

    def order(self, sent: Sent) -> tuple[str, Any]:
        return self._call(
            lambda connection: json.loads(
                OrderRepository(connection).place(
                    table=sent.tablet, order=order_of(*sent.lines), key=sent.key, limits=NO_LIMITS
                )
            )
        )

    def move(self, order_id: int, status: str) -> tuple[str, Any]:
        return self._call(
            lambda connection: OrderRepository(connection).update_status(order_id=order_id, status=status)
        )

    def void(self, order_id: int) -> tuple[str, Any]:
        admin = self._house.admin
        return self._call(
            lambda connection: OrderRepository(connection).void(order_id=order_id, admin=admin, reason=REASON)
        )

    def end(self, asked: End) -> tuple[str, Any]:
        return self._call(
            lambda connection: json.loads(
                SessionRepository(connection).end(
                    store_id=self._house.admin.store_id,
                    table_id=asked.table.table_id,
                    session_id=asked.session_id,
                    key=asked.key,
                )
            )
        )

    def _call(self, work: Callable[[Connection], Any]) -> tuple[str, Any]:
        try:
            with self._database.connect(self._house.admin.store_id) as connection:
                return OK, work(connection)
        except DomainError as error:
            return error.code, None


class ThroughHttp:
    """A hand that calls the server over one kept connection. A tablet is a token."""

    def __init__(self, api: Api, house: House) -> None:
        self._api, self._house = api, house
        self._counter = issue_token(house.admin, JWT_SECRET_KEY)

    def log_in(self, table: Table) -> tuple[str, Any]:
        body = {
            "store_id": self._house.admin.store_id,
            "table_number": table.table_number,
            "table_password": TABLE_PASSWORD,
        }
        code, document = self._call(None, "POST", "/auth/table/login", body)
        return code, document["access_token"] if code == OK else None

    def order(self, sent: Sent) -> tuple[str, Any]:
        items = order_of(*sent.lines)["items"]
        headers = {"Idempotency-Key": sent.key} if sent.key else {}
        return self._call(sent.tablet, "POST", "/customer/orders", {"items": items}, **headers)

    def move(self, order_id: int, status: str) -> tuple[str, Any]:
        return self._call(self._counter, "PATCH", f"/admin/orders/{order_id}/status", {"status": status})

    def void(self, order_id: int) -> tuple[str, Any]:
        return self._call(self._counter, "DELETE", f"/admin/orders/{order_id}?reason={quote(REASON)}")

    def end(self, asked: End) -> tuple[str, Any]:
        path = f"/admin/tables/{asked.table.table_id}/end-session"
        body = {"session_id": asked.session_id} if asked.session_id else None
        headers = {"Idempotency-Key": asked.key} if asked.key else {}
        return self._call(self._counter, "POST", path, body, **headers)

    def _call(self, token: str | None, method: str, path: str, body: object = None, **headers: str) -> tuple[str, Any]:
        status, document = self._api.call(token, method, path, body, **headers)
        return OK if status < 300 else document["code"], document


Bill = tuple[str, int, int]  # a session, its total, how many orders


@dataclass
class Book:
    """The answers that all hands have received."""

    orders: dict[int, dict[str, Any]] = field(default_factory=dict)
    keys: dict[str, int] = field(default_factory=dict)
    ranks: dict[int, int] = field(default_factory=dict)  # the order's id: how far it was moved
    voids: list[int] = field(default_factory=list)
    ends: list[Bill] = field(default_factory=list)
    answers: Counter[tuple[str, str]] = field(default_factory=Counter)
    ends_by_key: dict[str, Bill] = field(default_factory=dict)
    twice: list[str] = field(default_factory=list)  # keys that were answered with two orders, or with two ends
    lock: threading.Lock = field(default_factory=threading.Lock)

    def note_order(self, order: dict[str, Any], key: str | None) -> None:
        """Note an answer to `key`, and report now and then."""
        with self.lock:
            if order["order_id"] not in self.orders and (len(self.orders) + 1) % REPORTED_EVERY == 0:
                report(f"{len(self.orders) + 1:,} orders")
            self.orders[order["order_id"]] = order
            if key is not None and self.keys.setdefault(key, order["order_id"]) != order["order_id"]:
                self.twice.append(key)

    def note_end(self, bill: Bill, key: str | None) -> None:
        """Note an answer to `key`; a repeat of one is no further end."""
        with self.lock:
            if key is None or key not in self.ends_by_key:
                self.ends.append(bill)
            if key is not None and self.ends_by_key.setdefault(key, bill) != bill:
                self.twice.append(key)


@dataclass(frozen=True)
class Report:
    """The answers, and how many things are not as they must be, by what is wrong."""

    book: Book
    faults: dict[str, int]

    def __str__(self) -> str:
        book = self.book
        return (
            f"{len(book.orders):,} orders, {len(book.ends):,} ends, {len(book.voids):,} voids"
            f" in {book.answers.total():,} requests"
        )


class Turnover:
    """The hands at work on the tables, and what they were told."""

    def __init__(self, house: House, goal: int, seed: int) -> None:
        self.book = Book()
        self._house, self._goal, self._seed = house, goal, seed
        self._over = threading.Event()
        self._sent: deque[Sent] = deque(maxlen=RECENT)
        self._placed: deque[int] = deque(maxlen=RECENT)
        self._asked: deque[End] = deque(maxlen=TABLES)
        self._seen: dict[Table, str] = {}  # the latest session that an order was answered for

    def run(self, opened_hand: OpenHand) -> None:
        """Let all hands work until so many orders are acknowledged."""
        with ThreadPoolExecutor(HANDS) as pool:
            working = [pool.submit(self._work, opened_hand, number) for number in range(HANDS)]
            try:
                for done in as_completed(working):
                    done.result()
            finally:
                self._over.set()  # also when one of them fails or the attack is broken off

    def _work(self, opened_hand: OpenHand, number: int) -> None:
        chance = random.Random(self._seed * HANDS + number)
        tablets: dict[Table, Any] = {}
        acts = {
            self._order: 50,
            self._repeat: 8,
            self._move: 12,
            self._void: 4,
            self._end: 14,
            self._end_again: 4,
            self._join: 10,
        }
        with opened_hand() as hand:
            while len(self.book.orders) < self._goal and not self._over.is_set():
                [act] = chance.choices([*acts], [*acts.values()])
                act(hand, chance, tablets)

    def _join(self, hand: Hand, chance: random.Random, tablets: dict[Table, Any]) -> None:
        table = chance.choice(self._house.tables)
        self._sit_down(hand, table, tablets)

    def _order(self, hand: Hand, chance: random.Random, tablets: dict[Table, Any]) -> None:
        table = chance.choice(self._house.tables)
        if tablets.get(table) is None:
            self._sit_down(hand, table, tablets)
        menu_ids = chance.sample([*self._house.prices], 2)
        lines = [(menu_id, chance.randint(1, 5)) for menu_id in menu_ids]
        key = secrets.token_hex(8) if chance.random() < 0.7 else None
        sent = Sent(tablets[table], lines, key)
        if key:
            self._sent.append(sent)
        if not self._place(hand, sent):
            tablets[table] = None

    def _sit_down(self, hand: Hand, table: Table, tablets: dict[Table, Any]) -> None:
        tablets[table] = self._answer("log_in", *hand.log_in(table))

    def _repeat(self, hand: Hand, chance: random.Random, tablets: dict[Table, Any]) -> None:
        if self._sent:
            self._place(hand, chance.choice([*self._sent]))

    def _place(self, hand: Hand, sent: Sent) -> bool:
        order = self._answer("order", *hand.order(sent))
        if order is None:
            return False
        assert order["total_amount"] == sum(self._house.prices[menu_id] * quantity for menu_id, quantity in sent.lines)
        self.book.note_order(order, sent.key)
        self._placed.append(order["order_id"])
        self._seen[next(t for t in self._house.tables if t.table_id == order["table_id"])] = order["session_id"]
        return True

    def _move(self, hand: Hand, chance: random.Random, tablets: dict[Table, Any]) -> None:
        if self._placed:
            order_id, rank = chance.choice([*self._placed]), chance.randrange(len(STATUSES))
            code, document = hand.move(order_id, STATUSES[rank])
            self._answer("move", code, document)
            if code == OK:
                with self.book.lock:
                    self.book.ranks[order_id] = max(rank, self.book.ranks.get(order_id, 0))

    def _void(self, hand: Hand, chance: random.Random, tablets: dict[Table, Any]) -> None:
        if self._placed:
            order_id = chance.choice([*self._placed])
            if self._answer("void", *hand.void(order_id)) is not None:
                self.book.voids.append(order_id)

    def _end(self, hand: Hand, chance: random.Random, tablets: dict[Table, Any]) -> None:
        table = chance.choice(self._house.tables)
        seen = self._seen.get(table) if chance.random() < 0.3 else None
        asked = End(table, seen, secrets.token_hex(8) if chance.random() < 0.5 else None)
        if asked.key:
            self._asked.append(asked)
        self._close(hand, asked)

    def _end_again(self, hand: Hand, chance: random.Random, tablets: dict[Table, Any]) -> None:
        if self._asked:
            self._close(hand, chance.choice([*self._asked]))

    def _close(self, hand: Hand, asked: End) -> None:
        bill = self._answer("end", *hand.end(asked))
        if bill is not None:
            self.book.note_end((bill["session_id"], bill["total_session_amount"], bill["order_count"]), asked.key)

    def _answer(self, what: str, code: str, document: Any) -> Any:
        with self.book.lock:
            self.book.answers[what, code] += 1
        return document if code == OK else None


def find_faults(site: Site, house: House, book: Book) -> dict[str, int]:
    """Count the orders and answers that are not as they must be, by what is wrong; empty if all is well."""
    places = by_order(site.query(PLACES, house.store))
    announced = Counter(order_id for (order_id,) in site.query(ANNOUNCED, house.store))
    known = {order_id: places[order_id] for order_id in book.orders if order_id in places}
    told = Counter(site.query(SESSIONS_ANNOUNCED, house.store))
    over = [session_id for session_id, *_ in book.ends]
    active = [session_id for (session_id,) in site.query(ACTIVE, house.store)]
    expected = Counter([(id_, "session_started") for id_ in over + active] + [(id_, "session_ended") for id_ in over])
    voided = set(book.voids)
    wrong = [code for (what, code) in book.answers.elements() if code not in BY_THE_RULES[what]]
    counts = {
        "lost": len(book.orders) - len(known),
        "doubled": sum(len(found) > 1 for found in places.values()) + len(book.twice),
        "never acknowledged": len(places.keys() - book.orders.keys()),
        "wrong session or total": sum(not _fits(book.orders[order_id], found[0]) for order_id, found in known.items()),
        "voided or not": sum((found[0].place == VOIDED) != (n in voided) for n, found in known.items()),
        "voided twice": len(book.voids) - len(voided),
        "moved back": sum(STATUSES.index(known[n][0].status) < rank for n, rank in book.ranks.items() if n in known),
        "archived otherwise than answered": len(set(site.query(BILLS, house.store)) ^ set(book.ends)),
        "ended twice": len(book.ends) - len({session_id for session_id, *_ in book.ends}),
        "sessions not in the feed's log once": len(told - expected) + len(expected - told),
        "not in the feed's log once": len(Counter(dict.fromkeys(book.orders, 1)) - announced)
        + len(announced - Counter(dict.fromkeys(book.orders, 1))),
        **Counter(f"answered {code}" for code in wrong),
    }
    return {what: count for what, count in counts.items() if count}


def _fits(order: dict[str, Any], found: Place) -> bool:
    return (found.session_id, found.total) == (order["session_id"], order["total_amount"])


def count_deadlocks(site: Site) -> int:
    """The number of deadlocks in PostgreSQL's log."""
    return site.postgres.embedded.log.read_text().count("deadlock detected")


def found_house(site: Site) -> House:
    """A new restaurant."""
    username = secrets.token_hex(8)
    parameters = {"username": username, "hash": HASH, "menus": MENUS, "tables": TABLES}
    [(store_id, tables, menus)] = site.query(OPEN, parameters)
    prices = {menu["menu_id"]: menu["price"] for menu in menus}
    return House(AdminIdentity(store_id, username), [Table(**table) for table in tables], prices)


def turn_over_through_repositories(site: Site, goal: int, seed: int) -> Report:
    """Sixteen threads on one pool."""
    house = found_house(site)
    database = Database(PoolSettings(site.url, size=HANDS, max_overflow=0))

    @contextmanager
    def opened_hand() -> Iterator[Hand]:
        yield ThroughRepositories(database, house)

    with closing(database.pool):
        return _turn_over(site, house, goal, seed, opened_hand)


def turn_over_through_http(site: Site, goal: int, seed: int) -> Report:
    """Sixteen kept connections to the workers."""
    house = found_house(site)

    @contextmanager
    def opened_hand() -> Iterator[Hand]:
        with closing(Api(site.api.base)) as api:
            yield ThroughHttp(api, house)

    return _turn_over(site, house, goal, seed, opened_hand)


def _turn_over(site: Site, house: House, goal: int, seed: int, opened_hand: OpenHand) -> Report:
    before = count_deadlocks(site)
    work = Turnover(house, goal, seed)
    work.run(opened_hand)
    faults = find_faults(site, house, work.book)
    if deadlocks := count_deadlocks(site) - before:
        faults["deadlocks"] = deadlocks
    found = Report(work.book, faults)
    report(f"{found}: {faults or 'all well'}")
    return found


def add_parser(attacks: argparse._SubParsersAction) -> None:
    parser = attacks.add_parser("turnover", help="few tables, many hands at once", description=__doc__)
    parser.add_argument("--orders", type=int, help="how many in all (default: 9000, with --long 100000)")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> dict[str, object]:
    """Figures of what the hands did. Raises AssertionError if the service did not withstand."""
    goal = options.orders or (100_000 if options.long else 9_000)
    with folder_in_memory() as folder, opened_site(workers=3, folder=folder) as site:
        reports = {
            "repositories": turn_over_through_repositories(site, goal - goal // 3, options.seed),
            "HTTP": turn_over_through_http(site, goal // 3, options.seed),
        }
        assert not any(found.faults for found in reports.values()), describe(reports)
        check_invariants(site)
    figures = {f"through {way}": str(found) for way, found in reports.items()}
    return figures | {"lost": 0, "doubled": 0, "deadlocks": 0}


def describe(reports: dict[str, Report]) -> str:
    """Say what went wrong, way by way."""
    return "; ".join(f"through {way}, {found}: {found.faults or 'nothing'}" for way, found in reports.items())
