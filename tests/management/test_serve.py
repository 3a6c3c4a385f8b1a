"""bin/serve: starts everything, prints what to try, and leaves nothing behind."""

from __future__ import annotations

import json
import os
import re
import secrets
import select
import shlex
import signal
import socket
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from http.client import HTTPMessage, HTTPResponse
from pathlib import Path
from typing import Any

import psutil
import psycopg2
import pytest
import requests

from tableorder.commands import SetupError
from tableorder.database.migrations import apply_pending
from tableorder.http.security_headers import SECURITY_HEADERS
from tableorder.management.proxy import PROXIES, prepare_proxy
from tests.api.client import Client, Restaurant, Tablet, expect, refused, refused_lines
from tests.api.streams import ADMIN_STREAM, TABLE_STREAM, Reader, take_ticket
from tests.database.servers import free_port
from tests.deploy.test_nginx import BROKEN
from tests.factories import query
from tests.management.running import CHECKOUT, Serve, environment, manage
from tests.waiting import assert_within, until


def processes_of(home) -> list[psutil.Process]:
    """PostgreSQL's processes that work in this home, and their like; for a moment also one that is about to exit."""
    return [p for p in psutil.process_iter(["cmdline"]) if str(home) in " ".join(p.info["cmdline"] or [])]


def children(serve: Serve) -> list[psutil.Process]:
    return psutil.Process(serve.process.pid).children(recursive=True)


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("home")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_serves_and_stops_all_that_it_started(home, tmp_path, number):
    serve = Serve(home, tmp_path / "log").wait_until_ready()
    started = children(serve)
    assert len(started) >= 3
    assert "demo admin   demo / demo-admin" in serve.output()
    restaurant = Restaurant(serve.base, 1, "온달 한식당", "demo", "demo-admin")
    assert len(expect(200, restaurant.admin.get("/admin/tables"))["tables"]) == 8
    serve.process.send_signal(number)
    assert serve.process.wait(60) == 0
    assert "Traceback" not in serve.output()
    assert not [process for process in started if process.is_running()]
    until(lambda: processes_of(home) == [])


def test_the_page_and_the_curl_that_it_prints_work(home, tmp_path):
    serve = Serve(home, tmp_path / "log").wait_until_ready()
    try:
        page = re.search(r"^  the API +(http\S+)$", serve.output(), re.MULTILINE)[1]
        assert "<title>tableorder API</title>" in requests.get(page, timeout=30).text
        command = re.search(r"^  (curl .*)$", serve.output(), re.MULTILINE)[1]
        output = subprocess.check_output([*shlex.split(command), "-sS"], text=True)
        assert '"access_token"' in output
    finally:
        assert serve.stop() == 0


def test_data_survives_and_a_second_start_is_quick(home, tmp_path):
    first = Serve(home, tmp_path / "first").wait_until_ready()
    restaurant = Restaurant(first.base, 1, "", "demo", "demo-admin")
    token = restaurant.admin.token
    category_id = restaurant.add_category("새 분류")
    assert first.stop() == 0
    second = Serve(home, tmp_path / "second").wait_until_ready()
    try:
        assert "Applied" not in second.output()
        listed = expect(200, Client(second.base, token).get("/admin/categories"))["categories"]
        assert category_id in [category["category_id"] for category in listed]
    finally:
        assert second.stop() == 0


def test_killed_it_takes_gunicorn_along_and_the_next_one_starts(home, tmp_path):
    with tempfile.TemporaryDirectory() as folder:  # for what the killed one leaves; a short path, of sockets
        killed = Serve(home, tmp_path / "first", TMPDIR=folder).wait_until_ready()
        gunicorns = [p for p in children(killed) if "gunicorn" in " ".join(p.cmdline())]
        assert gunicorns
        killed.process.kill()
        killed.process.wait()
        psutil.wait_procs(gunicorns, 60)
        assert not [process for process in gunicorns if process.is_running()]
        assert Serve(home, tmp_path / "second", TMPDIR=folder).wait_until_ready().stop() == 0
    until(lambda: processes_of(home) == [])


def test_a_stop_during_the_start_is_a_stop(tmp_path):
    serve = Serve(tmp_path / "home", tmp_path / "log")
    until(lambda: "Starting PostgreSQL" in serve.output())
    assert serve.stop() == 0
    until(lambda: processes_of(tmp_path / "home") == [])


