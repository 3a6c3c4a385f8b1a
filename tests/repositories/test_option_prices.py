"""Prices, options, limits and stock of random orders against a plain model, and orders while their groups change."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, event, given, settings
from hypothesis import strategies as st

from tableorder.database.connection import Connection
from tableorder.domain.errors import DomainError
from tableorder.domain.identities import TableIdentity
from tableorder.domain.limits import MAX_INTEGER
from tableorder.domain.orders import order_fingerprint
from tableorder.repositories.options import OptionRepository
from tableorder.repositories.orders import OrderRepository
from tableorder.repositories.sessions import SessionRepository
from tests.chaos.model import OPEN
from tests.factories import NO_LIMITS
from tests.interleaving import Stage, opened_stage

UNKNOWN_ID = 2_000_000_000
MENUS, EXAMPLES = 2, 600


@dataclass(eq=False)
class Option:
    delta: int
    is_available: bool
    is_default: bool
    is_retired: bool
    left: int | None
    option_id: int = 0
    name: str = ""

    @property
    def is_on_sale(self) -> bool:
        return self.is_available and self.left != 0


@dataclass(eq=False)
class Group:
    least: int
    most: int
    each: int
    options: list[Option]
    attached: frozenset[int]  # to which of the menus
    group_id: int = 0
    name: str = ""

    @property
    def offered(self) -> list[Option]:
        return [option for option in self.options if not option.is_retired]

    @property
    def can_be_satisfied(self) -> bool:
        return self.least <= self.each * sum(option.is_on_sale for option in self.offered)


@dataclass(eq=False)
class Menu:
    price: int
    is_available: bool
    is_retired: bool
    left: int | None
    menu_id: int = 0


@dataclass
class Card:
    """All that can be ordered."""

    menus: list[Menu]
    groups: list[Group]

    def of(self, number: int) -> list[Group]:
        return [group for group in self.groups if number in group.attached]


@dataclass
class Line:
    """`chosen`: None, or for each option its place in all options of the card and how often."""

    menu: int
    quantity: int
    chosen: list[tuple[int, int]] | None
    expected: int | None


@dataclass
class Priced:
    options: list[tuple[Option, Group, int]] = field(default_factory=list)
    unit_price: int | None = None
    problem: dict[str, Any] | None = None


prices = st.sampled_from([1000, 8000, 9000, 12_000, 500, 1, MAX_INTEGER])
deltas = st.sampled_from([0, 500, 1000, -500, 300, -3000, 2000, -1_000_000_000, 1_000_000_000])
counts = st.sampled_from([None, None, None, None, 0, 1, 3, 6])
mostly = st.sampled_from([True] * 9 + [False])
seldom = mostly.map(lambda value: not value)
options = st.builds(Option, deltas, mostly, st.booleans(), seldom, counts)
bounds = st.tuples(st.sampled_from([0, 0, 0, 1, 2]), st.integers(0, 3), st.integers(1, 3)).map(
    lambda drawn: (drawn[0], max(1, drawn[0] + drawn[1]), min(drawn[2], max(1, drawn[0] + drawn[1])))
)
attachments = st.sampled_from([frozenset({0, 1}), frozenset({0, 1}), frozenset({0}), frozenset({1}), frozenset()])
groups = st.builds(
    lambda bound, offered, attached: Group(*bound, offered, attached),
    bounds,
    st.lists(options, min_size=1, max_size=4),
    attachments,
)
menus = st.builds(Menu, prices, mostly, seldom, st.sampled_from([None, None, None, 0, 2, 5, 12]))
cards = st.builds(Card, st.lists(menus, min_size=MENUS, max_size=MENUS), st.lists(groups, max_size=3))
choices = st.lists(
    st.tuples(st.integers(0, 14), st.sampled_from([1] * 7 + [2])),
    max_size=3,
    unique_by=lambda choice: choice[0],
)
lines = st.lists(
    st.builds(
        Line,
        st.sampled_from([0] * 9 + [1] * 9 + [MENUS]),
        st.sampled_from([1, 1, 2, 3, 99]),
        st.none() | choices,
        st.sampled_from([None] * 15 + [9000]),
    ),
    min_size=1,
    max_size=3,
)
quotes = st.sampled_from([None, None, None, None, 0, 0, 1])  # what is expected besides the total


def price(card: Card, line: Line) -> Priced:
    """What a line comes to before the stock is looked at."""
    if line.menu >= MENUS or card.menus[line.menu].is_retired:
        return Priced(problem={"code": "menu_not_found"})
    menu, offered = card.menus[line.menu], card.of(line.menu)
    priced, first_problem = Priced(), None
    for number, quantity in wanted(card, line, offered):
        group, option = option_at(card, number)
        code = None
        if option is None or group is None or option.is_retired:
            code = "option_not_found"
        elif group not in offered:
            code = "option_not_offered"
        elif not option.is_available:
            code = "option_sold_out"
        if code is None and option and group:
            priced.options.append((option, group, quantity))
        elif first_problem is None:
            first_problem = {"code": code, "option_id": option.option_id if option else UNKNOWN_ID}
    priced.unit_price = menu.price + sum(option.delta * quantity for option, _, quantity in priced.options)
    if not (menu.is_available and all(group.can_be_satisfied for group in offered)):
        priced.problem = {"code": "menu_sold_out"}
    else:
        priced.problem = first_problem or mismatch(card, line, offered)
    if priced.problem is None and priced.unit_price < 1:
        priced.problem = {"code": "line_price_too_low"}
    return priced


def wanted(card: Card, line: Line, offered: list[Group]) -> list[tuple[int, int]]:
    if line.chosen is not None:
        return line.chosen
    every = [option for group in card.groups for option in group.options]
    return [
        (number, 1)
        for group in offered
        for number, option in enumerate(every)
        if option in group.offered and option.is_default and option.is_on_sale
    ]


def option_at(card: Card, number: int) -> tuple[Group | None, Option | None]:
    every = [(group, option) for group in card.groups for option in group.options]
    return every[number] if number < len(every) else (None, None)


def mismatch(card: Card, line: Line, offered: list[Group]) -> dict[str, Any] | None:
    for group in offered:
        picked = [
            (option, quantity)
            for number, quantity in wanted(card, line, offered)
            for of, option in [option_at(card, number)]
            if of is group and option
        ]
        selected = sum(quantity for _, quantity in picked)
        too_often = [option for option, quantity in picked if quantity > group.each]
        if not group.least <= selected <= group.most or too_often:
            found = {"code": "options_mismatch", "group_id": group.group_id, "min_select": group.least}
            found |= {"max_select": group.most, "selected": selected}
            return found | ({"option_id": too_often[0].option_id, "max_each": group.each} if too_often else {})
    return None


def look_at_the_stock(card: Card, sent: list[Line], priced: list[Priced]) -> dict[int, int]:
    """Complete the problems; what the order takes of each thing that is counted, by its identity."""
    needed: dict[int, int] = defaultdict(int)
    for line, result in zip(sent, priced, strict=True):
        if line.menu < MENUS:
            needed[id(card.menus[line.menu])] += line.quantity
        for option, _, quantity in result.options:
            needed[id(option)] += line.quantity * quantity
    for line, result in zip(sent, priced, strict=True):
        if result.problem is None:
            result.problem = shortage(card.menus[line.menu], result, needed)
    return needed


def shortage(menu: Menu, result: Priced, needed: dict[int, int]) -> dict[str, Any] | None:
    if menu.left is not None and menu.left < needed[id(menu)]:
        return {"code": "menu_sold_out", "remaining": menu.left, "requested": needed[id(menu)]}
    for option, _, _ in result.options:
        if option.left is not None and option.left < needed[id(option)]:
            found = {"code": "option_sold_out", "option_id": option.option_id}
            return found | {"remaining": option.left, "requested": needed[id(option)]}
    return None


def total_of(sent: list[Line], priced: list[Priced]) -> int:
    return sum(line.quantity * (result.unit_price or 0) for line, result in zip(sent, priced, strict=True))


# A restaurant in a real database


ADD_GROUP = """
INSERT INTO option_groups (store_id, group_name, min_select, max_select, max_each) VALUES (%s, %s, %s, %s, %s)
RETURNING group_id
"""
ADD_OPTION = """
INSERT INTO options (store_id, group_id, option_name, price_delta, is_available, is_default, deleted_at, display_order)
VALUES (%s, %s, %s, %s, %s, %s, CASE WHEN %s THEN now() END, %s) RETURNING option_id
"""
ADD_MENU = """
INSERT INTO menus (store_id, category_id, menu_name, price, is_available, deleted_at)
SELECT store_id, category_id, '국밥', %s, %s, CASE WHEN %s THEN now() END FROM categories WHERE store_id = %s
RETURNING menu_id
"""
ATTACH = "INSERT INTO menu_option_groups (store_id, menu_id, group_id, display_order) VALUES (%s, %s, %s, %s)"
COUNT = """
WITH counted AS (
    INSERT INTO stock (store_id, menu_id, option_id, remaining) VALUES (%s, %s, %s, %s)
    RETURNING store_id, stock_id, epoch, remaining
)
INSERT INTO stock_moves (store_id, stock_id, epoch, delta, reason)
SELECT store_id, stock_id, epoch, remaining, 'set' FROM counted
"""
LEFT = "SELECT menu_id, option_id, remaining FROM stock WHERE store_id = %s"
FORGET = "DELETE FROM {} WHERE store_id = %s"


@dataclass
class House:
    """A restaurant with one table, whose guests have come."""

    stage: Stage
    store_id: int
    table: TableIdentity
    menu_id: int

    @classmethod
    def open(cls, stage: Stage, name: str) -> House:
        parameters = {"username": name, "hash": "-", "tables": 1, "menus": 1}
        [(store_id, [table], [menu])] = stage.query(OPEN, parameters)
        table_id = table["table_id"]
        house = cls(stage, store_id, TableIdentity(store_id, table_id, 1, ""), menu["menu_id"])
        session_id = house.run(lambda c: SessionRepository(c).join(store_id=store_id, table_id=table_id))
        house.table = TableIdentity(store_id, table_id, 1, session_id)
        return house

    def run(self, work: Callable[[Connection], Any]) -> Any:
        outcome = self.stage.start(self.store_id, work).outcome()
        if isinstance(outcome, Exception) and not isinstance(outcome, DomainError):
            raise outcome
        return outcome

    def place(self, order: dict[str, Any], key: str | None = None) -> Any:
        placed = self.run(lambda c: OrderRepository(c).place(table=self.table, order=order, key=key, limits=NO_LIMITS))
        return placed if isinstance(placed, DomainError) else json.loads(placed)

    def lay_out(self, card: Card) -> None:
        """Offer just this; the ids come into the card."""
        for table in ("orders", "stock", "menu_option_groups", "options", "option_groups", "menus"):
            self.stage.query(FORGET.format(table), (self.store_id,))
        for menu in card.menus:
            values = (menu.price, menu.is_available, menu.is_retired, self.store_id)
            [(menu.menu_id,)] = self.stage.query(ADD_MENU, values)
            if menu.left is not None:
                self.stage.query(COUNT, (self.store_id, menu.menu_id, None, menu.left))
        for place, group in enumerate(card.groups):
            self._add(group, place, card)

    def _add(self, group: Group, place: int, card: Card) -> None:
        group.name = f"그룹 {place}"
        bounds_of = (group.least, group.most, group.each)
        [(group.group_id,)] = self.stage.query(ADD_GROUP, (self.store_id, group.name, *bounds_of))
        for number, option in enumerate(group.options):
            option.name = f"옵션 {place}-{number}"
            values = (option.name, option.delta, option.is_available, option.is_default, option.is_retired, number)
            [(option.option_id,)] = self.stage.query(ADD_OPTION, (self.store_id, group.group_id, *values))
            if option.left is not None:
                self.stage.query(COUNT, (self.store_id, None, option.option_id, option.left))
        for number in group.attached:
            self.stage.query(ATTACH, (self.store_id, card.menus[number].menu_id, group.group_id, place))

    def left(self) -> dict[tuple[int | None, int | None], int]:
        return {(menu_id, option_id): left for menu_id, option_id, left in self.stage.query(LEFT, (self.store_id,))}


@pytest.fixture(scope="module")
def stage(make_database: Callable[[], str]) -> Iterator[Stage]:
    with opened_stage(make_database()) as opened:
        yield opened


def request_of(card: Card, sent: list[Line], expected_total: int | None) -> dict[str, Any]:
    items = []
    for line in sent:
        item = {
            "menu_id": card.menus[line.menu].menu_id if line.menu < MENUS else UNKNOWN_ID,
            "quantity": line.quantity,
        }
        if line.chosen is not None:
            found = [(option_at(card, number)[1], quantity) for number, quantity in line.chosen]
            item["options"] = [
                {"option_id": option.option_id if option else UNKNOWN_ID, "quantity": quantity}
                for option, quantity in found
            ]
        if line.expected is not None:
            item["expected_unit_price"] = line.expected
        items.append(item)
    return {"items": items} | ({} if expected_total is None else {"expected_total": expected_total})


def settle(sent: list[Line], card: Card) -> list[Line]:
    """Let the drawn numbers mean options: mostly some that the menu offers, each once, for twice is refused before."""
    every = [option for group in card.groups for option in group.options]
    for line in sent:
        offered = [n for n, option in enumerate(every) if any(option in g.options for g in card.of(line.menu))]
        if line.chosen is not None:
            chosen = {meant(number, offered, len(every)): quantity for number, quantity in line.chosen}
            line.chosen = [*chosen.items()]
    return sent


def meant(number: int, offered: list[int], known: int) -> int:
    if number < 12 and offered:
        return offered[number % len(offered)]
    return number % known if number < 14 and known else known


def test_random_orders_are_as_the_model_says(stage):
    house = House.open(stage, "model")

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    @given(cards, lines, quotes)
    def check(card, sent, quoted):
        house.lay_out(card)
        sent = settle(sent, card)
        priced = [price(card, line) for line in sent]
        needed = look_at_the_stock(card, sent, priced)
        total = total_of(sent, priced)
        expected = None if quoted is None or not 1 <= total + quoted <= MAX_INTEGER else total + quoted
        answer = house.place(request_of(card, sent, expected))
        accepted = compare(card, sent, priced, expected, answer)
        counted = {(menu.menu_id, None): menu for menu in card.menus if menu.left is not None}
        counted |= {(None, o.option_id): o for g in card.groups for o in g.options if o.left is not None}
        assert house.left() == {ids: each.left - accepted * needed[id(each)] for ids, each in counted.items()}
        orders = stage.query("SELECT count(*) FROM orders WHERE store_id = %s", (house.store_id,))
        assert orders == [(int(accepted),)]
        event("an order" if accepted else answer.code)

    check()


def compare(card: Card, sent: list[Line], priced: list[Priced], expected: int | None, answer: Any) -> bool:
    """Raises AssertionError unless the answer is the model's; whether the order was placed."""
    problems = [(n, result.problem) for n, result in enumerate(priced) if result.problem]
    total = None if problems else total_of(sent, priced)
    is_quoted = expected is not None or any(line.expected is not None for line in sent)
    differs = expected is not None and expected != total_of(sent, priced)
    differs |= any(
        line.expected is not None and result.unit_price is not None and line.expected != result.unit_price
        for line, result in zip(sent, priced, strict=True)
    )
    if is_quoted and (differs or problems):
        assert answer.code == "quote_mismatch", answer
        assert (answer.told()["expected_total"], answer.told()["total"]) == (expected, total)
        found = [(each["item"], each["unit_price"], each["problem"]) for each in answer.told()["lines"]]
        assert found == [(n, result.unit_price, result.problem) for n, result in enumerate(priced)]
    elif problems:
        number, problem = problems[0]
        assert answer.code == problem["code"], (answer, problem)
        details = {"item": number, "menu_id": request_of(card, sent, None)["items"][number]["menu_id"]}
        assert answer.told() == {name: given for name, given in problem.items() if name != "code"} | details
    elif total is not None and total > MAX_INTEGER:
        assert answer.code == "total_too_large"
    else:
        assert not isinstance(answer, DomainError), answer
        assert answer["total_amount"] == total
        for line, result, item in zip(sent, priced, answer["items"], strict=True):
            assert (item["quantity"], item["unit_price"]) == (line.quantity, result.unit_price)
            assert (item["base_price"], item["subtotal"]) == (
                card.menus[line.menu].price,
                line.quantity * (result.unit_price or 0),
            )
            assert [tuple(option.values()) for option in map(in_order, item["options"])] == [
                (option.option_id, group.name, option.name, option.delta, quantity)
                for option, group, quantity in result.options
            ]
        return True
    return False


