"""Who gets in where: every method of every path, with every kind of bearer. A route without an entry fails here."""

from __future__ import annotations

import base64
import json
import logging
import re
import time
from dataclasses import dataclass
from typing import Any

import jwt
import pytest
import requests

from tableorder.blueprints import find_nouns
from tableorder.config import Config
from tableorder.stream.app import PATHS
from tableorder.web.app import create_app
from tests.api.client import TABLE_PASSWORD, Restaurant, Tablet, expect
from tests.api.openapi_client import OpenApiClient
from tests.api.server import JWT_SECRET_KEY, Server, run_sql
from tests.api.test_menus import data_url
from tests.noun_entries import Call, entries, functions

UNKNOWN = 2_000_000_000  # as an identifier: in range, and nobody's

ADMIN_STREAM, TABLE_STREAM = PATHS


ITEMS = {"items": [{"menu_id": "{menu}", "quantity": 1}]}
MENU = {"category_id": "{category}", "menu_name": "국수", "price": 1}

# What anybody may call.
PUBLIC = {
    ("GET", path)
    for path in (
        *(
            prefix + check
            for prefix in ("", "/api/v1")
            for check in ("/health", "/health/live", "/health/ready", "/health/db")
        ),
        "/metrics",
        "/openapi.json",
        "/docs",
        "/docs/static/<path:filename>",
        "/docs/swagger-ui/<path:filename>",
        "/",
        "/tablet",
        "/counter",
        "/kitchen",
        "/office",
        "/service-worker.js",
        "/api/v1/pictures/<sha256:sha256>.webp",
        "/screens/<version>/<path:filename>",
    )
}
LOGINS = {("POST", f"/api/v1/auth/{path}") for path in ("table/login", "admin/login", "device/login", "device/enrol")}

TABLE = entries("TABLE_ROUTES") | {
    ("GET", "/api/v1/customer/menus"): Call(200, query={"category_id": "{category}"}),
    ("GET", "/api/v1/customer/orders"): Call(200, ended=(409, "session_ended")),
    ("GET", "/api/v1/customer/orders/{order}"): Call(200, ended=(409, "session_ended")),
    ("POST", "/api/v1/customer/orders"): Call(201, ITEMS, ended=(409, "session_ended")),
    ("POST", "/api/v1/customer/orders/sse/ticket"): Call(201, ended=(409, "session_ended")),
}
# In an order in which each call leaves what the later ones need.
ADMIN = entries("ADMIN_ROUTES") | {
    ("GET", "/api/v1/admin/orders"): Call(200, query={"table_id": "{table}"}),
    ("GET", "/api/v1/admin/orders/{order}"): Call(200),
    ("PATCH", "/api/v1/admin/orders/{order}/status"): Call(200, {"status": "준비중"}),
    ("POST", "/api/v1/admin/orders/{order}/void-lines"): Call(200, {"lines": [{"order_item_id": "{item}", "keep": 1}]}),
    ("DELETE", "/api/v1/admin/orders/{order}"): Call(200),
    ("GET", "/api/v1/admin/option-groups"): Call(200),
    ("POST", "/api/v1/admin/option-groups"): Call(201, {"group_name": "토핑"}),
    ("PATCH", "/api/v1/admin/option-groups/{group}"): Call(200, {"group_name": "크기"}),
    ("POST", "/api/v1/admin/option-groups/{group}/options"): Call(201, {"option_name": "특대"}),
    ("PATCH", "/api/v1/admin/options/{option}"): Call(200, {"price_delta": 500}),
    ("PUT", "/api/v1/admin/menus/{menu}/option-groups"): Call(200, {"group_ids": ["{free_group}"]}),
    ("GET", "/api/v1/admin/stock"): Call(200),
    ("PUT", "/api/v1/admin/stock"): Call(200, {"option_id": "{option}", "remaining": 3}),
    ("POST", "/api/v1/admin/stock/{stock}/adjust"): Call(200, {"delta": 1, "reason": "added"}, key="1"),
    ("DELETE", "/api/v1/admin/options/{option}"): Call(200),
    ("DELETE", "/api/v1/admin/option-groups/{group}"): Call(200),
    ("GET", "/api/v1/admin/menus"): Call(200, query={"category_id": "{category}"}),
    ("GET", "/api/v1/admin/menus/labels"): Call(200),
    ("PUT", "/api/v1/admin/menus/order"): Call(200, {"menu_ids": ["{menu}"]}),
    ("POST", "/api/v1/admin/menus"): Call(201, MENU),
    ("PATCH", "/api/v1/admin/menus/{menu}"): Call(200, {"category_id": "{category}"}),
    ("PUT", "/api/v1/admin/menus/{menu}/availability"): Call(200, {"is_available": True}),
    ("DELETE", "/api/v1/admin/menus/{menu}"): Call(200),
    ("GET", "/api/v1/admin/categories"): Call(200),
    ("POST", "/api/v1/admin/categories"): Call(201, {"category_name": "새 분류"}),
    ("PATCH", "/api/v1/admin/categories/{category}"): Call(200, {"display_order": 3}),
    ("DELETE", "/api/v1/admin/categories/{empty_category}"): Call(200),
    ("GET", "/api/v1/admin/tables"): Call(200),
    ("POST", "/api/v1/admin/tables"): Call(201, {"table_number": 77, "table_password": "xxxx"}),
    ("PATCH", "/api/v1/admin/tables/{table}"): Call(200, {"table_number": 78}),
    ("POST", "/api/v1/admin/tables/{table}/end-session"): Call(200),
    ("GET", "/api/v1/admin/tables/{table}/history"): Call(200),
    ("GET", "/api/v1/admin/history"): Call(200),
    ("DELETE", "/api/v1/admin/tables/{free_table}"): Call(200),
    ("GET", "/api/v1/admin/voids"): Call(200),
    ("POST", "/api/v1/admin/orders/sse/ticket"): Call(201),
}
# They end the token that they are called with: tests/api/test_staff.py.
OWN = {("POST", "/api/v1/auth/logout"), ("PUT", "/api/v1/auth/password"), ("PUT", "/api/v1/auth/pin")}
STREAMS = {("GET", ADMIN_STREAM), ("GET", TABLE_STREAM)}