@pytest.mark.parametrize("name", ["wsgi:app", "tableorder.stream.asgi:app", "nginx", "caddy"])
def test_a_server_that_dies_is_told(home, tmp_path, name):
    proxy = name if name in PROXIES else "caddy"
    require_proxy(proxy)
    with tempfile.TemporaryDirectory() as folder:  # for what the killed one leaves
        serve = Serve(home, tmp_path / "log", "--proxy", proxy, TMPDIR=folder).wait_until_ready()
        [master] = [p for p in psutil.Process(serve.process.pid).children() if name in " ".join(p.cmdline())]
        os.kill(master.pid, signal.SIGKILL)
        assert serve.process.wait(60) == 1
    assert "a process ended by itself, with status -9: " in serve.output() and name in serve.output()
    until(lambda: processes_of(home) == [])


@pytest.mark.parametrize("proxy", PROXIES)
def test_one_address_serves_the_api_and_the_live_feed(home, tmp_path, proxy):
    require_proxy(proxy)
    patient = {"SLOW_REQUEST": "60", "SLOW_STATEMENT": "60"}  # a busy machine is nothing to complain of
    serve = Serve(home, tmp_path / "log", "--proxy", proxy, **patient).wait_until_ready()
    try:
        restaurant = Restaurant(serve.base, 1, "", "demo", "demo-admin")
        tablet = Tablet(serve.base, expect(200, log_in_demo_table(serve))["access_token"])  # which starts its session
        counter = Reader(serve.base, ADMIN_STREAM, token=restaurant.admin.token)
        table = Reader(serve.base, TABLE_STREAM, token=tablet.token)
        [initial] = counter.wait_for(1)
        categories = expect(200, tablet.get("/customer/menus"))["categories"]
        menu_id = next(menu["menu_id"] for category in categories for menu in category["menus"])
        order = expect(201, tablet.order((menu_id, 1)))
        assert counter.wait_for(2)[1].data["order_id"] == order["order_id"]
        assert table.wait_for(2)[1].data["order_id"] == order["order_id"]
        back = {"ticket": take_ticket(restaurant.admin), "last_event_id": initial.id}
        resumed = Reader(serve.base, ADMIN_STREAM, query=back)
        assert resumed.wait_for(1)[0] == counter.events[1]
        for size in (4 << 20, 40 << 20):
            refused(413, "request_entity_too_large", restaurant.admin.post("/admin/menus", {"menu_name": "x" * size}))
        for size, status in ((20 << 20, 400), (40 << 20, 413)):
            document = {"format": "x" * size}
            answer = restaurant.admin.put("/admin/menu-document", document, headers={"If-Match": "*"})
            assert answer.status_code == status, answer.text
    finally:
        assert serve.stop() == 0
    for reader in (counter, table, resumed):
        assert reader.wait_until_over()[-1].data == {"reason": "shutdown"}
    # Neither nginx ("2026/…"), nor Caddy, nor one of ours complains of more than a slow machine.
    complaint = re.compile(r'20\d\d/|.*"level":"|(?!.*"message": "slow ).*"level": "(warning|error)"')
    assert [line for line in serve.output().splitlines() if complaint.match(line)] == []


@pytest.fixture(scope="module", params=PROXIES)
def served(request, tmp_path_factory) -> Iterator[Serve]:
    """bin/serve with one proxy or the other."""
    require_proxy(request.param)
    serve = Serve(
        tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("serve") / "log", "--proxy", request.param
    ).wait_until_ready()
    yield serve
    assert serve.stop() == 0


def connect(serve: Serve) -> socket.socket:
    return socket.create_connection(("127.0.0.1", serve.port), 30)


LOGIN = b"POST /api/v1/auth/admin/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"


def test_half_sent_bodies_hold_up_nobody(served):
    """Of more requests than the workers have threads."""

    def seconds_of_the_others() -> float:
        with ExitStack() as stack:
            for _ in range(50):
                stack.enter_context(connect(served)).sendall(LOGIN + b"Content-Length: 1000\r\n\r\n{")
            began = time.monotonic()
            for _ in range(10):
                assert requests.get(f"{served.base}/health", timeout=30).status_code == 200
            return time.monotonic() - began

    assert_within(2, seconds_of_the_others)


def test_who_sends_a_body_that_is_too_large_and_then_reads_sees_that_it_is(served):
    for _ in range(5):
        for size in ((4 << 20) + 1, 4_500_000, 10_000_000, 40_000_000):
            with connect(served) as connection:
                connection.sendall(LOGIN + b"Content-Length: %d\r\n\r\n" % size)
                connection.sendall(b"x" * size)
                answer = HTTPResponse(connection)
                answer.begin()
                problem = json.loads(answer.read())
            assert (answer.status, problem["code"]) == (413, "request_entity_too_large")
            assert_complete(answer.headers)
            assert problem["request_id"] == answer.headers["X-Request-ID"]


