"""The shipped nginx configuration, in a real nginx, in front of real processes."""

from __future__ import annotations

import itertools
import json
import math
import random
import re
import resource
import shutil
import socket
import ssl
import subprocess
import time
from base64 import b64encode
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from functools import partial
from http.client import HTTPMessage, HTTPResponse
from io import BytesIO
from urllib.parse import urlsplit

import psutil
import pytest
import requests
from PIL import Image

from tableorder.config import StreamSettings
from tableorder.http.security_headers import SECURITY_HEADERS
from tests.api.client import TABLE_PASSWORD, Restaurant, at_once, expect, refused, refused_lines
from tests.api.server import Server, StreamServer, add_restaurant, run_sql
from tests.api.streams import ADMIN_STREAM
from tests.deploy.front import NGINX, Front, opened_front
from tests.waiting import assert_within, until

pytestmark = [
    pytest.mark.skipif(NGINX is None, reason="needs nginx (Debian's package)"),
    pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl"),
]

# What no answer may lack, whoever gives it.
FIXED = (
    "Strict-Transport-Security",
    "X-Content-Type-Options",
    "Referrer-Policy",
    "Cross-Origin-Resource-Policy",
    "Content-Security-Policy",
    "Cache-Control",
    "Content-Type",
)


@pytest.fixture(scope="module")
def servers(make_database, tmp_path_factory) -> Iterator[tuple[Server, StreamServer]]:
    url, folder = make_database(), tmp_path_factory.mktemp("servers")
    api, stream = Server(url, folder / "api"), StreamServer(url, folder / "stream")
    try:
        yield api.wait_until_ready(), stream.wait_until_ready()
    finally:
        api.stop()
        stream.stop()


@pytest.fixture(scope="module")
def front(servers) -> Iterator[Front]:
    with opened_front(*servers) as front:
        yield front


@pytest.fixture(scope="module")
def restaurant(servers) -> Restaurant:
    return add_restaurant(servers[0])


def bearer(who) -> dict[str, str]:
    return {"Authorization": f"Bearer {who.token}"}


def test_plain_http_is_sent_to_https(front):
    """Under the name of the certificate, whatever name the client gives."""
    for host in ("localhost", "elsewhere.example"):
        response = requests.get(
            f"http://127.0.0.1:{front.http}/health/live?x=1", headers={"Host": host}, allow_redirects=False, timeout=30
        )
        assert response.status_code == 308
        assert response.headers["Location"] == "https://localhost/health/live?x=1"
        assert response.headers["Server"] == "nginx" and "Strict-Transport-Security" not in response.headers


def test_over_plain_http_only_the_proof_for_a_certificate_is_answered(front):
    challenges = front.folder / ".well-known" / "acme-challenge"
    (challenges / "folder").mkdir(parents=True)
    (challenges / "token").write_text("token.thumbprint")
    base = f"http://127.0.0.1:{front.http}/.well-known/acme-challenge"
    proof = requests.get(f"{base}/token", timeout=30)
    assert (proof.status_code, proof.text) == (200, "token.thumbprint")
    assert proof.headers["Content-Type"] == "text/plain" and proof.headers["X-Content-Type-Options"] == "nosniff"
    for nothing in ("", "/", "/other", "/folder", "/folder/", "/../../certificate.pem"):
        answer = requests.get(base + nothing, allow_redirects=False, timeout=30)
        if nothing in ("", "/../../certificate.pem"):  # not in the folder
            assert answer.status_code == 308
        else:
            refused(404, "not_found", answer)
    refused(405, "method_not_allowed", requests.post(f"{base}/token", timeout=30))


def test_it_is_reached_over_ipv6_as_well(front):
    assert requests.get(f"https://localhost:{front.https}/health", verify=str(front.certificate), timeout=30).ok
    for port, begins in {front.http: b"HTTP/1.1 308 ", front.https: b"HTTP/1.1 400 "}.items():
        with socket.create_connection(("::1", port), 30) as connection:
            connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert connection.recv(1024).startswith(begins)