PRIVATE = dict.fromkeys(TABLE, "table") | dict.fromkeys(ADMIN, "admin")
CALLS = TABLE | ADMIN


@dataclass
class Shop:
    """A restaurant with a table that has ordered, and the ids of what is in it."""

    restaurant: Restaurant
    tablet: Tablet
    ids: dict[str, int]

    def token(self, role: str) -> str:
        return {"table": self.tablet.token, "admin": self.restaurant.admin.token}[role]


@pytest.fixture
def open_shop(open_restaurant):
    def open_() -> Shop:
        restaurant = open_restaurant()
        category = restaurant.add_category("식사")
        menu = restaurant.add_menu(category_id=category)
        table = restaurant.add_table(1)
        tablet = restaurant.seat(1)
        order = expect(201, tablet.order((menu, 2)))
        ids = {"category": category, "menu": menu, "table": table, "order": order["order_id"]}
        ids |= {"empty_category": restaurant.add_category("빈 분류"), "free_table": restaurant.add_table(2)}
        ids |= {"item": order["items"][0]["order_item_id"]} | option_ids(restaurant)
        for add_ids in functions("add_ids"):
            ids |= add_ids(restaurant, tablet)
        return Shop(restaurant, tablet, ids)

    return open_


def option_ids(restaurant: Restaurant) -> dict[str, int]:
    """A group with an option that is counted, and a group without any."""
    post = restaurant.admin.post
    group, free_group = (
        expect(201, post("/admin/option-groups", {"group_name": name}))["group_id"] for name in ("사이즈", "빈 그룹")
    )
    option = expect(201, post(f"/admin/option-groups/{group}/options", {"option_name": "곱빼기"}))["option_id"]
    counted = {"option_id": option, "remaining": 3}
    stock = expect(200, restaurant.admin.put("/admin/stock", counted))["stock_id"]
    return {"group": group, "option": option, "free_group": free_group, "stock": stock}


@pytest.fixture
def shop(open_shop) -> Shop:
    return open_shop()


def fill(value: Any, ids: dict[str, int]) -> Any:
    """The value with the ids in the places of their names; alone in a text they stay numbers."""
    if isinstance(value, dict):
        return {name: fill(part, ids) for name, part in value.items()}
    if isinstance(value, list):
        return [fill(part, ids) for part in value]
    if isinstance(value, str) and value.startswith("{"):
        return ids[value[1:-1]]
    return value


def send(server: Server, route: tuple[str, str], ids: dict[str, int], token: str | None, **headers: str) -> Any:
    method, path = route
    call = CALLS.get(route, Call(200))
    headers |= call.headers
    if call.key is not None:
        headers["Idempotency-Key"] = call.key
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    return requests.request(
        method,
        server.base + path.format(**ids),
        params=fill(call.query, ids),
        json=fill(call.body, ids) or None,
        headers=headers,
        timeout=30,
    )


