"""A tablet and a counter, as seen by the server: plain HTTP."""

from __future__ import annotations

import json
import secrets
import socket
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.client import HTTPMessage, HTTPResponse
from typing import Any

import requests

TIMEOUT = 30
TABLE_PASSWORD = "tablet-1234"
UNKNOWN_ID = 2_000_000_000  # in range, and nobody's


class Client:
    """Calls the API; `token` is sent if there is one. Each client has an address of its own."""

    def __init__(self, base: str, token: str | None = None) -> None:
        self.base = base
        self.token = token
        self.address = f"10.{secrets.randbelow(256)}.{secrets.randbelow(256)}.{secrets.randbelow(256)}"
        self.claims: dict[str, Any] = {}

    def call(
        self, method: str, path: str, *, token: str | None = None, headers: dict[str, str] | None = None, **options: Any
    ) -> requests.Response:
        sent = {"X-Forwarded-For": self.address, "Connection": "close"}
        if token := token or self.token:
            sent["Authorization"] = f"Bearer {token}"
        url = self.base + (path if path.startswith("/health") else f"/api/v1{path}")
        return requests.request(method, url, headers=sent | (headers or {}), timeout=TIMEOUT, **options)

    def get(self, path: str, **options: Any) -> requests.Response:
        return self.call("GET", path, **options)

    def post(self, path: str, json: Any = None, **options: Any) -> requests.Response:
        return self.call("POST", path, json=json, **options)

    def patch(self, path: str, json: Any = None, **options: Any) -> requests.Response:
        return self.call("PATCH", path, json=json, **options)

    def put(self, path: str, json: Any = None, **options: Any) -> requests.Response:
        return self.call("PUT", path, json=json, **options)

    def delete(self, path: str, **options: Any) -> requests.Response:
        return self.call("DELETE", path, **options)


class Tablet(Client):
    """A table's tablet."""

    def order(self, *lines: tuple[int, int], key: str | None = None) -> requests.Response:
        """Order so many of each menu: (menu_id, quantity)."""
        items = [{"menu_id": menu_id, "quantity": quantity} for menu_id, quantity in lines]
        headers = {"Idempotency-Key": key} if key is not None else None
        return self.post("/customer/orders", {"items": items}, headers=headers)


@dataclass
class Restaurant:
    """A store of its own for one test, run by its admin."""

    base: str
    store_id: int
    store_name: str
    username: str
    password: str
    admin: Client = field(init=False)

    def __post_init__(self) -> None:
        login = {"username": self.username, "password": self.password}
        answer = expect(200, Client(self.base).post("/auth/admin/login", login))
        self.admin = Client(self.base, answer["access_token"])

    def add_category(self, category_name: str = "식사", **values: Any) -> int:
        body = {"category_name": category_name, **values}
        return expect(201, self.admin.post("/admin/categories", body))["category_id"]

    def add_menu(self, *, category_id: int | None = None, price: int = 9000, **values: Any) -> int:
        category_id = category_id or self.add_category(f"분류 {secrets.token_hex(4)}")
        body = {"category_id": category_id, "menu_name": "김치찌개", "price": price, **values}
        return expect(201, self.admin.post("/admin/menus", body))["menu_id"]

    def add_table(self, table_number: int = 1) -> int:
        body = {"table_number": table_number, "table_password": TABLE_PASSWORD}
        return expect(201, self.admin.post("/admin/tables", body))["table_id"]

    def log_in(self, table_number: int = 1) -> requests.Response:
        body = {"store_id": self.store_id, "table_number": table_number, "table_password": TABLE_PASSWORD}
        return Client(self.base).post("/auth/table/login", body)

    def seat(self, table_number: int = 1) -> Tablet:
        """A tablet that has logged in; the table must be there."""
        answer = expect(200, self.log_in(table_number))
        tablet = Tablet(self.base, answer["access_token"])
        tablet.claims = answer
        return tablet

    def end_session(self, table_id: int, *, key: str | None = None, **body: Any) -> requests.Response:
        headers = {"Idempotency-Key": key} if key is not None else None
        return self.admin.post(f"/admin/tables/{table_id}/end-session", body or None, headers=headers)


def expect(status: int, response: requests.Response) -> Any:
    """The answer's JSON, if it has the expected status."""
    assert response.status_code == status, f"{response.status_code}: {response.text[:2000]}"
    return response.json()


def refused(status: int, code: str, response: requests.Response) -> dict[str, Any]:
    """The problem document, if it is one with this status and code."""
    assert response.status_code == status, f"{response.status_code}: {response.text[:2000]}"
    assert response.headers["Content-Type"] == "application/problem+json"
    problem = response.json()
    assert problem["status"] == status and problem["code"] == code, problem
    assert problem["title"] and problem["detail"] and problem["type"]
    assert problem["request_id"] == response.headers["X-Request-ID"]
    return problem


def refused_lines(connection: socket.socket, lines: str) -> tuple[int, str, HTTPMessage]:
    """The status, the code and the headers of the problem that these lines, HTTP or not, are answered with."""
    connection.sendall(f"{lines}\r\nHost: localhost\r\n\r\n".encode())
    answer = HTTPResponse(connection)
    answer.begin()
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem = json.loads(answer.read())
    assert problem["status"] == answer.status
    assert problem["title"] and problem["detail"] and problem["type"]
    assert problem["request_id"] == answer.headers["X-Request-ID"]
    return answer.status, problem["code"], answer.headers


def at_once(*calls: Any) -> list[Any]:
    """The results of all the calls, made in parallel."""
    with ThreadPoolExecutor(len(calls)) as pool:
        return [future.result() for future in [pool.submit(call) for call in calls]]