def test_a_browser_has_more_than_six_feeds_over_one_connection(front, restaurant):
    """By curl, for `requests` knows HTTP/1.1 alone."""
    curl = ["curl", "-sS", "--http2", "--cacert", str(front.certificate), "-H"]
    curl += [f"Authorization: Bearer {restaurant.admin.token}", "--parallel", "--parallel-max", "10"]
    curl += ["--max-time", "3", "-w", "version %{http_version} %{num_connects}\n"]
    told = subprocess.run([*curl, *[front.base + ADMIN_STREAM] * 10], capture_output=True, text=True).stdout
    assert told.count("event: initial") == 10
    versions = re.findall(r"version (\S+) (\d)", told)
    assert len(versions) == 10 and {version for version, _ in versions} == {"2"}
    assert sum(int(connects) for _, connects in versions) == 1


def test_the_api_answers_over_tls(front, restaurant):
    assert expect(200, front.get("/api/v1/admin/orders", headers=bearer(restaurant.admin)))["tables"] == []
    live = front.get("/health/live")
    assert live.headers["Strict-Transport-Security"] and live.headers["Server"] == "nginx"


def test_nginxs_own_answers_say_what_the_apis_do(front, restaurant):
    theirs = front.get("/api/v1/nowhere")
    metrics = front.get("/metrics")
    too_large = requests.post(
        f"{front.base}/api/v1/admin/menus",
        data=b"x" * (5 << 20),
        headers=bearer(restaurant.admin),
        verify=str(front.certificate),
        timeout=30,
    )
    refused(404, "not_found", theirs)
    refused(404, "not_found", metrics)
    refused(413, "request_entity_too_large", too_large)
    for ours in (metrics, too_large):
        assert {*ours.headers} >= {*theirs.headers}
        assert {name: ours.headers[name] for name in FIXED} == {name: theirs.headers[name] for name in FIXED}
        assert ours.json()["request_id"] == ours.headers["X-Request-ID"]
    assert not any(", " in theirs.headers[name] for name in FIXED)  # each once


def test_the_log_has_the_id_that_the_client_was_told(front):
    told = [front.get(path).headers["X-Request-ID"] for path in ("/api/v1/nowhere", "/metrics")]
    until(lambda: [line.split()[-1] for line in front.access_log.read_text().splitlines()][-2:] == told)