def outcome(response: requests.Response) -> tuple[int, str | None]:
    """The status, and the word for the problem if it is one."""
    if response.status_code < 400:
        return response.status_code, None
    return response.status_code, response.json()["code"]


def bad_tokens(good: str) -> dict[str, tuple[str | None, str]]:
    """By name: a bearer token that is wrong in one respect, or none, and the word of its refusal."""
    claims = jwt.decode(good, JWT_SECRET_KEY, algorithms=["HS256"])
    _, payload, signature = good.split(".")
    none = base64.urlsafe_b64encode(b'{"alg":"none","typ":"JWT"}').rstrip(b"=").decode()
    ago = {"iat": int(time.time()) - 100, "exp": int(time.time()) - 1}
    return {
        "no token": (None, "token_missing"),
        "garbage": ("garbage", "token_invalid"),
        "expired": (jwt.encode(claims | ago, JWT_SECRET_KEY), "token_expired"),
        "wrong signature": (jwt.encode(claims, "another key, which is also 32 bytes long"), "token_invalid"),
        "alg none": (f"{none}.{payload}.", "token_invalid"),
        "alg none, signed": (f"{none}.{payload}.{signature}", "token_invalid"),
    }


# The table is whole


def test_every_route_has_an_entry():
    environment = {"DATABASE_URL": "postgresql://nobody@localhost/none", "JWT_SECRET_KEY": JWT_SECRET_KEY}
    rules = create_app(Config.from_environment(environment), find_nouns()).url_map.iter_rules()
    routes = {
        (method, re.sub(r"<(?:big_)?id:(\w+)_id>", r"{\1}", rule.rule))
        for rule in rules
        for method in rule.methods - {"HEAD", "OPTIONS"}
    }
    special = {"{empty_category}": "{category}", "{free_table}": "{table}"}
    entered = {
        (method, path.replace(name, plain))
        for method, path in PRIVATE
        for name, plain in [next((pair for pair in special.items() if pair[0] in path), ("", ""))]
    }
    assert routes == entered | PUBLIC | LOGINS | OWN


def test_every_stream_has_an_entry():
    assert {("GET", path) for path in PATHS} == STREAMS


# Each bearer


def test_who_has_no_good_token_is_refused_everywhere(server, stream_server, shop):
    ticket = expect(201, shop.restaurant.admin.post("/admin/orders/sse/ticket"))["ticket"]
    for route, role in PRIVATE.items():
        tokens = bad_tokens(shop.token(role)) | {"a ticket": (ticket, "token_invalid")}
        refusals = {name: outcome(send(server, route, shop.ids, token)) for name, (token, _) in tokens.items()}
        assert refusals == {name: (401, code) for name, (_, code) in tokens.items()}, route
    for route in STREAMS:
        tokens = bad_tokens(shop.token("admin" if route == ("GET", ADMIN_STREAM) else "table"))
        tokens["a ticket"] = (ticket, "token_invalid")
        refusals = {name: outcome(send(stream_server, route, {}, token)) for name, (token, _) in tokens.items()}
        assert refusals == {name: (401, code) for name, (_, code) in tokens.items()}, route


def test_a_revoked_token_is_refused_everywhere(server, stream_server, shop):
    for table in ("stores", "tables"):
        statement = f"UPDATE {table} SET token_epoch = token_epoch + 1 WHERE store_id = %s"
        run_sql(server.database_url, statement, shop.restaurant.store_id)
    for route, role in PRIVATE.items():
        assert outcome(send(server, route, shop.ids, shop.token(role))) == (401, "token_revoked"), route
    for path, role in ((ADMIN_STREAM, "admin"), (TABLE_STREAM, "table")):
        refusal = outcome(send(stream_server, ("GET", path), {}, shop.token(role)))
        assert refusal == (401, "token_revoked"), path


def test_the_token_is_looked_at_before_the_body_and_the_query(server, shop):
    rubbish = {"data": b"[" * 100, "headers": {"Content-Type": "application/json"}, "timeout": 30}
    for method, path in PRIVATE:
        url = server.base + path.format(**shop.ids)
        answer = requests.request(method, url, params={"limit": "x", "category_id": "x"}, **rubbish)
        assert outcome(answer) == (401, "token_missing"), path


