"""What the server processes log: a line a request, what is slow, and never a secret."""

import json
import logging
import re
import socket
import sys
import uuid
from datetime import datetime

import pytest
import requests

from tableorder.logs import JsonFormatter, TextFormatter, configuration, fields
from tests.api.client import TABLE_PASSWORD, Client, expect, refused
from tests.api.server import JWT_SECRET_KEY, Server, StreamServer, add_restaurant, run_sql
from tests.api.streams import ADMIN_STREAM, Reader, take_ticket
from tests.waiting import until

FILLER = "\N{REPLACEMENT CHARACTER}"


def lines_of(server, request_id):
    parsed = [json.loads(line) for line in server.log().splitlines()]
    return [line for line in parsed if line.get("request_id") == request_id]


@pytest.fixture(scope="module")
def talkative(shared_database_url, tmp_path_factory):
    """A server for which everything is slow, and which logs all it can."""
    settings = {"SLOW_REQUEST": "0.001", "SLOW_STATEMENT": "0.001", "DATABASE_ECHO": "on", "LOG_LEVEL": "debug"}
    running = Server(shared_database_url, tmp_path_factory.mktemp("talkative") / "log", **settings)
    try:
        yield running.wait_until_ready()
    finally:
        running.stop()


def test_each_request_is_a_line_of_json(restaurant, server):
    request_id = uuid.uuid4().hex
    restaurant.add_menu()
    expect(200, restaurant.admin.get("/admin/menus", headers={"X-Request-ID": request_id}))
    [line] = lines_of(server, request_id)
    assert datetime.fromisoformat(line.pop("time")).utcoffset() is not None
    assert 0 < line.pop("database_time") < line.pop("duration") < 60
    assert line == {
        "level": "info",
        "logger": "tableorder.requests",
        "message": "request",
        "request_id": request_id,
        "method": "GET",
        "route": "/api/v1/admin/menus",
        "status": 200,
        "store_id": restaurant.store_id,
        "statements": 1,
    }


def test_a_line_names_the_route_and_not_the_path(restaurant, server):
    known, unknown = uuid.uuid4().hex, uuid.uuid4().hex
    restaurant.admin.get("/admin/orders/123456", headers={"X-Request-ID": known})
    restaurant.admin.get("/admin/no-such-thing", headers={"X-Request-ID": unknown})
    assert [(line["route"], line["status"]) for line in lines_of(server, known)] == [
        ("/api/v1/admin/orders/<big_id:order_id>", 404)
    ]
    assert [(line["route"], line["status"]) for line in lines_of(server, unknown)] == [(None, 404)]
    assert "no-such-thing" not in server.log()


def logged(server, call, *arguments, **options):
    """The line of the log for this call."""
    request_id = uuid.uuid4().hex
    call(*arguments, headers={"X-Request-ID": request_id}, **options)
    [line] = lines_of(server, request_id)
    return line


def test_a_login_has_its_account_and_its_address(restaurant, server, client):
    restaurant.add_table(7)
    table = {"store_id": restaurant.store_id, "table_number": 7}
    for password, status in (("not this one", 401), (TABLE_PASSWORD, 200)):
        line = logged(server, client.post, "/auth/table/login", table | {"table_password": password})
        assert (line["status"], line["account"], line["address"]) == (status, table, client.address)
    for username in (restaurant.username, "nobody"):
        body = {"username": username, "password": "not this one"}
        line = logged(server, client.post, "/auth/admin/login", body)
        assert (line["status"], line["account"], line["address"]) == (401, {"username": username}, client.address)


def test_a_username_is_no_line_of_its_own_and_no_order_for_a_terminal(server, client):
    name = 'x\n\r\t\x1b[31m\u202e\u2028{"level": "error"}'
    line = logged(server, client.post, "/auth/admin/login", {"username": name, "password": "not this one"})
    if line["status"] == 401:  # where such a name is not refused before
        assert line["account"] == {"username": "x" + 4 * FILLER + "[31m" + 2 * FILLER + '{"level": "error"}'}