def test_a_large_answer_is_compressed_and_still_cached_by_its_etag(front, restaurant):
    category_id = restaurant.add_category("긴 목록")
    for number in range(30):
        restaurant.add_menu(category_id=category_id, menu_name=f"메뉴 {number}", description="맛있는 " * 10)
    restaurant.add_table(1)
    headers = bearer(restaurant.seat(1))
    menus = front.get("/api/v1/customer/menus", headers=headers)
    assert menus.headers["Content-Encoding"] == "gzip"
    again = front.get("/api/v1/customer/menus", headers=headers | {"If-None-Match": menus.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")


LARGEST = 2 << 20  # bytes of a picture


def test_the_largest_picture_comes_through(front, restaurant):
    image_base64 = picture()
    menu = {"category_id": restaurant.add_category("사진"), "menu_name": "비빔밥", "price": 1}
    added = requests.post(
        f"{front.base}/api/v1/admin/menus",
        json=menu | {"image_base64": image_base64},
        headers=bearer(restaurant.admin),
        verify=str(front.certificate),
        timeout=30,
    )
    assert expect(201, added)["image_url"]


def picture() -> str:
    """A PNG with hardly a byte less than is allowed: noise, which nothing compresses."""
    width, height = 1000, LARGEST // 3000 - 2
    written = BytesIO()
    Image.frombytes("RGB", (width, height), random.Random(1).randbytes(3 * width * height)).save(written, "PNG")
    assert LARGEST - 10_000 < len(written.getvalue()) <= LARGEST
    return f"data:image/png;base64,{b64encode(written.getvalue()).decode()}"


def test_a_picture_is_asked_of_the_api_once(front, restaurant, servers):
    """By whatever query and origin; each answer has all headers, and an id of its own."""
    menu = {"category_id": restaurant.add_category("그림"), "menu_name": "국수", "price": 1}
    added = expect(201, restaurant.admin.post("/admin/menus", menu | {"image_base64": small_picture()}))
    url = added["image_url"]
    direct = requests.get(servers[0].base + url, timeout=30)
    several = [
        {},
        {"Origin": "https://elsewhere.example"},
        {"X-Request-ID": "chosen"},
        {"Cookie": "a=b"},
        {"Range": ""},
    ]
    kept = [front.get(f"{url}?x={number}", headers=headers) for number, headers in enumerate(several)]
    for answer in kept:
        assert (answer.status_code, answer.content) == (200, direct.content)
        assert {*answer.headers} >= {*FIXED} - {"Content-Security-Policy"} | {"X-Request-ID", "ETag"}
        assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert not any(", " in answer.headers[name] for name in ("X-Request-ID", "ETag", "Content-Type"))
    ids = [answer.headers["X-Request-ID"] for answer in kept]
    assert len(set(ids)) == len(ids)
    asked = [id_ for id_ in ids if id_ in servers[0].log()]
    assert asked == ids[:1]
    again = front.get(url, headers={"If-None-Match": direct.headers["ETag"]})
    assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", direct.headers["ETag"])
    head = requests.head(front.base + url, verify=str(front.certificate), timeout=30)
    assert (head.status_code, head.headers["Content-Length"]) == (200, str(len(direct.content)))
    for wrong in (url.replace("/api/", "/API/"), f"{url}/", url[:-6] + ".webp"):
        refused(404, "not_found", front.get(wrong))
    unknown = f"/api/v1/pictures/{'0' * 64}.webp"
    problem = [refused(404, "picture_not_found", front.get(unknown)) for _ in range(2)]
    assert problem[0]["request_id"] != problem[1]["request_id"]


def test_pictures_that_are_kept_are_shown_while_the_api_is_away(front, restaurant, servers):
    menu = {"category_id": restaurant.add_category("그림 둘"), "menu_name": "국수", "price": 1}
    url = expect(201, restaurant.admin.post("/admin/menus", menu | {"image_base64": small_picture()}))["image_url"]
    shown = front.get(url).content
    servers[0].kill()
    assert front.get(url).content == shown
    unknown = front.get(f"/api/v1/pictures/{'1' * 64}.webp")
    refused(503, "unavailable", unknown)
    servers[0].start()
    servers[0].wait_until_ready()


def small_picture() -> str:
    """One that nobody else has."""
    written = BytesIO()
    Image.frombytes("RGB", (8, 8), random.randbytes(192)).save(written, "PNG")
    return f"data:image/png;base64,{b64encode(written.getvalue()).decode()}"


def test_a_feed_without_events_lives_on(servers, restaurant, tmp_path):
    """For longer than the longest silence that the feed allows itself; all that takes time ten times as fast."""
    api, haste = servers[0], 10
    heartbeat = StreamSettings.heartbeat / haste
    stream = StreamServer(api.database_url, tmp_path / "log", STREAM_HEARTBEAT=str(heartbeat))
    try:
        with opened_front(api, stream.wait_until_ready(), haste=haste) as front:
            patient = {"verify": str(front.certificate), "timeout": 60, "stream": True}
            began = time.monotonic()
            with requests.get(front.base + ADMIN_STREAM, headers=bearer(restaurant.admin), **patient) as response:
                lines = response.iter_lines(chunk_size=1)
                while next(lines) != b": ":
                    pass
                assert time.monotonic() - began >= heartbeat
                restaurant.add_table(9999)
                while next(lines) != b"event: table_changed":
                    pass
    finally:
        stream.stop()


def log_in_at_once(front: Front, logins: list[tuple[str, dict[str, object]]]) -> list[requests.Response]:
    """The answers to logins that begin at the same moment, each from its address."""

    def log_in(address: str, login: dict[str, object]) -> requests.Response:
        return requests.post(
            f"{front.base}/api/v1/auth/table/login",
            json=login,
            headers={"X-Test-Address": address},
            verify=str(front.certificate),
            timeout=60,
        )

    return at_once(*[partial(log_in, *login) for login in logins])


def test_twenty_tablets_that_are_switched_on_together_are_all_in_within_seconds(front, restaurant):
    for number in range(100, 120):
        restaurant.add_table(number)
    login = {"store_id": restaurant.store_id, "table_password": TABLE_PASSWORD}
    tablets = [("198.51.100.1", login | {"table_number": number}) for number in range(100, 120)]

    def seconds_until_all_are_in() -> float:
        started = time.monotonic()
        for answer in log_in_at_once(front, tablets):
            expect(200, answer)
        return time.monotonic() - started

    assert_within(8, seconds_until_all_are_in)


def test_logins_of_one_address_wait_for_a_turn_and_those_past_the_queue_are_refused(front):
    """An address of IPv6 is a network of 64 bits. Nobody from elsewhere waits."""
    for addresses in (["198.51.100.2"] * 60, [f"2001:db8:0:1::{number:x}" for number in range(60)]):
        answers = log_in_at_once(front, [(address, {}) for address in addresses])
        let_in = [answer for answer in answers if answer.status_code == 400]
        assert 41 <= len(let_in) < 60  # the first, forty that waited, and a few more while these were sent
        assert max(answer.elapsed.total_seconds() for answer in let_in) > 7
        for answer in answers:
            if answer not in let_in:
                refused(503, "overloaded", answer)
                assert answer.headers["Retry-After"] == "1" and answer.elapsed.total_seconds() < 5
    elsewhere = [f"198.51.101.{number}" for number in range(30)]
    elsewhere += [f"2001:db8:0:{number:x}::1" for number in range(100, 130)]
    answers = log_in_at_once(front, [(address, {}) for address in elsewhere])
    assert {answer.status_code for answer in answers} == {400}


def test_an_event_goes_out_at_once(front, restaurant):
    with front.get(ADMIN_STREAM, headers=bearer(restaurant.admin), stream=True) as response:
        lines = response.iter_lines(chunk_size=1)
        numbers = itertools.count(20)
        while next(lines) != b"event: initial":
            pass

        def seconds_to_the_event() -> float:
            started = time.monotonic()
            restaurant.add_table(next(numbers))
            while next(lines) != b"event: table_changed":
                pass
            return time.monotonic() - started

        assert_within(2, seconds_to_the_event)


def test_a_clients_word_for_its_address_is_not_taken(front, servers, restaurant):
    login = {"username": restaurant.username, "password": "wrong"}
    answer = requests.post(
        front.base + "/api/v1/auth/admin/login",
        json=login,
        headers={"X-Forwarded-For": "203.0.113.9"},
        verify=str(front.certificate),
        timeout=30,
    )
    refused(401, "credentials_invalid", answer)
    addresses = run_sql(servers[0].database_url, "SELECT address FROM failed_logins WHERE kind = 'address'")
    assert addresses == [("127.0.0.1",)]


# What nginx refuses before it knows for which server or location it is.
BROKEN = [
    ("GARBAGE", 400, "bad_request"),
    ("GET /%00 HTTP/1.1", 400, "bad_request"),
    ("GET /%zz HTTP/1.1", 400, "bad_request"),
    ("GET /../.. HTTP/1.1", 400, "bad_request"),
    ("GET /a b HTTP/1.1", 400, "bad_request"),
    ("GET * HTTP/1.1", 400, "bad_request"),
    ("G@T / HTTP/1.1", 400, "bad_request"),
    ("PRI * HTTP/2.0", 400, "bad_request"),
    ("CONNECT localhost:80 HTTP/1.1", 400, "bad_request"),
    ("GET /health HTTP/1.1\r\nHost: twice", 400, "bad_request"),
    ("GET /health HTTP/1.1\r\nContent-Length: x", 400, "bad_request"),
    ("POST /health HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked", 400, "bad_request"),
    (f"GET /{'x' * 9000} HTTP/1.1", 400, "bad_request"),
    (f"GET /health HTTP/1.1\r\nAuthorization: {'x' * 9000}", 400, "bad_request"),
    ("TRACE /health HTTP/1.1", 405, "method_not_allowed"),
    ("POST /health HTTP/1.1\r\nTransfer-Encoding: gzip", 501, "not_implemented"),
    ("GET /health HTTP/2.0", 505, "http_version_not_supported"),
    ("GET /health HTTP/9.9", 505, "http_version_not_supported"),
]


@pytest.mark.parametrize(("lines", "status", "code"), BROKEN)
@pytest.mark.parametrize("tls", [True, False], ids=["https", "http"])
def test_what_nginx_refuses_by_itself_has_the_form_of_every_other_problem(front, lines, status, code, tls):
    with front.connect() if tls else front.connect_plainly(front.http) as connection:
        *answer, headers = refused_lines(connection, lines)
    assert answer == [status, code]
    assert_complete(headers, tls=tls)
    assert status != 405 or "GET" in headers["Allow"]


@pytest.mark.parametrize(
    ("lines", "status", "code"),
    [
        ("GET /api/v1/admin/orders?status=대기중 HTTP/1.1", 400, "bad_request"),
        (f"{'M' * 40} /health HTTP/1.1", 400, "bad_request"),
        ("GET /health HTTP/1.1" + "\r\nX-Many: x" * 101, 431, "request_header_fields_too_large"),
        (f"GET /{'x' * 5000} HTTP/1.1", 414, "uri_too_long"),
        ("DELETE /health HTTP/1.1", 405, "method_not_allowed"),
        ("GET /metrics HTTP/1.1", 404, "not_found"),
        ("GET /malformed HTTP/1.1", 404, "not_found"),
        ("GET /plain HTTP/1.1", 404, "not_found"),
        ("GET /api//v1/admin/orders HTTP/1.1", 404, "not_found"),
    ],
)
def test_so_has_what_is_refused_behind_it(front, lines, status, code):
    with front.connect() as connection:
        *answer, headers = refused_lines(connection, lines)
    assert answer == [status, code]
    assert_complete(headers, tls=True)
    assert "Location" not in headers


def test_plain_http_on_the_port_of_https_is_told_so(front):
    with front.connect_plainly(front.https) as connection:
        connection.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
        answer = HTTPResponse(connection)
        answer.begin()
        problem = json.loads(answer.read())
    assert (answer.status, problem["code"]) == (400, "bad_request") and "HTTPS" in problem["detail"]
    assert problem["request_id"] == answer.headers["X-Request-ID"]
    assert_complete(answer.headers, tls=False)


def assert_complete(headers: HTTPMessage, *, tls: bool) -> None:
    """What nginx or gunicorn answers by itself has the headers of every answer of ours, each of them once."""
    wanted = {**SECURITY_HEADERS, "Content-Type": "application/problem+json", "Server": "nginx"}
    if tls:
        wanted["Strict-Transport-Security"] = "max-age=31536000"
    assert {name: headers.get_all(name) for name in wanted} == {name: [value] for name, value in wanted.items()}
    assert tls or "Strict-Transport-Security" not in headers
    assert len(headers.get_all("X-Request-ID")) == 1


def test_a_whole_menu_comes_through_where_it_belongs(front, restaurant):
    def answer_to(size):
        return requests.put(
            f"{front.base}/api/v1/admin/menu-document",
            data=b" " * size,
            headers={**bearer(restaurant.admin), "If-Match": "*", "Content-Type": "application/json"},
            verify=str(front.certificate),
            timeout=30,
        )

    refused(400, "json_invalid", answer_to(20 << 20))
    refused(413, "request_entity_too_large", answer_to(33 << 20))


@pytest.mark.parametrize("size", [5 << 20, 1 << 30])
def test_a_body_that_is_too_large_is_refused_before_it_is_sent(front, restaurant, size):
    with front.connect() as connection:
        connection.sendall(
            f"POST /api/v1/admin/menus HTTP/1.1\r\nHost: localhost\r\nContent-Length: {size}\r\n\r\n".encode()
        )
        answer = connection.recv(65536).decode()
    assert answer.startswith("HTTP/1.1 413 ") and "application/problem+json" in answer
    assert json.loads(answer.partition("\r\n\r\n")[2])["code"] == "request_entity_too_large"


def test_a_body_without_a_length_is_refused_where_it_becomes_too_large(front):
    chunk = b"10000\r\n" + b"x" * 65536 + b"\r\n"
    sent, answer = 0, b""
    with front.connect() as connection:
        connection.sendall(post(b"Transfer-Encoding: chunked"))
        while not answer and sent < 1 << 30:
            connection.settimeout(30)
            connection.sendall(chunk)
            sent += 65536
            connection.settimeout(0)
            with suppress(ssl.SSLWantReadError):
                answer = connection.recv(65536)
    assert answer.startswith(b"HTTP/1.1 413 ") and sent < 64 << 20  # 4 MiB, and what the buffers on the way took


@pytest.mark.parametrize(
    "request_",
    [
        b"GARBAGE\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nabcd",
        b"GET / HTTP/1.1\r\nHost: x\r\n" + b"X: " + b"y" * 10_000 + b"\r\n\r\n",
        b"GET /" + b"y" * 10_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\n" + b"X: y\r\n" * 10_000 + b"\r\n",
        b"GET /health HTTP/1.1\r\nHost: x\r\n" + b"X: y\r\n" * 1_000 + b"\r\n",
        b"GET / HTTP/9.9\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nX: a\0b\r\n\r\n",
    ],
    ids=[
        *("garbage", "two hosts", "no host", "two framings", "two lengths", "a long header", "a long path"),
        *("a flood of headers", "more headers than anybody needs", "no such version", "NUL"),
    ],
)
def test_malformed_requests_are_refused(front, request_):
    with front.connect() as connection:
        connection.sendall(request_)
        status = int(connection.recv(65536).split()[1])
    assert status in (400, 414, 431, 494, 505)


HIDDEN = b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n"
LAST = b"GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
LENGTH = b"Content-Length: %d" % len(HIDDEN)
CHUNK = b"%x" % len(HIDDEN)
REFUSALS = (b"400", b"415", b"501")


def post(*headers: bytes, end: bytes = b"\r\n") -> bytes:
    return end.join([b"POST /api/v1/auth/admin/login HTTP/1.1", b"Host: x", *headers, b"", b""])


@pytest.mark.parametrize("behind_nginx", [True, False], ids=["nginx", "gunicorn"])
@pytest.mark.parametrize(
    "request_",
    [
        post(LENGTH, b"Transfer-Encoding: chunked") + b"0\r\n\r\n" + HIDDEN,
        post(b"Transfer-Encoding: chunked", b"Content-Length: 5") + b"0\r\n\r\n" + HIDDEN,
        post(b"Content-Length: 0", LENGTH) + HIDDEN,
        post(LENGTH, b"Content-Length: 0") + HIDDEN,
        post(b"Content-Length: 0, %d" % len(HIDDEN)) + HIDDEN,
        post(LENGTH.replace(b": ", b": +")) + HIDDEN,
        post(b"Content-Length: 0x0") + HIDDEN,
        post(LENGTH.replace(b": ", b" : ")) + HIDDEN,
        post(LENGTH, b"Transfer-Encoding : chunked") + HIDDEN,
        post(LENGTH, b"Transfer-Encoding: xchunked") + HIDDEN,
        post(b"Transfer-Encoding: chunked", b"Transfer-Encoding: identity") + b"0\r\n\r\n" + HIDDEN,
        post(b"Transfer-Encoding: chunked, identity") + b"0\r\n\r\n" + HIDDEN,
        post(LENGTH, b"Transfer-Encoding:\x0bchunked") + HIDDEN,
        post(LENGTH, b"Transfer-Encoding:", b" chunked") + HIDDEN,
        post(b"X: y", b" Content-Length: 0", LENGTH) + HIDDEN,
        post(b"X: y\rContent-Length: 0", LENGTH) + HIDDEN,
        post(b"Transfer-Encoding: chunked") + CHUNK + b";x\n\r\n" + HIDDEN + b"\r\n0\r\n\r\n",
        post(b"Transfer-Encoding: chunked") + CHUNK + b";a=b\r\n" + HIDDEN + b"\r\n0\r\n\r\n",
        post(b"Transfer-Encoding: chunked") + b"-1\r\n" + HIDDEN + b"\r\n0\r\n\r\n",
        post(b"Transfer-Encoding: chunked") + b"1" + b"0" * 16 + b"\r\n" + HIDDEN + b"\r\n0\r\n\r\n",
        post(LENGTH, end=b"\n") + HIDDEN,
        LAST.replace(b"Connection: close", LENGTH) + HIDDEN,
    ],
    ids=[
        *("CL.TE", "TE.CL", "CL.CL", "CL.CL, longer first", "a list of lengths", "a signed length", "a hex length"),
        *(
            "space after Content-Length",
            "space after Transfer-Encoding",
            "another encoding",
            "TE.TE",
            "chunked not last",
        ),
        *("vertical tab", "folded encoding", "folded length", "bare CR", "bare LF in an extension", "an extension"),
        *("a negative chunk", "a chunk beyond 64 bits", "bare LF", "a GET with a body"),
    ],
)
def test_no_request_hides_in_another(front, servers, request_, behind_nginx):
    """What is in a body is never answered, whichever way its length is disputed."""
    host, port = urlsplit(servers[0].base).netloc.split(":")
    with front.connect() if behind_nginx else socket.create_connection((host, int(port)), 30) as connection:
        connection.settimeout(30)
        connection.sendall(request_ + LAST)
        if not behind_nginx:
            connection.shutdown(socket.SHUT_WR)
        answers = b""
        with suppress(ConnectionResetError, ssl.SSLEOFError):
            while part := connection.recv(65536):
                answers += part
    assert answers.startswith(b"HTTP/1.1 ") and b'"alive"' not in answers
    assert answers[9:12] in REFUSALS or answers.count(b"HTTP/1.1 ") == 2  # refused, or it and the last one answered


# What a client has sent when it stops: nothing, some of a header, some of a body.
SLOW = [
    b"",
    b"GET /health/live HTTP/1.1\r\nHost: local",
    b"POST /api/v1/customer/orders HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n{",
]


def test_who_is_slow_is_cut_off_and_the_others_are_served(front, restaurant):
    """From one address as many as it may have under way, more than may be with the API at once."""

    def seconds_of_the_others() -> float:
        with ExitStack() as open_:
            began = time.monotonic()
            slow = [(open_.enter_context(greeted(front, "127.0.2.1")), SLOW[2]) for _ in range(500)]
            slow += [(open_.enter_context(front.connect()), sent) for sent in SLOW for _ in range(20)]
            if time.monotonic() - began > 60:  # nginx will not wait much longer for the first of them
                return math.inf
            return seconds_beside(slow)

    def seconds_beside(slow: list[tuple[ssl.SSLSocket, bytes]]) -> float:
        started = time.monotonic()
        for connection, sent in slow:
            connection.sendall(sent)
        with front.connect("127.0.2.1") as one_more_of_them:
            one_more_of_them.sendall(b"GET /health/live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            refusal = whole(one_more_of_them)
        assert refusal.startswith(b"HTTP/1.1 503") and b'"overloaded"' in refusal
        half_closed = [front.connect() for _ in range(20)]
        for connection in half_closed:
            connection.sendall(SLOW[1])
            connection.shutdown(socket.SHUT_WR)
        for _ in range(10):
            expect(200, front.get("/api/v1/admin/orders", headers=bearer(restaurant.admin)))
        for connection in half_closed:  # nothing more can come
            with connection, suppress(ConnectionResetError):
                while connection.recv(1024):
                    pass
        others = time.monotonic() - started
        for connection, _ in slow:
            with suppress(ConnectionResetError, ssl.SSLEOFError):
                answer = connection.recv(1024)
                assert answer == b"" or answer.startswith(b"HTTP/1.1 408 ")
        cut_off = time.monotonic() - started
        assert cut_off > 8
        return others if cut_off < 20 else math.inf

    assert_within(8, seconds_of_the_others)


def greeted(front: Front, address: str = "127.0.0.1") -> ssl.SSLSocket:
    """A connection that has had an answer, and so more than the ten seconds of a new one until its next request."""
    connection = front.connect(address)
    connection.sendall(HIDDEN)
    answer = b""
    while b'"alive"' not in answer:
        answer += connection.recv(1024)
    return connection


IDLE = 10_000


@pytest.fixture
def many_files() -> Iterator[None]:
    """As many open files as the test of many connections needs."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < IDLE + 1000:
        pytest.skip(f"needs {IDLE + 1000} open files; the limit is {hard}")
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_ten_thousand_idle_connections_hold_up_nobody(front, restaurant, many_files):
    """Though a worker of nginx has 768: for who comes next it closes those from which it has had nothing yet."""
    with ExitStack() as idle:
        for number in range(IDLE):
            source = (f"127.0.1.{number % 250}", 0)
            idle.enter_context(socket.create_connection(("127.0.0.1", front.https), 30, source))
        for _ in range(10):
            expect(200, front.get("/api/v1/admin/orders", headers=bearer(restaurant.admin)))


def test_what_is_too_much_is_refused_at_once_and_the_rest_is_served(front, servers):
    request_ = b"GET /health/live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    api = psutil.Process(servers[0].process.pid)
    until(lambda: established(front) == 0)  # those of another test would take the places of the idle ones here
    with ExitStack() as open_:
        waiting = [open_.enter_context(greeted(front)) for _ in range(256)]
        late = [open_.enter_context(greeted(front)) for _ in range(20)]
        api.suspend()  # or it would put others in the workers' place
        workers = api.children()
        for worker in workers:
            worker.suspend()
        try:
            for connection in waiting:
                connection.sendall(request_)
            until(lambda: b" 503 " in one_more(front, request_))
            for connection in late:  # the API does not move, so this is not its answer
                connection.sendall(request_)
                refusal = whole(connection)
                assert refusal.startswith(b"HTTP/1.1 503") and b"\r\nRetry-After: 1\r\n" in refusal
                assert json.loads(refusal.partition(b"\r\n\r\n")[2])["code"] == "overloaded"
        finally:
            for process in [*workers, api]:
                process.resume()
        served = [whole(connection) for connection in waiting]
    assert all(answer.startswith(b"HTTP/1.1 200") for answer in served)
    assert front.get("/health/live").status_code == 200


def established(front: Front) -> int:
    """How many connections nginx has."""
    workers = psutil.Process(front.process.pid).children()
    return sum(each.status == "ESTABLISHED" for worker in workers for each in worker.net_connections("tcp"))


def one_more(front: Front, request_: bytes) -> bytes:
    """What one more is told at once; nothing if it has to wait."""
    with front.connect() as connection:
        connection.sendall(request_)
        connection.settimeout(0.2)
        try:
            return whole(connection)
        except TimeoutError:
            return b""


def whole(connection: ssl.SSLSocket) -> bytes:
    """All of an answer, after which the connection is closed."""
    return b"".join(iter(lambda: connection.recv(65536), b""))


def test_while_the_api_restarts_clients_are_told_to_come_back(front, servers, restaurant):
    api, _ = servers
    api.kill()
    away = front.get("/api/v1/admin/orders", headers=bearer(restaurant.admin))
    refused(503, "unavailable", away)
    assert away.headers["Retry-After"] == "1" and away.headers["Strict-Transport-Security"]
    api.start()
    until(lambda: front.get("/api/v1/admin/orders", headers=bearer(restaurant.admin)).status_code == 200)


def test_no_log_shows_a_query(front, servers):
    """Nor does that of errors while the live feed is away, when nginx would like to say for whom."""
    _, stream = servers
    front.get("/health/live?ticket=secret-ticket")
    refused(401, "ticket_invalid", front.get(ADMIN_STREAM + "?ticket=1.secret-ticket"))
    stream.kill()
    refused(503, "unavailable", front.get(ADMIN_STREAM + "?ticket=1.secret-ticket"))
    front.get("/health/live?ticket=secret-ticket")
    stream.start()
    stream.wait_until_ready()
    until(lambda: front.access_log.read_text().count('"GET /health/live" 200') >= 2)
    assert "secret-ticket" not in front.access_log.read_text() + front.error_log.read_text()
