"""The shipped nginx configuration, in a real nginx, in front of real processes."""

from __future__ import annotations

import json
import os
import shutil
import socket
import ssl
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from tests.api.client import Restaurant, expect, refused
from tests.api.conftest import Server, StreamServer, add_restaurant, run_sql
from tests.api.streams import ADMIN_STREAM
from tests.database.servers import free_port
from tests.management.running import CHECKOUT
from tests.waiting import until

NGINX = shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin")

pytestmark = [
    pytest.mark.skipif(NGINX is None, reason="needs nginx (Debian's package)"),
    pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl"),
    pytest.mark.timeout(180),
]

WRAPPER = """
daemon off;
pid {folder}/pid;
{user}
events {{ worker_connections 1024; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/tableorder.conf;
}}
"""


class Front:
    """nginx with the shipped file, in which only ports and paths are others."""

    def __init__(self, folder: Path, api: Server, stream: Server) -> None:
        self.http, self.https = free_port(), free_port()
        self.base = f"https://localhost:{self.https}"
        self.certificate = folder / "certificate.pem"
        self.access_log = folder / "access.log"
        key = folder / "key.pem"
        subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
        make = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *subject]
        subprocess.run([*make, "-keyout", key, "-out", self.certificate], check=True, capture_output=True)
        changes = {
            "127.0.0.1:8000": urlsplit(api.base).netloc,
            "127.0.0.1:8001": urlsplit(stream.base).netloc,
            "listen 80;": f"listen 127.0.0.1:{self.http};",
            "listen 443 ssl;": f"listen 127.0.0.1:{self.https} ssl;",
            "/etc/tableorder/tls/fullchain.pem": str(self.certificate),
            "/etc/tableorder/tls/privkey.pem": str(key),
            "/var/log/nginx/tableorder.log": str(self.access_log),
            "/var/log/nginx/error.log": str(folder / "error.log"),
        }
        text = (CHECKOUT / "deploy" / "nginx.conf").read_text()
        for shipped, here in changes.items():
            assert shipped in text
            text = text.replace(shipped, here)
        (folder / "tableorder.conf").write_text(text)
        user = "user root;" if os.geteuid() == 0 else ""
        (folder / "nginx.conf").write_text(WRAPPER.format(folder=folder, user=user))
        command = [str(NGINX), "-e", "stderr", "-p", str(folder), "-c", str(folder / "nginx.conf")]
        self.process = subprocess.Popen(command)

    def get(self, path: str, **options: object) -> requests.Response:
        return requests.get(self.base + path, verify=str(self.certificate), timeout=30, **options)

    def connect(self) -> ssl.SSLSocket:
        """A raw connection."""
        context = ssl.create_default_context(cafile=str(self.certificate))
        plain = socket.create_connection(("127.0.0.1", self.https), 30)
        return context.wrap_socket(plain, server_hostname="localhost")


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
    with tempfile.TemporaryDirectory(prefix="tableorder-test-") as folder:
        front = Front(Path(folder), *servers)
        try:
            until(lambda: answers(front.https))
            yield front
        finally:
            front.process.terminate()
            front.process.wait(20)


def answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture(scope="module")
def restaurant(servers) -> Restaurant:
    return add_restaurant(servers[0])


def bearer(who) -> dict[str, str]:
    return {"Authorization": f"Bearer {who.token}"}


def test_plain_http_is_sent_to_https(front):
    response = requests.get(f"http://localhost:{front.http}/health/live?x=1", allow_redirects=False, timeout=10)
    assert response.status_code == 308
    assert response.headers["Location"] == "https://localhost/health/live?x=1"


def test_the_api_answers_over_tls(front, restaurant):
    assert expect(200, front.get("/api/v1/admin/orders", headers=bearer(restaurant.admin)))["tables"] == []
    live = front.get("/health/live")
    assert live.headers["Strict-Transport-Security"] and live.headers["Server"] == "nginx"


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


def test_an_event_goes_out_at_once(front, restaurant):
    with front.get(ADMIN_STREAM, headers=bearer(restaurant.admin), stream=True) as response:
        lines = response.iter_lines(chunk_size=1)
        while next(lines) != b"event: initial":
            pass
        started = time.monotonic()
        restaurant.add_table(20)
        while next(lines) != b"event: table_changed":
            pass
        assert time.monotonic() - started < 2


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
    subjects = run_sql(
        servers[0].database_url, "SELECT subject FROM login_failures WHERE subject LIKE 'address:' || %s", "%"
    )
    assert subjects == [("address:127.0.0.1",)]


@pytest.mark.parametrize("size", [5 << 20, 1 << 30])
def test_a_body_that_is_too_large_is_refused_before_it_is_sent(front, restaurant, size):
    with front.connect() as connection:
        connection.sendall(
            f"POST /api/v1/admin/menus HTTP/1.1\r\nHost: localhost\r\nContent-Length: {size}\r\n\r\n".encode()
        )
        answer = connection.recv(65536).decode()
    assert answer.startswith("HTTP/1.1 413 ") and "application/problem+json" in answer
    assert json.loads(answer.partition("\r\n\r\n")[2])["code"] == "request_entity_too_large"


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
    ],
    ids=["garbage", "two hosts", "no host", "two framings", "two lengths", "a long header", "a long path"],
)
def test_malformed_requests_are_refused(front, request_):
    with front.connect() as connection:
        connection.sendall(request_)
        status = int(connection.recv(65536).split()[1])
    assert status in (400, 414, 431, 494)


def test_who_is_slow_is_cut_off_and_the_others_are_served(front, restaurant):
    slow = [front.connect() for _ in range(50)]
    started = time.monotonic()
    for connection in slow:
        connection.sendall(b"GET /health/live HTTP/1.1\r\nHost: local")
    for _ in range(10):
        expect(200, front.get("/api/v1/admin/orders", headers=bearer(restaurant.admin)))
    assert time.monotonic() - started < 8
    for connection in slow:
        with connection, suppress(ConnectionResetError):
            assert connection.recv(1024) == b""
    assert 8 < time.monotonic() - started < 20


def test_while_the_api_restarts_clients_are_told_to_come_back(front, servers, restaurant):
    api, _ = servers
    api.kill()
    away = front.get("/api/v1/admin/orders", headers=bearer(restaurant.admin))
    refused(503, "unavailable", away)
    assert away.headers["Retry-After"] == "1"
    api.start()
    until(lambda: front.get("/api/v1/admin/orders", headers=bearer(restaurant.admin)).status_code == 200)


def test_no_log_shows_a_query(front):
    front.get("/health/live?ticket=secret-ticket")
    front.get(ADMIN_STREAM + "?ticket=1.secret-ticket")
    until(lambda: '"GET /health/live" 200' in front.access_log.read_text())
    assert "secret-ticket" not in front.access_log.read_text()
