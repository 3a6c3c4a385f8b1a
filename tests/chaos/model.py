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
- anything about tables, categories, groups of options or call items that are added, changed or deleted, the order of
  menus, passwords, the feed, wrong text, or time that passes: it does none of that.
- an idea of what is right that it shares with the service. A second tap on "end" that ends the next guests' session
  was right for both.
"""

from __future__ import annotations

import argparse
import json
import secrets
from collections.abc import Sequence
from contextlib import closing
from typing import Any
from urllib.parse import quote

import bcrypt
import psycopg2
from hypothesis import HealthCheck, Phase, Verbosity, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from tableorder.backups.checks import run_checks
from tableorder.domain.identities import Role
from tableorder.domain.orders import STATUSES, WAITING
from tableorder.domain.roles import EVERYBODY, FLOOR, KEEPS, MANAGEMENT
from tests.api.client import TABLE_PASSWORD
from tests.chaos.progress import report
from tests.chaos.restaurant import (
    COUNTED,
    GROUP,
    MOST,
    OPTIONS,
    PLAIN,
    WATER,
    Call,
    Line,
    Menu,
    Option,
    Person,
    Stock,
    Store,
    Table,
    Taken,
)
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

STAFF = """
WITH hired AS (
    INSERT INTO staff (store_id, username, display_name, role, password_hash)
    SELECT %(store_id)s, role, role, role, %(hash)s FROM unnest(%(roles)s) AS role
    RETURNING staff_id, username, role
), offered AS (
    INSERT INTO call_items (store_id, label, max_quantity)
    VALUES (%(store_id)s, %(label)s, %(most)s) RETURNING call_item_id
)
SELECT (SELECT json_agg(hired ORDER BY staff_id) FROM hired), (SELECT call_item_id FROM offered)
"""


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
people = st.sampled_from([0, 0, 0, 1, 2, 3])  # mostly the owner
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
        parameters = {"store_id": store_id, "hash": HASH, "roles": [*KEEPS["owner"]]}
        [(staff, water)] = self.site.query(STAFF, parameters | {"label": WATER, "most": MOST[WATER]})
        people = [Person(store_id, username, "owner"), *(Person(store_id, **row) for row in staff)]
        at = Store(store_id, people, [Table(**row) for row in tables], [Menu(**row) for row in menus], water)
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

    def _ask(
        self, at: Store, who: int, roles: Sequence[Role], method: str, path: str, body: object = None
    ) -> tuple[int, dict[str, Any]] | None:
        """What one of the store's people is answered; None if it must be, and was, refused because of who asks."""
        person = at.people[who]
        answer = self.api.call(person.token, method, path, body)
        if person.token_role not in roles:
            self._expect(403, answer, "role_not_allowed")
        elif person.is_revoked:
            self._expect(401, answer, "token_revoked")
        else:
            return answer
        return None

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

    @rule(store=picks, who=people, order=picks, status=st.sampled_from(STATUSES))
    def move(self, store: int, who: int, order: int, status: str) -> None:
        at = self._store(store)
        order_id = self._order_id(order)
        answer = self._ask(at, who, EVERYBODY, "PATCH", f"/admin/orders/{order_id}/status", {"status": status})
        if answer is None:
            return
        if (found := at.find(order_id)) is None:
            self._expect(404, answer, "order_not_found")
        elif STATUSES.index(found[1]["status"]) > STATUSES.index(status):
            self._expect(409, answer, "status_backwards")
        else:
            assert self._expect(200, answer) == {"order_id": order_id, "status": status}
            found[1]["status"] = status

    @rule(store=picks, who=people, order=picks, restock=st.booleans())
    def void(self, store: int, who: int, order: int, restock: bool) -> None:
        at = self._store(store)
        order_id = self._order_id(order)
        asked = f"reason={quote('잘못된 주문')}&restock={json.dumps(restock)}"
        answer = self._ask(at, who, FLOOR, "DELETE", f"/admin/orders/{order_id}?{asked}")
        if answer is None:
            return
        if (found := at.find(order_id)) is None:
            self._expect(404, answer, "order_not_found")
        elif found[1]["status"] != WAITING and not at.people[who].may_void_later:
            self._expect(403, answer, "approval_required")
        else:
            seat, live = found
            assert self._expect(200, answer)["table_id"] == seat.table_id
            self._take_off(at, seat, live, {line["order_item_id"]: 0 for line in live["items"]}, restock=restock)

    @rule(
        store=picks,
        who=people,
        order=picks,
        keeps=st.lists(st.integers(0, 3) | st.integers(0, 99), min_size=1, max_size=4),
        restock=st.booleans(),
    )
    def void_lines(self, store: int, who: int, order: int, keeps: list[int], restock: bool) -> None:
        """Of the first lines of the order, gone or not, so many are to remain."""
        at = self._store(store)
        order_id = self._order_id(order)
        numbers = at.lines.get(order_id, [1])
        kept = dict(zip(numbers, keeps, strict=False))
        lines = [{"order_item_id": number, "keep": keep} for number, keep in kept.items()]
        body = {"lines": lines, "reason": "일부 취소", "restock": restock}
        answer = self._ask(at, who, FLOOR, "POST", f"/admin/orders/{order_id}/void-lines", body)
        if answer is None:
            return
        if (found := at.find(order_id)) is None:
            self._expect(404, answer, "order_not_found")
            return
        seat, live = found
        if live["status"] != WAITING and not at.people[who].may_void_later:
            self._expect(403, answer, "approval_required")
            return
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

    @rule(store=picks, who=people, table=picks, foreign=st.sampled_from([False] * 5 + [True]))
    def end_session(self, store: int, who: int, table: int, foreign: bool) -> None:
        at, seat = self._table(store, table)
        caller = self._store(store + 1) if foreign else at
        answer = self._ask(caller, who, FLOOR, "POST", f"/admin/tables/{seat.table_id}/end-session")
        if answer is None:
            return
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
            archive = {
                "orders": orders,
                "session_total": total,
                "calls": [call.archived() for call in seat.calls],
            }
            seat.history.append({"session_id": seat.session_id, "archived_order_data": archive})
            for call in seat.calls:
                call.is_closed = True
            seat.session_id, seat.orders, seat.calls = None, [], []

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

    @rule(store=picks, who=people, remaining=st.none() | st.integers(0, 150))
    def count(self, store: int, who: int, remaining: int | None) -> None:
        at = self._store(store)
        body = {"menu_id": at.menus[-1].menu_id, "remaining": remaining}
        answer = self._ask(at, who, EVERYBODY, "PUT", "/admin/stock", body)
        if answer is None:
            return
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

    @rule(store=picks, who=people, menu=picks, price=st.integers(1, 100_000), is_available=st.booleans())
    def change_menu(self, store: int, who: int, menu: int, price: int, is_available: bool) -> None:
        at = self._store(store)
        changed = at.menus[menu % MENUS]
        body = {"price": price, "is_available": is_available}
        answer = self._ask(at, who, MANAGEMENT, "PATCH", f"/admin/menus/{changed.menu_id}", body)
        if answer is None:
            return
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

    @rule(
        store=picks,
        table=picks,
        wanted=st.lists(st.tuples(st.sampled_from([PLAIN, WATER]), st.integers(1, 5)), max_size=2),
        foreign=st.sampled_from([False] * 9 + [True]),
        note=notes,
    )
    def call_staff(
        self, store: int, table: int, wanted: list[tuple[str, int]], foreign: bool, note: str | None
    ) -> None:
        at, seat = self._seated(store, table)
        water = self._store(store + 1).water if foreign else at.water
        asked = [(water if label == WATER else None, label, quantity) for label, quantity in wanted]
        items = [{"call_item_id": number, "quantity": quantity} for number, _, quantity in asked]
        answer = self.api.call(
            seat.token, "POST", "/customer/calls", {"items": items} | ({"note": note} if note else {})
        )
        wrong = [
            (404, "call_item_not_found") if foreign and label == WATER else (409, "call_quantity_too_large")
            for _, label, quantity in asked
            if (foreign and label == WATER) or quantity > MOST[label]
        ]
        if seat.token_session != seat.session_id:
            self._expect(409, answer, "session_ended")
        elif wrong:
            self._expect(wrong[0][0], answer, wrong[0][1])
        else:
            self._note_call(at, seat, asked or [(None, PLAIN, 1)], note, answer)

    def _note_call(
        self, at: Store, seat: Table, asked: list[tuple[int | None, str, int]], note: str | None, answer: Any
    ) -> None:
        """A new call, or more of the one that is open."""
        items: dict[int | None, tuple[str, int]] = {}
        for number, label, quantity in asked:
            items[number] = (label, min(MOST[label], items.get(number, (label, 0))[1] + quantity))
        call = seat.open_call
        told = self._expect(200 if call else 201, answer)
        if call:
            call.add(items, note)
        else:
            call = Call(told["call_id"], seat.session_id or "", items, note)
            assert call.call_id not in [other.call_id for each in self.stores for other in each.calls]
            seat.calls.append(call)
            at.calls.append(call)
        assert (
            told.items() >= {name: call.shown()[name] for name in ("call_id", "items", "note", "asked_times")}.items()
        )

    @rule(store=picks, table=picks)
    def take_call_back(self, store: int, table: int) -> None:
        _, seat = self._seated(store, table)
        answer = self.api.call(seat.token, "DELETE", "/customer/calls/current")
        if seat.token_session != seat.session_id:
            self._expect(409, answer, "session_ended")
        else:
            assert self._expect(200, answer) == {"call": None}
            if call := seat.open_call:
                call.is_closed = True

    @rule(store=picks, who=people, call=picks, done=st.booleans(), foreign=st.sampled_from([False] * 5 + [True]))
    def answer_call(self, store: int, who: int, call: int, done: bool, foreign: bool) -> None:
        """Take a call or close it; the same again changes nothing."""
        at = self._store(store)
        of = self._store(store + 1) if foreign else at
        wanted = of.calls[call % len(of.calls)] if of.calls else None
        path = f"/admin/calls/{wanted.call_id if wanted else 1_000_000_000}/{'close' if done else 'take'}"
        answer = self._ask(at, who, FLOOR, "POST", path)
        if answer is None:
            return
        if wanted is None or foreign:
            self._expect(404, answer, "call_not_found")
            return
        person = at.people[who].username
        if not wanted.is_closed and done:
            wanted.closed_by, wanted.is_closed = person, True
        elif not wanted.is_closed:
            wanted.taken_by = wanted.taken_by or person
        assert self._expect(200, answer).items() >= wanted.shown().items()

    @rule(store=picks, person=st.integers(1, 3))
    def log_person_in(self, store: int, person: int) -> None:
        """With the right password; wrong ones would be counted."""
        at = self._store(store)
        one = at.people[person]
        if one.is_active:
            body = {"store_id": at.store_id, "username": one.username, "password": TABLE_PASSWORD}
            one.keep(self._expect(200, self.api.call(None, "POST", "/auth/admin/login", body))["access_token"])

    @rule(store=picks, person=st.integers(1, 3))
    def log_person_out(self, store: int, person: int) -> None:
        at = self._store(store)
        if answer := self._ask(at, person, EVERYBODY, "POST", "/auth/logout"):
            self._expect(200, answer)
            at.people[person].epoch += 1

    @rule(
        store=picks,
        who=people,
        person=st.integers(1, 3),
        change=st.sampled_from([{}, {"is_active": False}, {"is_active": True}, *({"role": r} for r in KEEPS["owner"])]),
    )
    def change_person(self, store: int, who: int, person: int, change: dict[str, Any]) -> None:
        """Change an account; without a change revoke its tokens."""
        at = self._store(store)
        one = at.people[person]
        path = f"/admin/staff/{one.staff_id}"
        call = ("PATCH", path, change) if change else ("POST", f"{path}/revoke")
        asks = at.people[who]
        if asks.token_role in KEEPS and change.get("role", "kitchen") not in KEEPS[asks.token_role]:
            # What is asked for is looked at before the token's epoch is.
            self._expect(403, self.api.call(asks.token, *call), "role_not_allowed")
            return
        answer = self._ask(at, who, MANAGEMENT, *call)
        if answer is None:
            return
        if one.role not in KEEPS[asks.role]:
            self._expect(403, answer, "role_not_allowed")
            return
        told = self._expect(200, answer)
        before = (one.role, one.is_active)
        one.role, one.is_active = change.get("role", one.role), change.get("is_active", one.is_active)
        one.epoch += not change or (one.role, one.is_active) != before
        assert (told["role"], told["is_active"]) == (one.role, one.is_active)

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
            for call in [call for meal in kept for call in meal["archived_order_data"]["calls"]]:
                assert call.pop("seconds") >= 0
            assert kept == seat.history[::-1] and history["total_count"] == len(seat.history)
        voids = self._expect(200, self.api.call(at.token, "GET", "/admin/voids"))
        assert [(void["order_id"], void["kind"], void["lines"]) for void in voids["voids"]] == at.voids[::-1]
        calls = self._expect(200, self.api.call(at.token, "GET", "/admin/calls?limit=100"))["calls"]
        assert [call["call_id"] for call in calls] == [call.call_id for call in at.calls[::-1]]
        for told, call in zip(calls, at.calls[::-1], strict=True):
            assert told.items() >= call.shown().items() and (told["closed_at"] is not None) == call.is_closed
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
    with opened_site(workers=3, LIMIT_CALL_RATE="0") as site:
        drive(site, sequences, options.seed)
        [(orders, meals)] = site.query(
            "SELECT (SELECT last_value FROM orders_order_id_seq), (SELECT count(*) FROM order_history)"
        )
    return {"sequences": sequences, "orders placed": orders, "meals archived": meals, "differences": 0}