def test_the_other_role_is_refused_everywhere(server, stream_server, shop):
    other = {"table": "admin", "admin": "table"}
    for route, role in PRIVATE.items():
        assert outcome(send(server, route, shop.ids, shop.token(other[role]))) == (403, "forbidden"), route
    for path, role in ((ADMIN_STREAM, "table"), (TABLE_STREAM, "admin")):
        assert outcome(send(stream_server, ("GET", path), {}, shop.token(role))) == (403, "forbidden"), path


def test_what_is_refused_for_its_token_is_refused_as_head_too(server, shop):
    for (method, path), role in PRIVATE.items():
        if method == "GET":
            token, _ = bad_tokens(shop.token(role))["expired"]
            assert send(server, ("HEAD", path), shop.ids, token).status_code == 401, path


def test_its_own_role_is_let_in_everywhere(server, shop):
    """Each call does what it is for, so that each refusal above is for the bearer and for nothing else.

    The answers are as /openapi.json says.
    """
    described = OpenApiClient(server.base)
    for route, role in PRIVATE.items():
        response = send(server, route, shop.ids, shop.token(role))
        assert response.status_code == CALLS[route].status, (route, response.text)
        _, _, operation = described.operations[described.name_of(*route)]
        described.judge(operation, response)


def test_the_open_routes_ask_for_no_token_and_look_at_none(server, restaurant):
    image_url = expect(201, restaurant.admin.post("/admin/menus", with_picture(restaurant)))["image_url"]
    for method, path in PUBLIC:
        name = {"/docs/static": "docs.js", "/screens/<version>": "icon.svg"}.get(
            path.rpartition("/")[0], "swagger-ui.css"
        )
        url = server.base + (image_url if "<sha256:" in path else path.replace("<path:filename>", name))
        for headers in ({}, {"Authorization": "Bearer garbage"}):
            assert requests.request(method, url, headers=headers, timeout=30).status_code == 200, path


def with_picture(restaurant: Restaurant) -> dict[str, Any]:
    """A menu of it."""
    return MENU | {"category_id": restaurant.add_category(), "image_base64": data_url("png")}


@pytest.mark.parametrize("login", ["table", "admin"])
def test_a_token_is_no_help_at_a_login(server, shop, login):
    body = {
        "table": {"store_id": shop.restaurant.store_id, "table_number": 1, "table_password": "wrong"},
        "admin": {"username": shop.restaurant.username, "password": "wrong"},
    }[login]
    headers = {"Authorization": f"Bearer {shop.token(login)}"}
    answer = requests.post(f"{server.base}/api/v1/auth/{login}/login", json=body, headers=headers, timeout=30)
    assert outcome(answer) == (401, "credentials_invalid")


def test_an_ended_session_reads_nothing_of_the_next_and_orders_nothing(server, shop):
    expect(200, shop.restaurant.end_session(shop.ids["table"]))
    next_tablet = shop.restaurant.seat(1)
    expect(201, next_tablet.order((shop.ids["menu"], 2)))
    answers = {route: send(server, route, shop.ids, shop.token("table")) for route in TABLE}
    assert {route: outcome(answer) for route, answer in answers.items()} == {r: c.ended for r, c in TABLE.items()}


def test_an_ended_session_opens_no_stream(stream_server, shop):
    expect(200, shop.restaurant.end_session(shop.ids["table"]))
    next_tablet = shop.restaurant.seat(1)
    expect(201, next_tablet.order((shop.ids["menu"], 2)))
    headers = {"Authorization": f"Bearer {shop.token('table')}"}
    with requests.get(stream_server.base + TABLE_STREAM, headers=headers, stream=True, timeout=30) as stream:
        assert outcome(stream) == (409, "session_ended")


@pytest.mark.parametrize(("role", "path"), [("admin", ADMIN_STREAM), ("table", TABLE_STREAM)])
def test_a_ticket_opens_one_stream_of_its_role_once(stream_server, shop, role, path):
    who = {"admin": shop.restaurant.admin, "table": shop.tablet}[role]
    ask = path.removeprefix("/api/v1") + "/ticket"
    other = TABLE_STREAM if path == ADMIN_STREAM else ADMIN_STREAM

    def open_stream(path: str, ticket: str) -> tuple[int, str | None]:
        with requests.get(stream_server.base + path, params={"ticket": ticket}, stream=True, timeout=30) as answer:
            return outcome(answer)

    ticket = expect(201, who.post(ask))["ticket"]
    assert [open_stream(path, ticket) for _ in range(2)] == [(200, None), (401, "ticket_invalid")]
    ticket = expect(201, who.post(ask))["ticket"]
    assert [open_stream(other, ticket), open_stream(path, ticket)] == [(403, "forbidden"), (401, "ticket_invalid")]


