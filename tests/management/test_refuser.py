"""What refuses bodies that are too large in place of Caddy: it takes them before it answers, within bounds."""

from __future__ import annotations

import json
import socket
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from http.client import HTTPResponse
from pathlib import Path

import pytest

from tableorder.http.security_headers import SECURITY_HEADERS
from tableorder.management.refuser import MOST_BYTES, MOST_CLIENTS, refusing

HEAD = b"POST /x HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n"


@pytest.fixture
def path() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:  # a short path, for a socket
        path = Path(folder) / "socket"
        with refusing(path):
            yield path


def connect(path: Path) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(30)
    connection.connect(str(path))
    return connection


def read(connection: socket.socket) -> tuple[int, str]:
    answer = HTTPResponse(connection)
    answer.begin()
    assert {name: answer.headers[name] for name in SECURITY_HEADERS} == SECURITY_HEADERS
    return answer.status, json.loads(answer.read())["code"]


def test_it_answers_once_all_has_been_sent(path):
    with connect(path) as connection:
        connection.sendall(HEAD % 10_000_000 + b"x" * 9_999_999)
        connection.settimeout(0.2)
        with pytest.raises(TimeoutError):
            connection.recv(1)
        connection.settimeout(30)
        connection.sendall(b"x")
        assert read(connection) == (413, "request_entity_too_large")


def test_who_sends_more_than_anybody_would_is_cut_off(path):
    with connect(path) as connection, pytest.raises(ConnectionError):
        connection.sendall(HEAD % (1 << 40))
        for _ in range(2 * MOST_BYTES >> 16):
            connection.sendall(b"x" * 65_536)


def test_what_has_no_length_is_answered_at_once(path):
    with connect(path) as connection:
        connection.sendall(b"POST / HTTP/1.1\r\n\r\n")
        assert read(connection) == (413, "request_entity_too_large")


def test_rubbish_and_those_who_leave_do_no_harm(path):
    for rubbish in (b"", b"x" * 200_000, HEAD % 1000):
        with connect(path) as connection:
            connection.sendall(rubbish)
    with connect(path) as connection:
        connection.sendall(HEAD % 1 + b"x")
        assert read(connection) == (413, "request_entity_too_large")


def test_too_many_are_not_waited_for(path):
    with ExitStack() as stack:
        for _ in range(MOST_CLIENTS):
            stack.enter_context(connect(path)).sendall(HEAD % 1000)
        one_more = stack.enter_context(connect(path))
        one_more.sendall(HEAD % 1000)
        assert read(one_more) == (413, "request_entity_too_large")