def test_a_password_that_was_typed_as_the_username_is_not_logged(server, client):
    password = f"a-secret-{uuid.uuid4().hex}"
    for username in (password, f"me {password}"[:50]):
        line = logged(server, client.post, "/auth/admin/login", {"username": username, "password": password})
        assert (line["status"], line["account"]) == (401, None)
    assert password not in server.log()


def test_what_an_admin_changes_has_who_did_it_to_what(restaurant, server):
    admin, route = restaurant.admin, "/api/v1/admin/tables"
    line = logged(server, admin.post, "/admin/tables", {"table_number": 1, "table_password": TABLE_PASSWORD})
    table_id = line["object"]["table_id"]
    told = {"actor": restaurant.username, "address": admin.address, "object": {"table_id": table_id}}
    assert line.items() >= {**told, "method": "POST", "route": route, "status": 201}.items()
    line = logged(server, admin.patch, f"/admin/tables/{table_id}", {"table_number": 2})
    assert line.items() >= {**told, "method": "PATCH", "route": f"{route}/<id:table_id>", "status": 200}.items()
    line = logged(server, admin.delete, f"/admin/tables/{table_id}")
    assert line.items() >= {**told, "method": "DELETE", "route": f"{route}/<id:table_id>", "status": 200}.items()
    line = logged(server, admin.delete, f"/admin/tables/{table_id}")
    assert line.items() >= {**told, "method": "DELETE", "route": f"{route}/<id:table_id>", "status": 404}.items()
    assert not {"actor", "object"} & logged(server, admin.get, "/admin/tables").keys()


def test_a_stream_is_a_line_when_it_is_over(restaurant, stream_server):
    stream = Reader(stream_server.base, ADMIN_STREAM, token=restaurant.admin.token)
    request_id = stream.response.getheader("X-Request-ID")
    stream.wait_for(1)
    restaurant.add_table()
    stream.wait_for(2)
    assert lines_of(stream_server, request_id) == []
    stream.close()
    until(lambda: lines_of(stream_server, request_id))
    [line] = lines_of(stream_server, request_id)
    assert (line["route"], line["status"], line["store_id"], line["events"]) == (
        ADMIN_STREAM,
        200,
        restaurant.store_id,
        1,
    )


def test_what_is_slow_is_a_warning(talkative):
    request_id = uuid.uuid4().hex
    headers = {"X-Request-ID": request_id}
    expect(200, add_restaurant(talkative).admin.get("/admin/tables", headers=headers))
    [line] = lines_of(talkative, request_id)
    assert (line["level"], line["message"]) == ("warning", "slow request")
    statements = [json.loads(text) for text in talkative.log().splitlines() if '"slow statement"' in text]
    assert statements and all(line["level"] == "warning" and line["duration"] >= 0.001 for line in statements)


def test_a_failure_on_our_side_is_an_error(caplog):
    from tableorder.http.request_logs import log_request

    for status, level in ((200, "INFO"), (404, "INFO"), (500, "ERROR"), (503, "WARNING")):
        with caplog.at_level(logging.INFO):
            log_request(slow=1, method="GET", route="/", status=status, duration=0.1)
        assert caplog.records[-1].levelname == level


