"""What two restaurants are after each request, as `bin/chaos model` thinks of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tableorder.domain.identities import AdminIdentity, Role
from tableorder.http.tokens import issue_token
from tests.api.server import JWT_SECRET_KEY

COUNTED = 20  # portions of the last menu, at first
GROUP = {"group_name": "양", "min_select": 1}
PLAIN, WATER = "직원 호출", "물"
MOST = {PLAIN: 1, WATER: 4}  # in one call
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
class Person:
    """One of a store's people; the owner has no `staff_id`. Their token says what held when it was issued."""

    store_id: int
    username: str
    role: Role
    staff_id: int | None = None
    epoch: int = 1
    is_active: bool = True
    token: str = ""
    token_epoch: int = 1
    token_role: Role = "owner"

    def __post_init__(self) -> None:
        identity = AdminIdentity(self.store_id, self.username, role=self.role, staff_id=self.staff_id)
        self.keep(issue_token(identity, JWT_SECRET_KEY))

    def keep(self, token: str) -> None:
        """A token that was issued just now."""
        self.token, self.token_epoch, self.token_role = token, self.epoch, self.role

    @property
    def is_revoked(self) -> bool:
        return self.token_epoch != self.epoch

    @property
    def may_void_later(self) -> bool:
        return self.role != "staff"


@dataclass
class Call:
    """One of a table's calls. `items`: label and quantity, in the order in which they were asked for first."""

    call_id: int
    session_id: str
    items: dict[int | None, tuple[str, int]]
    note: str | None
    asked_times: int = 1
    taken_by: str | None = None
    closed_by: str | None = None
    is_closed: bool = False

    def add(self, items: dict[int | None, tuple[str, int]], note: str | None) -> None:
        """Ask for more."""
        for call_item_id, (label, quantity) in items.items():
            asked = self.items.get(call_item_id, (label, 0))[1] + quantity
            self.items[call_item_id] = (label, min(asked, MOST[label]))
        self.note = note or self.note
        self.asked_times += 1

    def shown(self) -> dict[str, Any]:
        """What the counter is told, without times."""
        return {
            "call_id": self.call_id,
            "session_id": self.session_id,
            "items": [
                {"call_item_id": number, "label": label, "quantity": quantity}
                for number, (label, quantity) in self.items.items()
            ],
            "note": self.note,
            "asked_times": self.asked_times,
            "taken_by": self.taken_by,
            "closed_by": self.closed_by,
        }

    def archived(self) -> dict[str, Any]:
        """What the history keeps, without the time."""
        return {"label": ", ".join(label for label, _ in self.items.values()), "times": self.asked_times}


@dataclass
class Table:
    """A table, the session that is on, the tablet's latest token and its session, and what was."""

    table_id: int
    table_number: int
    session_id: str | None = None
    orders: list[dict[str, Any]] = field(default_factory=list)
    token: str | None = None
    token_session: str | None = None
    calls: list[Call] = field(default_factory=list)  # of the session that is on
    history: list[dict[str, Any]] = field(default_factory=list)

    @property
    def open_call(self) -> Call | None:
        return next((call for call in self.calls if not call.is_closed), None)


@dataclass
class Store:
    store_id: int
    people: list[Person]  # the owner is the first
    tables: list[Table]
    menus: list[Menu]
    water: int  # the call item
    calls: list[Call] = field(default_factory=list)
    options: list[Option] = field(default_factory=list)
    keys: dict[tuple[str, str], tuple[dict[str, Any], dict[str, Any]]] = field(default_factory=dict)
    voids: list[tuple[int, str, list[dict[str, Any]]]] = field(default_factory=list)
    lines: dict[int, list[int]] = field(default_factory=dict)  # of each order, those that are gone, too
    taken: dict[int, Taken] = field(default_factory=dict)  # by each order

    @property
    def token(self) -> str:
        """The owner's."""
        return self.people[0].token

    @property
    def stock(self) -> Stock:
        """Of the last menu, the only one that is counted."""
        stock = self.menus[-1].stock
        assert stock
        return stock

    def find(self, order_id: int) -> tuple[Table, dict[str, Any]] | None:
        """The live order and its table."""
        return next(((t, order) for t in self.tables for order in t.orders if order["order_id"] == order_id), None)
