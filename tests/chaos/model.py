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
- anything about tables, categories or groups of options that are added, changed or deleted, the order of menus,
  passwords, the feed, wrong text, or time that passes: it does none of that.
- an idea of what is right that it shares with the service. A second tap on "end" that ends the next guests' session
  was right for both.
"""

from __future__ import annotations

import argparse
import json
import secrets
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import bcrypt
import psycopg2
from hypothesis import HealthCheck, Phase, Verbosity, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from tableorder.backups.checks import run_checks
from tableorder.domain.identities import AdminIdentity
from tableorder.domain.orders import STATUSES, WAITING
from tableorder.http.tokens import issue_token
from tests.api.client import TABLE_PASSWORD
from tests.api.server import JWT_SECRET_KEY
from tests.chaos.progress import report
from tests.chaos.site import Site, opened_site
from tests.connections import connect

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


COUNTED = 20  # portions of the last menu, at first
GROUP = {"group_name": "양", "min_select": 1}
OPTIONS = ({"option_name": "보통", "is_default": True}, {"option_name": "곱빼기", "price_delta": 500})


@dataclass
class Option:
    option_id: int
    option_name: str
    price_delta: int
    is_default: bool
    is_available: bool = True

    def as_chosen(self) -> dict[str, Any]:
        """What an order keeps of it."""
        kept = {"option_id": self.option_id, "option_name": self.option_name, "price_delta": self.price_delta}
        return kept | {"group_name": GROUP["group_name"], "quantity": 1}


@dataclass
class Stock:
    stock_id: int
    remaining: int | None
    epoch: int = 1


@dataclass
class Menu:
    """One with `options` needs one of them; they are the same of all menus that have any."""

    menu_id: int
    menu_name: str
    price: int
    is_available: bool = True
    is_deleted: bool = False
    options: list[Option] = field(default_factory=list)
    stock: Stock | None = None

    @property
    def can_be_satisfied(self) -> bool:
        return not self.options or any(option.is_available for option in self.options)

    @property
    def is_orderable(self) -> bool:
        is_left = self.stock is None or self.stock.remaining != 0
        return self.is_available and is_left and self.can_be_satisfied


@dataclass
class Line:
    """A line of an order as it is sent. `option`: of the store's, None if the line says nothing about options."""

    menu: Menu
    quantity: int
    option: Option | None
    note: str | None

    def sent(self) -> dict[str, Any]:
        body: dict[str, Any] = {"menu_id": self.menu.menu_id, "quantity": self.quantity}
        if self.option:
            body["options"] = [{"option_id": self.option.option_id}]
        return body | ({"note": self.note} if self.note else {})

    @property
    def chosen(self) -> list[Option]:
        if self.option:
            return [self.option]
        return [option for option in self.menu.options if option.is_default and option.is_available]

    @property
    def unit_price(self) -> int:
        return self.menu.price + sum(option.price_delta for option in self.chosen)

    def problem(self, wanted: int, *, foreign: bool) -> tuple[int, str] | None:
        """The status and the code of what refuses the line, in an order for so many of its menu."""
        if foreign or self.menu.is_deleted:
            return 404, "menu_not_found"
        if not self.menu.is_available or not self.menu.can_be_satisfied:
            return 409, "menu_sold_out"
        if self.option and self.option not in self.menu.options:
            return 409, "option_not_offered"
        if self.option and not self.option.is_available:
            return 409, "option_sold_out"
        if self.menu.options and not self.chosen:
            return 409, "options_mismatch"
        if self.unit_price < 1:
            return 409, "line_price_too_low"
        stock = self.menu.stock
        if stock and stock.remaining is not None and stock.remaining < wanted:
            return 409, "menu_sold_out"
        return None


@dataclass
class Taken:
    """What an order has taken of a stock and not given back."""

    stock: Stock
    epoch: int
    quantity: int


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
    options: list[Option] = field(default_factory=list)
    keys: dict[tuple[str, str], tuple[dict[str, Any], dict[str, Any]]] = field(default_factory=dict)
    voids: list[tuple[int, str, list[dict[str, Any]]]] = field(default_factory=list)
    lines: dict[int, list[int]] = field(default_factory=dict)  # of each order, those that are gone, too
    taken: dict[int, Taken] = field(default_factory=dict)  # by each order

    @property
    def stock(self) -> Stock:
        """Of the last menu, the only one that is counted."""
        stock = self.menus[-1].stock
        assert stock
        return stock

    def find(self, order_id: int) -> tuple[Table, dict[str, Any]] | None:
        """The live order and its table."""
        return next(((t, order) for t in self.tables for order in t.orders if order["order_id"] == order_id), None)