def test_no_secret_is_logged_wherever_it_is_sent(talkative, tmp_path):
    """Passwords, tokens, tickets and hashes in every place of a request, right and wrong, with all logging on."""
    restaurant = add_restaurant(talkative)
    table_id = restaurant.add_table(1)
    tablet = restaurant.seat(1)
    guess = "a-secret-guess-1"
    stranger = Client(talkative.base)
    stranger.post("/auth/admin/login", {"username": restaurant.username, "password": guess})
    stranger.post("/auth/admin/login", {"username": guess, "password": guess, guess: guess})
    stranger.post("/auth/table/login", {"store_id": restaurant.store_id, "table_number": 1, "table_password": guess})
    stranger.get(f"/admin/tables?token={tablet.token}&password={guess}")
    stranger.get(f"/{tablet.token}/{guess}")
    restaurant.admin.patch(f"/admin/tables/{table_id}", {"table_password": guess})
    restaurant.admin.patch(f"/admin/tables/{table_id}", {"table_password": [guess]})
    restaurant.admin.post("/admin/tables", {"table_number": 2**31, "table_password": guess})
    url = f"{talkative.base}/api/v1/auth/admin/login"
    for body in (f'{{"password": "{guess}"', f'"{guess}"', f"{guess}\0", "x" * 5_000_000 + guess):
        requests.post(url, data=body.encode(), headers={"Content-Type": "application/json"}, timeout=30)
    requests.get(url, headers={"Authorization": f"Basic {guess}", "Cookie": guess, guess: guess}, timeout=30)
    with socket.create_connection(talkative.base.removeprefix("http://").split(":")) as malformed:
        malformed.sendall(f"GET / HTTP/1.1\r\nAuthorization {guess}: {guess}\r\n\r\n".encode())
        assert malformed.recv(100).startswith(b"HTTP/1.1 400")
    stream = StreamServer(talkative.database_url, tmp_path / "log", LOG_LEVEL="debug", DATABASE_ECHO="on")
    try:
        stream.wait_until_ready()
        ticket = take_ticket(restaurant.admin)
        for _ in range(2):
            Reader(stream.base, ADMIN_STREAM, query={"ticket": ticket, "token": tablet.token})
    finally:
        stream.stop()
    [(hashes,)] = run_sql(talkative.database_url, "SELECT string_agg(table_password_hash, ' ') FROM tables")
    logged = talkative.log() + stream.log()
    assert "table_password_hash" in logged  # the statements, without their values
    secrets = {guess, TABLE_PASSWORD, restaurant.password, JWT_SECRET_KEY, tablet.token, restaurant.admin.token, ticket}
    assert [secret for secret in secrets | set(hashes.split()) if secret in logged] == []


def test_a_crash_is_told_without_its_message():
    try:
        raise ValueError("a secret value")
    except ValueError:
        record = logging.makeLogRecord({"msg": "crash", "levelname": "ERROR", "exc_info": sys.exc_info()})
    for formatter in (JsonFormatter(), TextFormatter()):
        line = formatter.format(record)
        assert "builtins.ValueError" in line and "test_logs.py" in line and "secret" not in line


def test_an_error_that_nobody_foresaw_is_told_once_and_the_worker_lives(database_url, tmp_path):
    """Of the database, which is raised as it came."""
    running = Server(database_url, tmp_path / "log", WEB_CONCURRENCY="1", WEB_THREADS="1")
    try:
        admin = add_restaurant(running.wait_until_ready()).admin
        run_sql(database_url, "ALTER TABLE categories RENAME TO hidden")
        problem = refused(500, "internal_error", admin.get("/admin/categories"))
        run_sql(database_url, "ALTER TABLE hidden RENAME TO categories")
        expect(200, admin.get("/admin/categories"))
        crash = f"crash in request {problem['request_id']}"
        [line] = [line for line in map(json.loads, running.log().splitlines()) if line["message"] == crash]
        assert line["exception"].count("psycopg2.errors.UndefinedTable") == 1
    finally:
        running.stop()


def test_on_a_terminal_a_line_is_for_people(monkeypatch):
    record = logging.makeLogRecord({"msg": "request", "levelname": "WARNING", **fields(status=503, duration=0.25)})
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    assert configuration({})["formatters"]["line"]["()"] is TextFormatter
    assert configuration({"LOG_FORMAT": "json"})["formatters"]["line"]["()"] is JsonFormatter
    plain = re.sub(r"\033\[\d+m", "", TextFormatter().format(record))
    assert re.fullmatch(r"\d\d:\d\d:\d\d request status=503 duration=0\.2500", plain)