def test_the_largest_body_comes_through(served):
    with connect(served) as connection:
        connection.sendall(LOGIN + b"Content-Length: %d\r\n\r\n" % (4 << 20) + b" " * (4 << 20))
        answer = HTTPResponse(connection)
        answer.begin()
        assert json.loads(answer.read())["code"] in ("json_invalid", "request_entity_too_large")  # as the API says


def test_what_is_large_is_compressed_and_still_cached_by_its_etag(served):
    headers = {"Authorization": f"Bearer {expect(200, log_in_demo_table(served))['access_token']}"}
    menus = requests.get(f"{served.base}/api/v1/customer/menus", headers=headers, timeout=30)
    assert menus.headers["Content-Encoding"] == "gzip" and len(menus.json()["categories"]) > 1
    again = requests.get(
        f"{served.base}/api/v1/customer/menus",
        headers=headers | {"If-None-Match": menus.headers["ETag"]},
        timeout=30,
    )
    assert (again.status_code, again.content) == (304, b"")
    page = requests.get(f"{served.base}/tablet", timeout=30).text
    files = re.findall(r'(?:src|href)="(screens/[^"]+\.(?:js|css))', page)
    assert files
    for file in files:
        answer = requests.get(f"{served.base}/{file}", timeout=30)
        is_large = len(answer.content) > 2048
        assert (answer.headers.get("Content-Encoding") == "gzip") or not is_large, file


def test_logins_of_one_address_wait_for_a_turn_and_those_past_the_queue_are_refused(nginx_alone):
    """Nobody is behind it, which the first is told at once, forty others later, and who asks for something else."""
    with ExitStack() as stack:
        logins = [stack.enter_context(socket.create_connection(("127.0.0.1", nginx_alone), 30)) for _ in range(60)]
        for login in logins:
            login.sendall(LOGIN + b"Content-Length: 2\r\n\r\n{}")
        until(lambda: len(select.select(logins, [], [], 0)[0]) >= 16)
        refused(503, "unavailable", requests.get(f"http://127.0.0.1:{nginx_alone}/health", timeout=30))
        answered = select.select(logins, [], [], 0)[0]
        assert len(answered) < 30
        codes = Counter(problem_of(login)["code"] for login in answered)
    assert codes.keys() == {"unavailable", "overloaded"} and codes["overloaded"] >= 10


def problem_of(connection: socket.socket) -> dict[str, Any]:
    answer = HTTPResponse(connection)
    answer.begin()
    assert (answer.status, answer.getheader("Retry-After")) == (503, "1")
    assert_complete(answer.headers)
    return json.loads(answer.read())


def assert_complete(headers: HTTPMessage) -> None:
    """What no answer may lack, each of them once."""
    assert {name: headers.get_all(name) for name in SECURITY_HEADERS} == {
        name: [value] for name, value in SECURITY_HEADERS.items()
    }


@pytest.mark.parametrize("proxy", PROXIES)
def test_while_the_api_restarts_the_proxy_answers_for_it(tmp_path, proxy):
    with proxy_alone(proxy, tmp_path / "log") as port:
        for path in ("/health/live", ADMIN_STREAM + "?ticket=1.secret-ticket"):
            answer = requests.get(f"http://127.0.0.1:{port}{path}", timeout=30)
            refused(503, "unavailable", answer)
            assert answer.headers["Retry-After"] == "1"
            assert {name: answer.headers[name] for name in SECURITY_HEADERS} == SECURITY_HEADERS
    assert "secret-ticket" not in (tmp_path / "log").read_text()


@pytest.fixture(scope="module")
def nginx_alone(tmp_path_factory) -> Iterator[int]:
    with proxy_alone("nginx", tmp_path_factory.mktemp("nginx") / "log") as port:
        yield port


@pytest.mark.parametrize(("lines", "status", "code"), BROKEN)
def test_what_nginx_does_not_let_through_is_refused_in_the_same_form(nginx_alone, lines, status, code):
    with socket.create_connection(("127.0.0.1", nginx_alone)) as connection:
        *answer, headers = refused_lines(connection, lines)
    assert answer == [status, code]
    assert_complete(headers)
    assert status != 405 or "GET" in headers["Allow"]


@contextmanager
def proxy_alone(name: str, log: Path) -> Iterator[int]:
    """The port of a proxy in front of nobody, which writes to `log`."""
    require_proxy(name)
    with tempfile.TemporaryDirectory() as folder:
        port = free_port()
        with log.open("wb") as output:
            process = subprocess.Popen(prepare_proxy(name, Path(folder), port), stdout=output, stderr=output)
        try:
            until(lambda: listens(port))
            yield port
        finally:
            process.terminate()
            process.wait(60)


