"""Pages of other origins: closed, unless CORS_ORIGINS names them."""

from __future__ import annotations

import pytest
import requests

from tests.api.server import Server, StreamServer, add_restaurant
from tests.api.streams import ADMIN_STREAM

TABLETS, COUNTER = "https://tablets.example.com", "http://192.168.0.7:3000"
ORDERS = "/api/v1/customer/orders"


@pytest.fixture(scope="module")
def open_servers(shared_database_url, tmp_path_factory):
    """The API and the live feed, open to two origins."""
    folder = tmp_path_factory.mktemp("cors")
    origins = f"{TABLETS}, {COUNTER}"
    running = [
        kind(shared_database_url, folder / kind.__name__, CORS_ORIGINS=origins) for kind in (Server, StreamServer)
    ]
    try:
        yield [server.wait_until_ready() for server in running]
    finally:
        for server in running:
            server.stop()


def ask(server: Server, path: str, origin: str, method: str = "OPTIONS", **headers: str) -> requests.Response:
    return requests.request(method, server.base + path, headers={"Origin": origin} | headers, timeout=30)


def cors(response: requests.Response) -> dict[str, str]:
    headers = {name.title(): value for name, value in response.headers.items()}
    return {name: value for name, value in headers.items() if name.startswith("Access-Control-")}


def words(text: str) -> set[str]:
    return set(text.split(", "))


def test_by_default_nobody_is_let_in(server, stream_server):
    for running, path in ((server, ORDERS), (stream_server, ADMIN_STREAM)):
        for method in ("OPTIONS", "GET"):
            response = ask(running, path, TABLETS, method, **{"Access-Control-Request-Method": "GET"})
            assert cors(response) == {}
            assert "Vary" not in response.headers


@pytest.mark.parametrize("origin", [TABLETS, COUNTER])
def test_a_preflight_says_what_may_be_sent(open_servers, origin):
    for running, path, methods in zip(open_servers, (ORDERS, ADMIN_STREAM), ({"GET", "POST"}, {"GET"}), strict=True):
        wanted = {"Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "authorization"}
        response = ask(running, path, origin, **wanted)
        assert response.status_code == 200
        allowed = cors(response)
        assert allowed["Access-Control-Allow-Origin"] == origin
        assert words(allowed["Access-Control-Allow-Methods"]) >= methods
        needed = {"Authorization", "Content-Type", "Idempotency-Key", "If-None-Match", "Last-Event-ID"}
        needed |= {"X-Approval", "X-Request-ID"}
        assert words(allowed["Access-Control-Allow-Headers"]) == needed
        assert "Access-Control-Allow-Credentials" not in allowed
        assert response.headers["Vary"] == "Origin"


@pytest.mark.parametrize(
    "origin",
    ["https://evil.example.com", "https://tablets.example.com.evil.com", "http://tablets.example.com", "null", ""],
)
def test_no_other_origin_is_let_in(open_servers, origin):
    for running, path in zip(open_servers, (ORDERS, ADMIN_STREAM), strict=True):
        for method in ("OPTIONS", "GET"):
            response = ask(running, path, origin, method, **{"Access-Control-Request-Method": "GET"})
            assert cors(response) == {}
            assert response.headers["Vary"] == "Origin"


def test_answers_and_refusals_can_be_read_with_their_headers(open_servers):
    api, stream = open_servers
    restaurant = add_restaurant(api)
    token = {"Authorization": f"Bearer {restaurant.admin.token}"}
    responses = [
        ask(api, "/api/v1/admin/tables", TABLETS, "GET", **token),
        ask(api, "/api/v1/admin/tables", TABLETS, "GET"),
        ask(api, "/api/v1/nowhere", TABLETS, "GET"),
        ask(stream, ADMIN_STREAM, TABLETS, "GET"),
    ]
    assert [response.status_code for response in responses] == [200, 401, 404, 401]
    with requests.get(stream.base + ADMIN_STREAM, headers={"Origin": TABLETS} | token, stream=True, timeout=30) as feed:
        assert feed.status_code == 200
        for response in [*responses, feed]:
            allowed = cors(response)
            assert allowed["Access-Control-Allow-Origin"] == TABLETS
            assert words(allowed["Access-Control-Expose-Headers"]) >= {"ETag", "Retry-After", "X-Request-ID"}


def test_an_unknown_path_has_no_preflight(open_servers):
    for running in open_servers:
        assert ask(running, "/api/v1/nowhere", TABLETS).status_code == 404
