"""`bin/chaos model`: random business in two restaurants, each answer compared with what a simple model says.

A sequence has two new restaurants on one running server with several workers. Tablets and counters are driven by a
hypothesis state machine (https://hypothesis.readthedocs.io/en/latest/stateful.html), which shrinks a sequence that goes
wrong. At the end of each the lists, the history and the voids must be the model's, and every few hundred sequences the
whole database must fulfil sql/checks.sql.

It sends one request, waits for the answer, and only then sends the next. So no two requests are ever under way at the
same moment, and it cannot find:

- a fault that needs a second request between two statements of the first. An end of a session that locked one session
  and then ended another passed every sequence; `bin/chaos turnover` found it within seconds.
- a lock that is missing, too weak or taken in another order (a deadlock). Nor two repeats of one order at once, nor two
  simultaneous logins.
- a worker that does not know what another one has changed: it uses one kept connection, so one worker serves all.
- anything about tables or categories that are added, changed or deleted, the order of menus, passwords, the feed, wrong
  text, or time that passes: it does none of that.
- an idea of what is right that it shares with the service. A second tap on "end" that ends the next guests' session
  was right for both.
"""

from __future__ import annotations

import argparse
import http.client
import json
import secrets
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlsplit

import bcrypt
import psycopg2
from hypothesis import HealthCheck, Phase, Verbosity, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from tableorder.backups.checks import run_checks
from tableorder.domain.identities import AdminIdentity
from tableorder.domain.orders import STATUSES
from tableorder.http.tokens import issue_token
from tests.api.client import TABLE_PASSWORD
from tests.api.server import JWT_SECRET_KEY
from tests.chaos.progress import report
from tests.chaos.site import Site, opened_site

TABLES, MENUS, STEPS = 2, 4, 20
CHECKED_EVERY = 250  # sequences
HASH = bcrypt.hashpw(TABLE_PASSWORD.encode(), bcrypt.gensalt(4)).decode()

OPEN = """
WITH store AS (
    INSERT INTO stores (store_name, admin_username, admin_password_hash)
    VALUES ('식당', %(username)s, %(hash)s) RETURNING store_id
), category AS (
    INSERT INTO categories (store_id, category_name) SELECT store_id, '식사' FROM store RETURNING store_id, category_id
), sold AS (
    INSERT INTO menus (store_id, category_id, menu_name, price)
    SELECT store_id, category_id, '메뉴 ' || n, 1000 * n FROM category, generate_series(1, %(menus)s) AS n
    RETURNING menu_id, menu_name, price
), placed AS (
    INSERT INTO tables (store_id, table_number, table_password_hash)
    SELECT store_id, n, %(hash)s FROM store, generate_series(1, %(tables)s) AS n RETURNING table_id, table_number
)
SELECT store_id, (SELECT json_agg(placed ORDER BY table_number) FROM placed),
       (SELECT json_agg(sold ORDER BY menu_id) FROM sold)
  FROM store
"""


@dataclass
class Menu:
    menu_id: int
    menu_name: str
    price: int
    is_available: bool = True
    is_deleted: bool = False


@dataclass
class Table:
    """A table, the session that is on, the tablet's latest token and its session, and what was."""

    table_id: int
    table_number: int
    session_id: str | None = None
    orders: list[dict[str, Any]] = field(default_factory=list)
    token: str | None = None
    token_session: str | None = None
    history: list[dict[str, Any]] = field(default_factory=list)


@dataclass
class Store:
    store_id: int
    token: str
    tables: list[Table]
    menus: list[Menu]
    keys: dict[tuple[str, str], tuple[list[Any], dict[str, Any]]] = field(default_factory=dict)
    voids: list[int] = field(default_factory=list)

    def find(self, order_id: int) -> tuple[Table, dict[str, Any]] | None:
        """The live order and its table."""
        return next(((t, order) for t in self.tables for order in t.orders if order["order_id"] == order_id), None)


