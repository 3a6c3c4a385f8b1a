"""What is not a proper request: rubbish, unknown paths, wrong methods. Always a 4xx, never a row written."""

import gzip
import json
import socket
from urllib.parse import urlsplit

import pytest

from tests.api.client import expect, refused, refused_lines


def send(tablet, body, content_type="application/json"):
    data = body if isinstance(body, bytes) else body.encode()
    return tablet.call("POST", "/customer/orders", data=data, headers={"Content-Type": content_type})


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"rubbish",
        b'{"items": [}',
        b'{"items": []} x',
        b"\xff\xfe",
        b'{"items": "\xff"}',
        '{"items": []}'.encode("utf-16"),
        b"\xef\xbb\xbf{}",
        gzip.compress(b'{"items": []}', mtime=0),
        b'{"items": NaN}',
        b'{"items": Infinity}',
        b'{"items": ' + b"9" * 5000 + b"}",
        b'{"items": ' + b"[" * 16_000,
        b'{"items": ' + b"[" * 8_000 + b"]" * 8_000 + b"}",
        b'{"a":' * 3_000,
        b"\0",
    ],
)
def test_what_is_no_json_is_a_400(tablet, restaurant, query, body):
    problem = refused(400, "json_invalid", send(tablet, body))
    assert len(problem["detail"]) < 200
    assert query("SELECT count(*) FROM orders WHERE store_id = %s", restaurant.store_id) == [(0,)]


@pytest.mark.parametrize(
    "body",
    [
        None,
        True,
        1,
        "x",
        [],
        [{"menu_id": 1, "quantity": 1}],
        {},
        {"items": None},
        {"items": {}},
        {"items": "x"},
        {"items": 5},
        {"items": [None]},
        {"items": [[]]},
        {"items": ["x"]},
        {"items": [{}]},
        {"items": [{"menu_id": 1}]},
        {"items": [{"menu_id": "1", "quantity": 1}]},
        {"items": [{"menu_id": True, "quantity": 1}]},
        {"items": [{"menu_id": 1.0, "quantity": 1}]},
        {"items": [{"menu_id": 2**31, "quantity": 1}]},
        {"items": [{"menu_id": 10**400, "quantity": 1}]},
        {"items": [{"menu_id": -1, "quantity": 1}]},
        {"items": [{"menu_id": 1, "quantity": 1e3}]},
        {"items": [{"menu_id": 1, "quantity": None}]},
        {"items": [{"menu_id": 1, "quantity": 1, "\0": "\ud800"}]},
        {"items": [{"menu_id": 1, "quantity": 1}] * 500},
        {"\ud800": 1},
    ],
)
def test_json_of_the_wrong_shape_is_a_400_with_the_fields_at_fault(tablet, restaurant, query, body):
    problem = refused(400, "validation_failed", send(tablet, json.dumps(body)))
    assert problem["errors"]
    assert query("SELECT count(*) FROM orders WHERE store_id = %s", restaurant.store_id) == [(0,)]


@pytest.mark.parametrize("body", [b"[" * 200_000, b"[" * 100_000 + b"]" * 100_000, b'{"a":' * 50_000])
def test_deep_nesting_is_a_400_where_a_body_may_be_large(restaurant, body):
    headers = {"Content-Type": "application/json"}
    refused(400, "json_invalid", restaurant.admin.call("POST", "/admin/menus", data=body, headers=headers))


def test_5000_items_are_a_413(tablet):
    items = json.dumps({"items": [{"menu_id": 1, "quantity": 1}] * 5000})
    refused(413, "request_entity_too_large", send(tablet, items))


def test_nul_and_lone_surrogates_are_a_400_in_every_text(restaurant, client):
    category_id = restaurant.add_category()
    for bad in ("a\0b", "\ud800", "\udfff"):
        for path, body in {
            "/admin/categories": {"category_name": bad},
            "/admin/menus": {"category_id": category_id, "menu_name": bad, "price": 1},
            "/admin/tables": {"table_number": 1, "table_password": bad},
            "/auth/admin/login": {"username": bad, "password": "x"},
            "/auth/table/login": {"store_id": 1, "table_number": 1, "table_password": bad},
        }.items():
            sent = {"data": json.dumps(body), "headers": {"Content-Type": "application/json"}}
            refused(400, "validation_failed", restaurant.admin.call("POST", path, **sent))
    refused(400, "validation_failed", restaurant.admin.delete("/admin/orders/1?reason=a%00b"))


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "", "multipart/form-data"])
def test_what_is_not_called_json_is_a_415(tablet, content_type):
    refused(415, "unsupported_media_type", send(tablet, '{"items": []}', content_type))