class Api:
    """One kept connection to the server, as a tablet or a browser has it."""

    def __init__(self, base: str) -> None:
        self._connection = connect(base, timeout=30)

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
notes = st.sampled_from([None, None, None, "파 빼고", "덜 맵게 🌶️"])


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
        at = Store(store_id, token, [Table(**row) for row in tables], [Menu(**row) for row in menus])
        self._equip(at)
        return at

    def _equip(self, at: Store) -> None:
        """The first two menus have options, and the last one is counted."""
        group_id = self._expect(201, self.api.call(at.token, "POST", "/admin/option-groups", GROUP))["group_id"]
        for body in OPTIONS:
            path = f"/admin/option-groups/{group_id}/options"
            added = self._expect(201, self.api.call(at.token, "POST", path, body))
            fields = ("option_id", "option_name", "price_delta", "is_default")
            at.options.append(Option(**{name: added[name] for name in fields}))
        for menu in at.menus[:2]:
            path = f"/admin/menus/{menu.menu_id}/option-groups"
            self._expect(200, self.api.call(at.token, "PUT", path, {"group_ids": [group_id]}))
            menu.options = at.options
        body = {"menu_id": at.menus[-1].menu_id, "remaining": COUNTED}
        counted = self._expect(200, self.api.call(at.token, "PUT", "/admin/stock", body))
        at.menus[-1].stock = Stock(counted["stock_id"], COUNTED)

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
        lines=st.lists(
            st.tuples(picks, st.integers(1, 99) | st.integers(1, 4), st.none() | picks, notes), min_size=1, max_size=3
        ),
        note=notes,
        beside=st.sampled_from([None] * 4 + [0, 0, 1]),
        key=st.none() | picks,
        foreign=st.sampled_from([False] * 9 + [True]),
    )
    def order(
        self,
        store: int,
        table: int,
        lines: list[tuple[int, int, int | None, str | None]],
        note: str | None,
        beside: int | None,
        key: int | None,
        foreign: bool,
    ) -> None:
        """An order, maybe with a quote: `beside` is how far from the total it is."""
        at, seat = self._seated(store, table)
        menus = self.stores[(store + 1) % 2].menus if foreign else at.menus
        chosen = [
            Line(menus[pick % MENUS], quantity, self._option(at, menus[pick % MENUS], option), said)
            for pick, quantity, option, said in lines
        ]
        total = sum(line.unit_price * line.quantity for line in chosen)
        body: dict[str, Any] = {"items": [line.sent() for line in chosen]}
        body |= {"note": note} if note else {}
        quoted = None if beside is None else max(1, total + beside)
        body |= {} if quoted is None else {"expected_total": quoted}
        headers = {} if key is None else {"Idempotency-Key": f"key-{key}"}
        answer = self.api.call(seat.token, "POST", "/customer/orders", body, **headers)
        known = at.keys.get((seat.token_session or "", f"key-{key}")) if key is not None else None
        problems = [problem for line in chosen if (problem := self._problem(line, chosen, foreign=foreign))]
        if known:
            if known[0] == body:
                assert self._expect(201, answer) == known[1]
            else:
                self._expect(422, answer, "idempotency_key_reused")
        elif seat.token_session != seat.session_id:
            self._expect(409, answer, "session_ended")
        elif quoted is not None and (problems or quoted != total):
            self._compare_quote(chosen, total, foreign, self._expect(409, answer, "quote_mismatch"))
        elif problems:
            status, code = problems[0]
            self._expect(status, answer, code)
        else:
            self._take(at, seat, chosen, body, key, self._expect(201, answer))

    def _option(self, at: Store, menu: Menu, pick: int | None) -> Option | None:
        """Mostly one that the menu has."""
        if pick is None or (not menu.options and pick > 1):
            return None
        return at.options[pick % len(OPTIONS)]

    def _problem(self, line: Line, lines: list[Line], *, foreign: bool) -> tuple[int, str] | None:
        wanted = sum(other.quantity for other in lines if other.menu is line.menu)
        return line.problem(wanted, foreign=foreign)

    def _compare_quote(self, lines: list[Line], total: int, foreign: bool, answer: dict[str, Any]) -> None:
        """All lines are told, each with what is wrong."""
        problems = [self._problem(line, lines, foreign=foreign) for line in lines]
        told = [each["problem"] and each["problem"]["code"] for each in answer["lines"]]
        assert told == [problem and problem[1] for problem in problems]
        assert answer["total"] == (None if any(problems) else total)

    def _take(
        self, at: Store, seat: Table, chosen: list[Line], body: Any, key: int | None, order: dict[str, Any]
    ) -> None:
        """A new order, priced as the menu says now."""
        lines = [
            {
                "menu_id": line.menu.menu_id,
                "menu_name": line.menu.menu_name,
                "display_name": None,
                "category_name": "식사",
                "quantity": line.quantity,
                "base_price": line.menu.price,
                "options": [option.as_chosen() for option in line.chosen],
                "unit_price": line.unit_price,
                "subtotal": line.unit_price * line.quantity,
                "note": line.note,
            }
            for line in chosen
        ]
        numbers = [line["order_item_id"] for line in order["items"]]
        assert numbers == sorted(set(numbers)) and order["order_id"] not in self.order_ids
        assert order == {
            "order_id": order["order_id"],
            "table_id": seat.table_id,
            "table_number": seat.table_number,
            "session_id": seat.session_id,
            "total_amount": sum(line.unit_price * line.quantity for line in chosen),
            "status": STATUSES[0],
            "order_time": order["order_time"],
            "note": body.get("note"),
            "menu_version": order["menu_version"],
            "items": [{"order_item_id": number} | line for number, line in zip(numbers, lines, strict=True)],
        }
        seat.orders.append(dict(order))
        self.order_ids.append(order["order_id"])
        at.lines[order["order_id"]] = numbers
        self._take_from_stock(at, order["order_id"], chosen)
        if key is not None and seat.session_id:
            at.keys[seat.session_id, f"key-{key}"] = (body, order)

    def _take_from_stock(self, at: Store, order_id: int, lines: list[Line]) -> None:
        quantity = sum(line.quantity for line in lines if line.menu.stock)
        if quantity and at.stock.remaining is not None:
            at.stock.remaining -= quantity
            at.taken[order_id] = Taken(at.stock, at.stock.epoch, quantity)

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

    @rule(store=picks, order=picks, restock=st.booleans())
    def void(self, store: int, order: int, restock: bool) -> None:
        at = self._store(store)
        order_id = self._order_id(order)
        asked = f"reason={quote('잘못된 주문')}&restock={json.dumps(restock)}"
        answer = self.api.call(at.token, "DELETE", f"/admin/orders/{order_id}?{asked}")
        if (found := at.find(order_id)) is None:
            self._expect(404, answer, "order_not_found")
        else:
            seat, live = found
            assert self._expect(200, answer)["table_id"] == seat.table_id
            self._take_off(at, seat, live, {line["order_item_id"]: 0 for line in live["items"]}, restock=restock)

    @rule(
        store=picks,
        order=picks,
        keeps=st.lists(st.integers(0, 3) | st.integers(0, 99), min_size=1, max_size=4),
        restock=st.booleans(),
    )
    def void_lines(self, store: int, order: int, keeps: list[int], restock: bool) -> None:
        """Of the first lines of the order, gone or not, so many are to remain."""
        at = self._store(store)
        order_id = self._order_id(order)
        numbers = at.lines.get(order_id, [1])
        kept = dict(zip(numbers, keeps, strict=False))
        lines = [{"order_item_id": number, "keep": keep} for number, keep in kept.items()]
        body = {"lines": lines, "reason": "일부 취소", "restock": restock}
        answer = self.api.call(at.token, "POST", f"/admin/orders/{order_id}/void-lines", body)
        if (found := at.find(order_id)) is None:
            self._expect(404, answer, "order_not_found")
            return
        seat, live = found
        present = {line["order_item_id"]: line["quantity"] for line in live["items"]}
        if any(keep > present.get(number, 0) for number, keep in kept.items()):
            self._expect(409, answer, "keep_too_large")
            return
        done = self._expect(200, answer)
        self._take_off(at, seat, live, kept, restock=restock)
        assert done == live if live in seat.orders else done["table_id"] == seat.table_id

    def _take_off(self, at: Store, seat: Table, live: dict[str, Any], kept: dict[int, int], *, restock: bool) -> None:
        """Leave so many of some lines of a live order."""
        gone, left = [], []
        for line in live["items"]:
            keep = kept.get(line["order_item_id"], line["quantity"])
            if keep < line["quantity"]:
                gone.append(line | {"voided_quantity": line["quantity"] - keep})
            if keep:
                left.append(line | {"quantity": keep, "subtotal": line["unit_price"] * keep})
        if gone:
            at.voids.append((live["order_id"], "lines" if left else "order", gone))
            self._give_back(at, live, gone, restock=restock)
        if left:
            live["items"], live["total_amount"] = left, sum(line["subtotal"] for line in left)
        else:
            seat.orders.remove(live)

    def _give_back(self, at: Store, live: dict[str, Any], gone: list[dict[str, Any]], *, restock: bool) -> None:
        """What was not cooked, into the epoch that it was taken from."""
        taken, stock = at.taken.get(live["order_id"]), at.stock
        if (
            taken
            and stock.remaining is not None
            and stock.epoch == taken.epoch
            and (restock or live["status"] == WAITING)
        ):
            counted = at.menus[-1].menu_id
            quantity = sum(line["voided_quantity"] for line in gone if line["menu_id"] == counted)
            stock.remaining += quantity
            taken.quantity -= quantity
            assert taken.quantity >= 0

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
            kept = ("order_id", "order_time", "total_amount", "status", "note", "menu_version", "items")
            orders = [
                {name: order[name] for name in kept} | {"voided_lines": self._voided_lines(at, order["order_id"])}
                for order in seat.orders
            ]
            archive = {"orders": orders, "session_total": total, "calls": []}
            seat.history.append({"session_id": seat.session_id, "archived_order_data": archive})
            seat.session_id, seat.orders = None, []

    def _voided_lines(self, at: Store, order_id: int) -> list[dict[str, Any]]:
        return [line for voided_id, _, lines in at.voids if voided_id == order_id for line in lines]

    @rule(
        store=picks,
        option=picks,
        price_delta=st.integers(-3000, 3000),
        is_available=st.sampled_from([True, True, False]),
    )
    def change_option(self, store: int, option: int, price_delta: int, is_available: bool) -> None:
        at = self._store(store)
        changed = at.options[option % len(OPTIONS)]
        body = {"price_delta": price_delta, "is_available": is_available}
        self._expect(200, self.api.call(at.token, "PATCH", f"/admin/options/{changed.option_id}", body))
        changed.price_delta, changed.is_available = price_delta, is_available

    @rule(store=picks, remaining=st.none() | st.integers(0, 150))
    def count(self, store: int, remaining: int | None) -> None:
        at = self._store(store)
        body = {"menu_id": at.menus[-1].menu_id, "remaining": remaining}
        answer = self.api.call(at.token, "PUT", "/admin/stock", body)
        if at.menus[-1].is_deleted:
            self._expect(404, answer, "menu_not_found")
        else:
            at.stock.remaining, at.stock.epoch = remaining, at.stock.epoch + 1
            counted = self._expect(200, answer)
            assert (counted["remaining"], counted["epoch"]) == (remaining, at.stock.epoch)

    @rule(store=picks, delta=st.integers(-20, 20).filter(bool))
    def adjust(self, store: int, delta: int) -> None:
        at = self._store(store)
        body = {"delta": delta, "reason": "added" if delta > 0 else "waste"}
        path, key = f"/admin/stock/{at.stock.stock_id}/adjust", {"Idempotency-Key": secrets.token_hex(8)}
        answer = self.api.call(at.token, "POST", path, body, **key)
        if at.stock.remaining is None:
            self._expect(409, answer, "stock_not_counted")
        elif at.stock.remaining + delta < 0:
            self._expect(409, answer, "stock_short")
        else:
            at.stock.remaining += delta
            changed = self._expect(200, answer)
            assert changed["remaining"] == at.stock.remaining
            assert self._expect(200, self.api.call(at.token, "POST", path, body, **key)) == changed

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
        assert shown == [(menu.menu_id, menu.price, menu.is_orderable) for menu in at.menus if not menu.is_deleted]

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
        assert [(void["order_id"], void["kind"], void["lines"]) for void in voids["voids"]] == at.voids[::-1]
        stock = self._expect(200, self.api.call(at.token, "GET", "/admin/stock"))["stock"]
        is_listed = at.stock.remaining is not None and not at.menus[-1].is_deleted
        assert [(each["stock_id"], each["remaining"]) for each in stock] == (
            [(at.stock.stock_id, at.stock.remaining)] if is_listed else []
        )

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