def in_order(option: dict[str, Any]) -> dict[str, Any]:
    return {n: option[n] for n in ("option_id", "group_name", "option_name", "price_delta", "quantity")}


# While groups change


ORDERS, GUESTS = 60, 3


def test_no_order_is_half_old_and_half_new(stage):
    """An option's name says what it costs, and the menu has the one group or the other. All lines of an order have the
    same, and so have all orders with the same version of the menu."""
    house = House.open(stage, "edits")
    pairs = [add_priced_group(house) for _ in range(2)]

    def edit() -> None:
        for number in range(ORDERS):
            group_id, option_id = pairs[number % 2]
            changes = {"option_name": f"값 {number}", "price_delta": number}
            house.run(lambda c, o=option_id, v=changes: OptionRepository(c).update(option_id=o, changes=v))
            house.run(lambda c, g=group_id: OptionRepository(c).attach(menu_id=house.menu_id, group_ids=[g]))

    def order(_: int) -> list[dict[str, Any]]:
        item = {"menu_id": house.menu_id, "quantity": 1}
        return [house.place({"items": [item] * 3}) for _ in range(ORDERS)]

    with ThreadPoolExecutor(1 + GUESTS) as threads:
        editing = threads.submit(edit)
        placed = [order for orders in threads.map(order, range(GUESTS)) for order in orders]
        editing.result()
    seen: dict[str, set[tuple[str, int]]] = defaultdict(set)
    for each in placed:
        assert not isinstance(each, DomainError), each
        chosen = {
            (option["option_name"], option["price_delta"]) for item in each["items"] for option in item["options"]
        }
        assert all(len(item["options"]) == 1 for item in each["items"])
        assert len(chosen) == 1 and all(name == f"값 {delta}" for name, delta in chosen)
        [(_, delta)] = chosen
        assert each["total_amount"] == 3 * (1000 + delta)
        seen[each["menu_version"]] |= chosen
    assert all(len(chosen) == 1 for chosen in seen.values())
    assert len(seen) > 3  # or else nothing has changed meanwhile