def test_a_charset_does_no_harm(tablet, restaurant):
    menu_id = restaurant.add_menu()
    body = json.dumps({"items": [{"menu_id": menu_id, "quantity": 1}]})
    expect(201, send(tablet, body, "application/json; charset=utf-8"))


def test_a_body_that_is_too_large_is_a_413(tablet):
    refused(413, "request_entity_too_large", send(tablet, b" " * (4 * 1024 * 1024 + 1)))


@pytest.mark.parametrize(
    "path",
    [
        "/nowhere",
        "/customer/orders/x",
        "/customer/orders/0",
        "/customer/orders/-1",
        "/customer/orders/9223372036854775808",
        "/customer/orders/99999999999999999999",
        "/admin/menus/",
        "/%00",
    ],
)
def test_an_unknown_path_is_a_404(tablet, path):
    refused(404, "not_found", tablet.get(path))


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
@pytest.mark.parametrize("identifier", ["0", "01", "2147483648", "9223372036854775808", "9" * 30, "٣"])
def test_an_id_that_cannot_be_is_a_404_for_each_method_of_the_path(restaurant, method, identifier):
    nouns = {"GET": ["orders"], "PATCH": ["menus", "categories", "tables"]}
    for noun in nouns.get(method, ["orders", "menus", "categories", "tables"]):
        is_an_id = noun == "orders" and identifier == "2147483648"  # theirs have 64 bits
        answer = restaurant.admin.call(method, f"/admin/{noun}/{identifier}", json={})
        refused(404, "order_not_found" if is_an_id else "not_found", answer)


def test_a_wrong_method_is_a_405_that_says_which_are_right(client):
    response = client.put("/customer/orders")
    refused(405, "method_not_allowed", response)
    assert {"GET", "POST"} <= set(response.headers["Allow"].split(", "))


@pytest.mark.parametrize(
    ("lines", "status", "code"),
    [
        ("GET /api/v1/admin/orders?status=대기중 HTTP/1.1", 400, "bad_request"),
        ("GET /api/v1/메뉴 HTTP/1.1", 400, "bad_request"),
        ("GET /health HTTP/1.1\r\nIdempotency-Key: a\x01", 400, "bad_request"),
        ("GET /health HTTP/1.1\r\nno header", 400, "bad_request"),
        ("POST /api/v1/customer/orders HTTP/1.1\r\nContent-Length: -1", 400, "bad_request"),
        (f"GET /{'x' * 5000} HTTP/1.1", 414, "uri_too_long"),
        ("GET /health HTTP/1.1" + "\r\nX-Many: x" * 101, 431, "request_header_fields_too_large"),
    ],
)
def test_what_is_no_http_is_refused_in_the_same_form(server, lines, status, code):
    address = urlsplit(server.base)
    with socket.create_connection((address.hostname, address.port), 10) as connection:
        assert refused_lines(connection, lines)[:2] == (status, code)


@pytest.mark.parametrize("given", ["a", "req-1.2_3:4/5+6=7@8", "x" * 128])
def test_a_sane_request_id_is_taken(client, given):
    response = client.get("/nowhere", headers={"X-Request-ID": given})
    assert refused(404, "not_found", response)["request_id"] == given


@pytest.mark.parametrize("given", ["", "x" * 129, "a b", "<script>", "é"])
def test_another_is_made_instead_of_an_insane_one(client, given):
    response = client.get("/health", headers={"X-Request-ID": given.encode("latin-1")})
    assert response.headers["X-Request-ID"] not in ("", given)
    assert client.get("/health").headers["X-Request-ID"] != response.headers["X-Request-ID"]


def test_markup_and_sql_come_back_as_data(restaurant, tablet):
    nasty = "'; DROP TABLE orders; -- <script>alert(1)</script> %(x)s %s {0} \\ \" 🍜"
    menu_id = restaurant.add_menu(menu_name=nasty, description=nasty)
    order = expect(201, tablet.order((menu_id, 1), key="'; DROP TABLE orders; --"))
    assert order["items"][0]["menu_name"] == nasty
    menus = [m for c in expect(200, tablet.get("/customer/menus"))["categories"] for m in c["menus"]]
    assert menus[0]["description"] == nasty
    expect(200, restaurant.admin.delete(f"/admin/orders/{order['order_id']}", params={"reason": nasty}))
    assert expect(200, restaurant.admin.get("/admin/voids"))["voids"][0]["reason"] == nasty