class Api:
    """One kept connection to the server, as a tablet or a browser has it."""

    def __init__(self, base: str) -> None:
        self._connection = http.client.HTTPConnection(urlsplit(base).netloc, timeout=30)

    def close(self) -> None:
        """Hang up."""
        self._connection.close()

    def call(
        self, token: str | None, method: str, path: str, body: object = None, **headers: str
    ) -> tuple[int, dict[str, Any]]:
        """The status and the JSON of the answer."""
        sent = {"Content-Type": "application/json"} if body is not None else {}
        sent |= {"Authorization": f"Bearer {token}"} if token else {}
        text = None if body is None else json.dumps(body)
        self._connection.request(method, f"/api/v1{path}", body=text, headers=sent | headers)
        response = self._connection.getresponse()
        return response.status, json.loads(response.read())


picks = st.integers(0, 11)  # of a list, modulo its length


class Restaurants(RuleBasedStateMachine):
    """Two restaurants and their model. `site` and `api` are set before the first run."""

    site: Site
    api: Api
    sequences = 0
    goal = 0

    def __init__(self) -> None:
        super().__init__()
        self.stores = [self._open() for _ in range(2)]
        self.order_ids: list[int] = []
        self.keys: list[str] = ["first"]

    def _open(self) -> Store:
        username = secrets.token_hex(8)
        parameters = {"username": username, "hash": HASH, "menus": MENUS, "tables": TABLES}
        [(store_id, tables, menus)] = self.site.query(OPEN, parameters)
        token = issue_token(AdminIdentity(store_id, username), JWT_SECRET_KEY)
        return Store(store_id, token, [Table(**row) for row in tables], [Menu(**row) for row in menus])

    def _expect(self, status: int, answer: tuple[int, dict[str, Any]], code: str | None = None) -> dict[str, Any]:
        assert (answer[0], answer[1].get("code")) == (status, code), answer
        return answer[1]

    @rule(store=picks, table=picks)
    def log_in(self, store: int, table: int) -> None:
        at, seat = self._table(store, table)
        body = {"store_id": at.store_id, "table_number": seat.table_number, "table_password": TABLE_PASSWORD}
        answer = self._expect(200, self.api.call(None, "POST", "/auth/table/login", body))
        if seat.session_id is None:
            assert answer["session_id"] not in [meal["session_id"] for meal in seat.history]
            seat.session_id = answer["session_id"]
        assert (answer["session_id"], answer["table_id"]) == (seat.session_id, seat.table_id)
        seat.token, seat.token_session = answer["access_token"], seat.session_id

    @rule(
        store=picks,
        table=picks,
        lines=st.lists(st.tuples(picks, st.integers(1, 99)), min_size=1, max_size=4),
        key=st.none() | picks,
        foreign=st.sampled_from([False] * 9 + [True]),
    )
    def order(self, store: int, table: int, lines: list[tuple[int, int]], key: int | None, foreign: bool) -> None:
        at, seat = self._seated(store, table)
        menus = self.stores[(store + 1) % 2].menus if foreign else at.menus
        chosen = [(menus[pick % MENUS], quantity) for pick, quantity in lines]
        body = [{"menu_id": menu.menu_id, "quantity": quantity} for menu, quantity in chosen]
        headers = {} if key is None else {"Idempotency-Key": f"key-{key}"}
        answer = self.api.call(seat.token, "POST", "/customer/orders", {"items": body}, **headers)
        known = at.keys.get((seat.token_session, f"key-{key}")) if key is not None else None
        if known:
            if known[0] == body:
                assert self._expect(201, answer) == known[1]
            else:
                self._expect(422, answer, "idempotency_key_reused")
        elif seat.token_session != seat.session_id:
            self._expect(409, answer, "session_ended")
        elif foreign or any(menu.is_deleted for menu, _ in chosen):
            self._expect(404, answer, "menu_not_found")
        elif not all(menu.is_available for menu, _ in chosen):
            self._expect(409, answer, "menu_sold_out")
        else:
            self._take(at, seat, chosen, body, key, self._expect(201, answer))

    def _take(self, at: Store, seat: Table, chosen: Any, body: Any, key: int | None, order: dict[str, Any]) -> None:
        """A new order, priced as the menu says now."""
        lines = [
            {
                "menu_id": menu.menu_id,
                "menu_name": menu.menu_name,
                "quantity": quantity,
                "unit_price": menu.price,
                "subtotal": menu.price * quantity,
            }
            for menu, quantity in chosen
        ]
        numbers = [line["order_item_id"] for line in order["items"]]
        assert numbers == sorted(set(numbers)) and order["order_id"] not in self.order_ids
        assert order == {
            "order_id": order["order_id"],
            "table_id": seat.table_id,
            "table_number": seat.table_number,
            "session_id": seat.session_id,
            "total_amount": sum(line["subtotal"] for line in lines),
            "status": STATUSES[0],
            "order_time": order["order_time"],
            "items": [{"order_item_id": number} | line for number, line in zip(numbers, lines, strict=True)],
        }
        seat.orders.append(dict(order))
        self.order_ids.append(order["order_id"])
        if key is not None:
            at.keys[seat.session_id, f"key-{key}"] = (body, order)

    @rule(store=picks, order=picks, status=st.sampled_from(STATUSES))
    def move(self, store: int, order: int, status: str) -> None:
        at = self._store(store)
        order_id = self._order_id(order)
        answer = self.api.call(at.token, "PATCH", f"/admin/orders/{order_id}/status", {"status": status})
        if (found := at.find(order_id)) is None:
            self._expect(404, answer, "order_not_found")
        elif STATUSES.index(found[1]["status"]) > STATUSES.index(status):
            self._expect(409, answer, "status_backwards")
        else:
            assert self._expect(200, answer) == {"order_id": order_id, "status": status}
            found[1]["status"] = status

    @rule(store=picks, order=picks)
    def void(self, store: int, order: int) -> None:
        at = self._store(store)
        order_id = self._order_id(order)
        answer = self.api.call(at.token, "DELETE", f"/admin/orders/{order_id}?reason={quote('잘못된 주문')}")
        if (found := at.find(order_id)) is None:
            self._expect(404, answer, "order_not_found")
        else:
            seat, live = found
            assert self._expect(200, answer)["table_id"] == seat.table_id
            seat.orders.remove(live)
            at.voids.append(order_id)

    @rule(store=picks, table=picks, foreign=st.sampled_from([False] * 5 + [True]))
    def end_session(self, store: int, table: int, foreign: bool) -> None:
        at, seat = self._table(store, table)
        caller = self._store(store + 1) if foreign else at
        answer = self.api.call(caller.token, "POST", f"/admin/tables/{seat.table_id}/end-session")
        if foreign:
            self._expect(404, answer, "table_not_found")
        elif seat.session_id is None:
            self._expect(409, answer, "no_active_session")
        else:
            ended = self._expect(200, answer)
            total = sum(order["total_amount"] for order in seat.orders)
            assert (ended["session_id"], ended["total_session_amount"], ended["order_count"]) == (
                seat.session_id,
                total,
                len(seat.orders),
            )
            kept = ("order_id", "order_time", "total_amount", "status", "items")
            orders = [{name: order[name] for name in kept} for order in seat.orders]
            archive = {"orders": orders, "session_total": total}
            seat.history.append({"session_id": seat.session_id, "archived_order_data": archive})
            seat.session_id, seat.orders = None, []

    @rule(store=picks, menu=picks, price=st.integers(1, 100_000), is_available=st.booleans())
    def change_menu(self, store: int, menu: int, price: int, is_available: bool) -> None:
        at = self._store(store)
        changed = at.menus[menu % MENUS]
        body = {"price": price, "is_available": is_available}
        answer = self.api.call(at.token, "PATCH", f"/admin/menus/{changed.menu_id}", body)
        if changed.is_deleted:
            self._expect(404, answer, "menu_not_found")
        else:
            self._expect(200, answer)
            changed.price, changed.is_available = price, is_available

    @rule(store=picks, menu=picks, sure=st.sampled_from([True, False, False]))
    def delete_menu(self, store: int, menu: int, sure: bool) -> None:
        at = self._store(store)
        gone = at.menus[menu % MENUS]
        if sure:
            answer = self.api.call(at.token, "DELETE", f"/admin/menus/{gone.menu_id}")
            self._expect(404, answer, "menu_not_found") if gone.is_deleted else self._expect(200, answer)
            gone.is_deleted = True

    @rule(store=picks, table=picks)
    def look_at_the_menu(self, store: int, table: int) -> None:
        at, seat = self._seated(store, table)
        [category] = self._expect(200, self.api.call(seat.token, "GET", "/customer/menus"))["categories"]
        shown = [(menu["menu_id"], menu["price"], menu["is_available"]) for menu in category["menus"]]
        assert shown == [(menu.menu_id, menu.price, menu.is_available) for menu in at.menus if not menu.is_deleted]

    @rule(store=picks, table=picks)
    def look_at_the_session(self, store: int, table: int) -> None:
        _, seat = self._seated(store, table)
        if seat.token_session == seat.session_id:
            answer = self._expect(200, self.api.call(seat.token, "GET", "/customer/orders"))
            assert answer["orders"] == seat.orders[::-1]
            assert answer["total_session_amount"] == sum(order["total_amount"] for order in seat.orders)

    def teardown(self) -> None:
        """All that can be read is what the model says."""
        for at in self.stores:
            self._compare(at)
        cls = type(self)
        cls.sequences += 1
        if cls.sequences % CHECKED_EVERY == 0 and cls.sequences <= cls.goal:
            report(f"{cls.sequences:,} of {cls.goal:,} sequences")
            check_invariants(self.site)

    def _compare(self, at: Store) -> None:
        shown = self._expect(200, self.api.call(at.token, "GET", "/admin/orders"))
        assert shown["tables"] == [
            {
                "table_id": seat.table_id,
                "table_number": seat.table_number,
                "session_id": seat.session_id,
                "total_amount": sum(order["total_amount"] for order in seat.orders),
                "order_count": len(seat.orders),
                "orders": seat.orders[::-1],
            }
            for seat in at.tables
            if seat.session_id is not None
        ]
        for seat in at.tables:
            history = self._expect(200, self.api.call(at.token, "GET", f"/admin/tables/{seat.table_id}/history"))
            kept = [{name: meal[name] for name in ("session_id", "archived_order_data")} for meal in history["history"]]
            assert kept == seat.history[::-1] and history["total_count"] == len(seat.history)
        voids = self._expect(200, self.api.call(at.token, "GET", "/admin/voids"))
        assert [void["order_id"] for void in voids["voids"]] == at.voids[::-1]

    def _store(self, pick: int) -> Store:
        return self.stores[pick % 2]

    def _table(self, store: int, pick: int) -> tuple[Store, Table]:
        at = self._store(store)
        return at, at.tables[pick % TABLES]

    def _seated(self, store: int, pick: int) -> tuple[Store, Table]:
        """A table whose tablet has logged in, though maybe to a session that is over."""
        if self._table(store, pick)[1].token is None:
            self.log_in(store, pick)
        return self._table(store, pick)

    def _order_id(self, pick: int) -> int:
        """An order of any of the two, live or not; without any, an unknown one."""
        return self.order_ids[-1 - pick % len(self.order_ids)] if self.order_ids else 2_000_000_000