def add_priced_group(house: House) -> tuple[int, int]:
    [(group_id,)] = house.stage.query(ADD_GROUP, (house.store_id, "값", 1, 1, 1))
    [(option_id,)] = house.stage.query(ADD_OPTION, (house.store_id, group_id, "값 0", 0, True, True, False, 0))
    house.run(lambda c: OptionRepository(c).attach(menu_id=house.menu_id, group_ids=[group_id]))
    return group_id, option_id


# Across an upgrade


KEEP = """
INSERT INTO idempotency_keys (session_id, idempotency_key, store_id, request_hash, answer)
VALUES (%s, 'key', %s, %s, %s)
"""


def test_a_key_of_the_release_before_is_the_same_order(stage):
    """It hashed the JSON of the lines alone, and its answers had fewer fields."""
    house = House.open(stage, "upgrade")
    request_hash = hashlib.sha256(f"[[{house.menu_id}, 2], [{house.menu_id}, 1]]".encode()).digest()
    answer = {"order_id": 1, "total_amount": 3000}
    stage.query(KEEP, (house.table.session_id, house.store_id, request_hash, json.dumps(answer)))
    items = [{"menu_id": house.menu_id, "quantity": 2}, {"menu_id": house.menu_id, "quantity": 1}]
    assert house.place({"items": items}, key="key") == answer
    others = [
        {"items": items[::-1]},
        {"items": items, "note": "빨리"},
        {"items": items, "expected_total": 3000},
        {"items": [items[0] | {"options": []}, items[1]]},
        {"items": [items[0] | {"note": "덜 맵게"}, items[1]]},
    ]
    for other in others:
        assert house.place(other, key="key").code == "idempotency_key_reused", other
    assert stage.query("SELECT count(*) FROM orders WHERE store_id = %s", (house.store_id,)) == [(0,)]


def test_the_form_of_the_hash_does_not_change():
    """Made by the release before: another form would take its orders twice."""
    items = [{"menu_id": 7, "quantity": 2}, {"menu_id": 3, "quantity": 1}]
    known = "465515037124608fd07f88ddf2f1b79cef899ef8d32129547162ffb96e6c6476"
    assert order_fingerprint({"items": items}).hex() == known