# Another store


def identified(route: tuple[str, str]) -> list[str]:
    """The names of the ids that a call is made with."""
    text = route[1] + json.dumps([CALLS[route].body, CALLS[route].query])
    return sorted(set(re.findall(r"{(\w+)}", text)))


def without(identifier: int, answer: requests.Response) -> str:
    """The answer's text; in a problem, which may tell the id that was asked for, that is left out."""
    return re.sub(rf"\b{identifier}\b", "…", answer.text) if "detail" in answer.json() else answer.text


def test_what_is_another_stores_is_answered_like_what_is_unknown(server, shop, open_shop):
    """To the byte, but for the request's id and where the id itself is told."""
    other = open_shop()
    compared = 0
    for route, role in PRIVATE.items():
        for name in identified(route):
            answers = []
            for identifier in (other.ids[name], UNKNOWN):
                answer = send(
                    server, route, shop.ids | {name: identifier}, shop.token(role), **{"X-Request-ID": "same"}
                )
                headers = {key: value for key, value in answer.headers.items() if key not in ("Date", "Content-Length")}
                answers.append((answer.status_code, headers, without(identifier, answer)))
            theirs, unknown = answers
            assert theirs == unknown, route
            assert theirs[0] == 404 or (theirs[0] == 200 and json.loads(theirs[2])["tables"] == []), (route, theirs)
            compared += 1
    assert compared > 15
    for route, role in PRIVATE.items():  # and nothing of the other's has changed
        assert send(server, route, other.ids, other.token(role)).status_code == CALLS[route].status, route


def test_the_same_statements_run_for_what_is_another_stores_as_for_what_is_unknown(server, shop, open_shop, caplog):
    """So that the time does not tell them apart either; a clock would show its own noise and no more."""
    other = open_shop()
    environment = {"DATABASE_URL": server.database_url, "JWT_SECRET_KEY": JWT_SECRET_KEY, "DATABASE_ECHO": "on"}
    here = create_app(Config.from_environment(environment), find_nouns()).test_client()

    def statements(route: tuple[str, str], ids: dict[str, int]) -> list[str]:
        method, path = route
        caplog.clear()
        with caplog.at_level(logging.INFO, logger="tableorder.database.connection"):
            here.open(
                path.format(**ids),
                method=method,
                query_string=fill(CALLS[route].query, ids),
                json=fill(CALLS[route].body, ids) or None,
                headers={"Authorization": f"Bearer {shop.token(PRIVATE[route])}", "Idempotency-Key": "1"},
            )
        return [
            record.fields["statement"] for record in caplog.records if record.name == "tableorder.database.connection"
        ]

    for route in PRIVATE:
        for name in identified(route):
            theirs = statements(route, shop.ids | {name: other.ids[name]})
            assert theirs and theirs == statements(route, shop.ids | {name: UNKNOWN}), route


def test_a_login_to_another_stores_table_is_a_login_to_an_unknown_one(server, shop, open_shop):
    """The password is good, in the other store."""
    other = open_shop()
    other.restaurant.add_table(55)
    answers = []
    for store_id in (shop.restaurant.store_id, UNKNOWN):
        body = {"store_id": store_id, "table_number": 55, "table_password": TABLE_PASSWORD}
        answer = requests.post(
            f"{server.base}/api/v1/auth/table/login", json=body, headers={"X-Request-ID": "same"}, timeout=30
        )
        answers.append((answer.status_code, answer.text))
    assert answers[0] == answers[1] and answers[0][0] == 401


def test_a_claim_of_another_stores_table_finds_nothing(server, shop, open_shop):
    """If the key leaked by half: even a token that is signed well but mixes two stores sees no row of the other."""
    other = open_shop()
    claims = jwt.decode(other.token("table"), JWT_SECRET_KEY, algorithms=["HS256"])
    mixed = jwt.encode(claims | {"store_id": shop.restaurant.store_id}, JWT_SECRET_KEY)
    for route in (("GET", "/api/v1/customer/orders/{order}"), ("POST", "/api/v1/customer/orders")):
        assert outcome(send(server, route, other.ids, mixed)) == (401, "token_revoked")