def check_invariants(site: Site) -> None:
    """Raises AssertionError if a rule of sql/checks.sql does not hold."""
    with closing(psycopg2.connect(site.url)) as connection:
        with connection.cursor() as cursor:
            cursor.execute("SET row_security = off")
        assert not (violated := run_checks(connection).violated), violated


def drive(site: Site, sequences: int, number: int, phases: Sequence[Phase] = (Phase.generate, Phase.shrink)) -> None:
    """Run so many sequences; raises AssertionError with the shortest one that goes wrong."""
    cls = Restaurants
    cls.site, cls.sequences, cls.goal = site, 0, sequences
    with closing(Api(site.api.base)) as cls.api:
        run_state_machine_as_test(
            seed(number)(cls),
            settings=settings(
                max_examples=sequences,
                stateful_step_count=STEPS,
                deadline=None,
                database=None,
                phases=phases,
                verbosity=Verbosity.quiet,
                suppress_health_check=list(HealthCheck),
            ),
        )
    check_invariants(site)


def add_parser(attacks: argparse._SubParsersAction) -> None:
    parser = attacks.add_parser("model", help="random business against a model", description=__doc__)
    parser.add_argument("--sequences", type=int, help="how many (default: 1000, with --long 20000)")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> dict[str, object]:
    """What was compared."""
    sequences = options.sequences or (20_000 if options.long else 1000)
    with opened_site(workers=3) as site:
        drive(site, sequences, options.seed)
        [(orders, meals)] = site.query(
            "SELECT (SELECT last_value FROM orders_order_id_seq), (SELECT count(*) FROM order_history)"
        )
    return {"sequences": sequences, "orders placed": orders, "meals archived": meals, "differences": 0}
