"""What is asked for: lists of requests, the same for whoever is measured."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.bench.town import ITEMS, MENUS, ORDERS, PASSWORD, TABLES, Town

API = "/api/v1"


@dataclass(frozen=True)
class Request:
    """One request, as it goes over the wire."""

    method: str
    path: str
    headers: dict[str, str]
    body: str = ""


@dataclass(frozen=True)
class Workload:
    """A kind of load.

    `writes`: it leaves traces; `once`: no request may come a second time; `connections`: so many instead of the
    usual number, and `least_seconds` for a run at least, because each request is long work.
    """

    name: str
    make: Callable[[Town, random.Random], list[Request]]
    writes: bool = False
    once: bool = False
    connections: int | None = None
    least_seconds: float = 0

    def requests(self, town: Town) -> list[Request]:
        """The same list for the same town."""
        return self.make(town, random.Random(self.name))


def write_lua(requests: list[Request], file: Path) -> None:
    """The requests as load.lua reads them."""
    rows = (
        f"{{{_lua(each.method)}, {_lua(each.path)}, {{{_lua_pairs(each.headers)}}}, {_lua(each.body)}}}"
        for each in requests
    )
    file.write_text("return {\n" + ",\n".join(rows) + "\n}\n")


def _lua(text: str) -> str:
    """An ASCII text as Lua writes it, which is as JSON does."""
    return json.dumps(text)


def _lua_pairs(pairs: dict[str, str]) -> str:
    return ", ".join(f"[{_lua(name)}] = {_lua(value)}" for name, value in pairs.items())


def _tablets(town: Town, draw: random.Random) -> list[int]:
    """Every table once, in random order; of a large town not all of them."""
    return draw.sample(range(1, town.stores * TABLES + 1), min(4000, town.stores * TABLES))


def _tablet(town: Town, table_id: int, method: str, path: str, body: object = None, **headers: str) -> Request:
    return _request(town.table_token(table_id), method, path, body, headers)


def _counter(town: Town, store_id: int, method: str, path: str, body: object = None) -> Request:
    return _request(town.admin_token(store_id), method, path, body, {})


def _request(token: str, method: str, path: str, body: object, headers: dict[str, str]) -> Request:
    given = {"Authorization": f"Bearer {token}"} | headers
    if body is None:
        return Request(method, API + path, given)
    return Request(method, API + path, given | {"Content-Type": "application/json"}, json.dumps(body))


def menus(town: Town, draw: random.Random) -> list[Request]:
    return [_tablet(town, table_id, "GET", "/customer/menus") for table_id in _tablets(town, draw)]


def menus_304(town: Town, draw: random.Random) -> list[Request]:
    versions = town.menu_versions()
    return [
        _tablet(
            town, table, "GET", "/customer/menus", **{"If-None-Match": f'"{versions[(table - 1) // TABLES + 1]}.all"'}
        )
        for table in _tablets(town, draw)
    ]


def order(town: Town, draw: random.Random) -> list[Request]:
    return [_place(town, table_id, draw) for table_id in _tablets(town, draw)]


def orders(town: Town, draw: random.Random) -> list[Request]:
    return [_tablet(town, table_id, "GET", "/customer/orders") for table_id in _tablets(town, draw)]


def dashboard(town: Town, draw: random.Random) -> list[Request]:
    stores = draw.sample(range(1, town.stores + 1), town.stores)
    return [_counter(town, store_id, "GET", "/admin/orders") for store_id in stores]


def status(town: Town, draw: random.Random) -> list[Request]:
    """Ten thousand orders move on once, and then once more; a file of Lua holds no more."""
    order_ids = draw.sample(range(1, town.orders + 1), min(10_000, town.orders))
    return [_move(town, order_id, status) for status in ("준비중", "완료") for order_id in order_ids]


def login(town: Town, draw: random.Random) -> list[Request]:
    return [_log_in(table_id) for table_id in _tablets(town, draw)]


def mix(town: Town, draw: random.Random) -> list[Request]:
    """70 % menus, 15 % a session's orders, 10 % new orders, 5 % the counter (three looks to two changes of state)."""
    kinds = draw.choices(("menus", "orders", "order", "dashboard", "status"), (70, 15, 10, 3, 2), k=4000)
    tables, order_ids = _tablets(town, draw), draw.sample(range(1, town.orders + 1), min(4000, town.orders))
    return [
        _mixed(kind, town, tables[position % len(tables)], order_ids[position % len(order_ids)], draw)
        for position, kind in enumerate(kinds)
    ]


def _mixed(kind: str, town: Town, table_id: int, order_id: int, draw: random.Random) -> Request:
    match kind:
        case "menus":
            return _tablet(town, table_id, "GET", "/customer/menus")
        case "orders":
            return _tablet(town, table_id, "GET", "/customer/orders")
        case "order":
            return _place(town, table_id, draw)
        case "dashboard":
            return _counter(town, 1 + (table_id - 1) // TABLES, "GET", "/admin/orders")
        case _:
            return _move(town, order_id, "준비중")


def _place(town: Town, table_id: int, draw: random.Random) -> Request:
    first = (table_id - 1) // TABLES * MENUS + 1
    menu_ids = draw.sample(range(first, first + MENUS), ITEMS)
    items = [{"menu_id": menu_id, "quantity": draw.randint(1, 3)} for menu_id in menu_ids]
    return _tablet(town, table_id, "POST", "/customer/orders", {"items": items})


def _move(town: Town, order_id: int, status: str) -> Request:
    store_id = (order_id - 1) // (TABLES * ORDERS) + 1
    return _counter(town, store_id, "PATCH", f"/admin/orders/{order_id}/status", {"status": status})


def _log_in(table_id: int) -> Request:
    store_id, number = divmod(table_id - 1, TABLES)
    body = {"store_id": store_id + 1, "table_number": number + 1, "table_password": PASSWORD}
    return Request("POST", f"{API}/auth/table/login", {"Content-Type": "application/json"}, json.dumps(body))


WORKLOADS = {
    workload.name: workload
    for workload in (
        Workload("menus", menus),
        Workload("menus-304", menus_304),
        Workload("order", order, writes=True),
        Workload("orders", orders),
        Workload("dashboard", dashboard),
        Workload("status", status, writes=True, once=True),
        Workload("login", login, connections=4, least_seconds=8),
        Workload("mix", mix, writes=True),
    )
}
