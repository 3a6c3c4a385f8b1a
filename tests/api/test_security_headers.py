"""What every answer tells a browser."""

from __future__ import annotations

import pytest
import requests

from tests.api.streams import ADMIN_STREAM

NOTHING = "default-src 'none'; frame-ancestors 'none'"


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/health", 200),
        ("GET", "/api/v1/nowhere", 404),
        ("GET", "/api/v1/admin/tables", 401),
        ("PUT", "/api/v1/customer/orders", 405),
        ("OPTIONS", "/api/v1/customer/orders", 200),
        ("POST", "/api/v1/auth/admin/login", 415),
        ("GET", "/openapi.json", 200),
        ("GET", "/docs/static/docs.js", 200),
        ("GET", "/docs/swagger-ui/nothing.js", 404),
    ],
)
def test_every_answer_is_to_be_taken_for_what_it_is(server, method, path, status):
    response = requests.request(method, server.base + path, timeout=30)
    assert response.status_code == status
    assert_closed(response)
    assert response.headers["Content-Security-Policy"] == NOTHING


def test_the_stream_process_says_the_same(stream_server, restaurant):
    for token, status in {"": 401, restaurant.admin.token: 200}.items():
        response = requests.get(
            stream_server.base + ADMIN_STREAM, headers={"Authorization": f"Bearer {token}"}, stream=True, timeout=30
        )
        with response:
            assert response.status_code == status
            assert_closed(response)
            assert response.headers["Content-Security-Policy"] == NOTHING


def test_what_is_for_one_client_is_kept_by_none(restaurant):
    for path in ("/admin/tables", "/admin/orders", "/admin/voids"):
        assert restaurant.admin.get(path).headers["Cache-Control"] == "no-store"
    restaurant.add_table(1)
    assert restaurant.log_in(1).headers["Cache-Control"] == "no-store"
    assert restaurant.seat(1).get("/customer/menus").headers["Cache-Control"] == "private, no-cache"


def test_the_page_may_load_its_own_parts_and_nothing_else(server):
    response = requests.get(f"{server.base}/docs", timeout=30)
    assert_closed(response)
    policy = dict(rule.split(" ", 1) for rule in response.headers["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert policy["script-src"] == policy["connect-src"] == "'self'"
    assert "://" not in response.text


def assert_closed(response: requests.Response) -> None:
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Referrer-Policy"] == "no-referrer"
    assert response.headers["Cross-Origin-Resource-Policy"] == "same-origin"