def require_proxy(name: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        try:
            prepare_proxy(name, Path(folder), 1)
        except SetupError as error:
            pytest.skip(str(error))


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def log_in_demo_table(serve: Serve) -> requests.Response:
    return Client(serve.base).post(
        "/auth/table/login", {"store_id": 1, "table_number": 3, "table_password": "demo-table"}
    )


def test_a_port_that_is_taken_is_said_so(home, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = subprocess.run(
            ["bin/serve", "--port", str(port)], cwd=CHECKOUT, env=environment(home), capture_output=True, text=True
        )
    assert (result.returncode, result.stdout) == (
        1,
        f"bin/serve: port {port} is taken; stop what listens there, or choose another with --port\n",
    )


@pytest.mark.parametrize("arguments", [["--port", "x"], ["--port", "70000"], ["--workers", "0"], ["--nonsense"]])
def test_wrong_usage_is_a_2(home, arguments):
    result = subprocess.run(
        ["bin/serve", *arguments], cwd=CHECKOUT, env=environment(home), capture_output=True, text=True
    )
    assert result.returncode == 2
    assert result.stderr.startswith("usage: bin/serve")


def test_another_database_needs_a_secret_and_gets_no_demo_if_it_is_not_wanted(make_database, tmp_path):
    url = make_database(template=None)
    refused = Serve(tmp_path / "home", tmp_path / "refused", DATABASE_URL=url)
    assert refused.process.wait(60) == 1
    assert refused.output().startswith("bin/serve: JWT_SECRET_KEY is not set")
    settings = {"DATABASE_URL": url, "JWT_SECRET_KEY": "x" * 40}
    serve = Serve(tmp_path / "home", tmp_path / "log", "--no-demo", **settings).wait_until_ready()
    try:
        assert "demo" not in serve.output()
        assert manage("store", "list", "--json", home=tmp_path / "home", **settings).stdout == "[]\n"
    finally:
        assert serve.stop() == 0
    assert not (tmp_path / "home").exists()


def test_the_applications_own_role_serves_what_is_there_and_manages_nothing(postgres, make_database, tmp_path):
    url = make_database()
    role = f"waiter_{secrets.token_hex(4)}"
    with closing(psycopg2.connect(postgres)) as connection:
        connection.autocommit = True
        query(connection, f"CREATE ROLE {role} LOGIN IN ROLE tableorder")
    settings = {"DATABASE_URL": url.replace("postgres@", f"{role}@"), "JWT_SECRET_KEY": "x" * 40}
    serve = Serve(tmp_path / "home", tmp_path / "log", **settings).wait_until_ready()
    try:
        assert "No demo restaurant: the role of DATABASE_URL may not add one." in serve.output()
        for command in (["store", "list"], ["demo", "load"], ["store", "passwd", "--username", "x"]):
            refused = manage(*command, home=tmp_path / "home", **settings)
            assert (refused.returncode, refused.stdout) == (1, "")
            assert refused.stderr.endswith("sees every store, such as a member of tableorder_owner\n")
    finally:
        assert serve.stop() == 0


def test_migrations_that_cannot_be_applied_are_a_clear_error(make_database, tmp_path):
    url = make_database(template=None)
    apply_pending(url, up_to="0002")
    with closing(psycopg2.connect(url)) as connection, connection:
        query(connection, "UPDATE _yoyo_log SET comment = 'sha256:of-another-file' WHERE migration_id LIKE '0002%%'")
    serve = Serve(tmp_path / "home", tmp_path / "log", DATABASE_URL=url, JWT_SECRET_KEY="x" * 40)
    assert serve.process.wait(30) == 1
    assert serve.output().startswith("bin/serve: 0002.create-indexes was edited after it was applied")
    assert "Traceback" not in serve.output()


def test_a_database_that_is_away_is_a_clear_error(tmp_path):
    url = "postgresql://nobody@127.0.0.1:1/nothing"
    serve = Serve(tmp_path / "home", tmp_path / "log", DATABASE_URL=url, JWT_SECRET_KEY="x" * 40)
    assert serve.process.wait(60) == 1
    assert serve.output().startswith("bin/serve: cannot migrate the database: ")
    assert "Traceback" not in serve.output()


def test_a_home_that_cannot_be_written_is_a_clear_error(tmp_path):
    (tmp_path / "file").write_text("")
    serve = Serve(tmp_path / "file", tmp_path / "log")
    assert serve.process.wait(60) == 1
    assert serve.output().startswith("bin/serve: cannot ")
