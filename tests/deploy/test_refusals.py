"""What gunicorn refuses by itself, on the ports of the API and of the live feed."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from http.client import HTTPResponse
from urllib.parse import urlsplit

import pytest
import requests

from tableorder.http.security_headers import SECURITY_HEADERS
from tests.api.client import refused, refused_lines
from tests.api.server import Server, StreamServer

BROKEN = [
    ("GARBAGE", 400, "bad_request"),
    ("GET /a b HTTP/1.1", 400, "bad_request"),
    ("GET * HTTP/1.1", 400, "bad_request"),
    ("G@T / HTTP/1.1", 400, "bad_request"),
    ("PRI * HTTP/2.0", 400, "bad_request"),
    ("GET / HTTP/9.9", 400, "bad_request"),
    ("GET /health?status=대기중 HTTP/1.1", 400, "bad_request"),
    ("GET /health HTTP/1.1\r\nHost: twice", 400, "bad_request"),
    ("GET /health HTTP/1.1\r\nno colon", 400, "bad_request"),
    ("GET /health HTTP/1.1\r\nX: a\0b", 400, "bad_request"),
    ("POST /health HTTP/1.1\r\nContent-Length: x", 400, "bad_request"),
    ("POST /health HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked", 400, "bad_request"),
    (f"GET /{'x' * 5000} HTTP/1.1", 414, "uri_too_long"),
    ("GET /health HTTP/1.1" + "\r\nX-Many: x" * 101, 431, "request_header_fields_too_large"),
    (f"GET /health HTTP/1.1\r\nCookie: {'x' * 40_000}", 431, "request_header_fields_too_large"),
    ("POST /health HTTP/1.1\r\nTransfer-Encoding: rot13, chunked", 501, "not_implemented"),
]


class Api(Server):
    """The API without a database."""

    READY = "/health", 200


class Feed(StreamServer):
    """The live feed without a database."""

    READY = "/nowhere", 404


@pytest.fixture(scope="module", params=[Api, Feed])
def server(request, tmp_path_factory) -> Iterator[Server]:
    url, log = "postgresql://nobody@127.0.0.1:1/none", tmp_path_factory.mktemp("server") / "log"
    server = request.param(url, log)
    yield server.wait_until_ready()
    server.stop()


def connect(server: Server) -> socket.socket:
    address = urlsplit(server.base)
    return socket.create_connection((address.hostname, address.port), 10)


@pytest.mark.parametrize(("lines", "status", "code"), BROKEN)
def test_it_has_the_form_and_the_headers_of_every_other_problem(server, lines, status, code):
    others = requests.get(f"{server.base}/nowhere", timeout=30)
    refused(404, "not_found", others)
    with connect(server) as connection:
        *answer, headers = refused_lines(connection, lines)
        assert connection.recv(1) == b""
    assert answer == [status, code]
    assert {name: headers.get_all(name) for name in SECURITY_HEADERS} == {
        name: [value] for name, value in SECURITY_HEADERS.items()
    }
    assert {name.lower() for name in headers} >= {name.lower() for name in others.headers}
    assert parsedate_to_datetime(headers["Date"]) and headers["Connection"] == "close"


@pytest.mark.parametrize(
    "headers",
    [
        {"SCRIPT_NAME": "/x"},
        {"SCRIPT_NAME": "/nowhere"},
        {"PATH_INFO": "/health"},
        {"X-Forwarded-Proto": "https", "X-Forwarded-Ssl": "off"},
        {"X-Forwarded-Host": "elsewhere.example", "X-Forwarded-Prefix": "/x"},
        {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "1"},
        {
            "Connection": "Upgrade",
            "Upgrade": "websocket",
            "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        },
    ],
    ids=["a prefix", "the path as prefix", "a path", "two schemes", "a host", "an old WebSocket", "a WebSocket"],
)
def test_no_header_makes_it_another_request(server, headers):
    refused(404, "not_found", requests.get(f"{server.base}/nowhere", headers=headers, timeout=30))


@pytest.mark.parametrize("path", ["/api//v1/nowhere", "//elsewhere.example/", "/docs/", "/health//"])
def test_nobody_is_sent_to_another_address(server, path):
    with connect(server) as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: elsewhere.example\r\nConnection: close\r\n\r\n".encode())
        answer = b"".join(iter(lambda: connection.recv(65536), b"")).decode()
    assert answer.split()[1] == "404" and "Location" not in answer and "elsewhere" not in answer


CHUNKED = (
    b"POST /api/v1/auth/admin/login HTTP/1.1\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
)


@pytest.mark.parametrize("server", [Api], indirect=True, ids=["api"])
@pytest.mark.parametrize(
    "body",
    [b"zz\r\n", b"-1\r\nabc", b"5;\x00\r\nabcde\r\n", b"2\r\n{}xx0\r\n\r\n", b"2\r\n{}\r\n0\r\nno trailer\r\n\r\n"],
    ids=["no number", "a negative one", "NUL", "no end of a chunk", "no trailer"],
)
def test_a_body_that_is_no_http_is_the_clients_fault(server, body):
    with connect(server) as connection:
        connection.sendall(CHUNKED + body)
        answer = HTTPResponse(connection)
        answer.begin()
        assert (answer.status, json.loads(answer.read())["code"]) == (400, "bad_request")
        assert connection.recv(1) == b""
    assert "crash" not in server.log()
