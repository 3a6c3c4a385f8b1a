"""Servers with two workers on a database of their own; each test has a store of its own in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import pytest

from tests.api.client import Client, Restaurant, Tablet
from tests.api.server import CRASH, Server, StreamServer, add_restaurant, run_sql


@pytest.fixture(scope="session")
def server(shared_database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for all tests of this process that do not harm it."""
    running = Server(shared_database_url, tmp_path_factory.mktemp("server") / "log")
    try:
        yield running.wait_until_ready()
    finally:
        running.stop()
        assert "crash in request" not in running.log()


@pytest.fixture(scope="session")
def stream_server(shared_database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[StreamServer]:
    """One live feed for all tests of this process that do not harm it."""
    running = StreamServer(shared_database_url, tmp_path_factory.mktemp("stream") / "log")
    try:
        yield running.wait_until_ready()
    finally:
        running.stop()
        assert not CRASH.search(running.log())


@pytest.fixture
def client(server: Server) -> Client:
    """Somebody without a token."""
    return Client(server.base)


@pytest.fixture
def open_restaurant(server: Server) -> Callable[[], Restaurant]:
    """Opens restaurants on the server."""
    return partial(add_restaurant, server)


@pytest.fixture
def restaurant(open_restaurant: Callable[[], Restaurant]) -> Restaurant:
    """One without tables and menus."""
    return open_restaurant()


@pytest.fixture
def table_id(restaurant: Restaurant) -> int:
    """Its table 1."""
    return restaurant.add_table(1)


@pytest.fixture
def tablet(restaurant: Restaurant, table_id: int) -> Tablet:
    """The tablet of table 1, logged in."""
    return restaurant.seat(1)


@pytest.fixture
def menu_id(restaurant: Restaurant) -> int:
    """A menu for 9,000 won, 김치찌개."""
    return restaurant.add_menu()


@pytest.fixture
def query(server: Server) -> Callable[..., list[tuple]]:
    """What is really in the database."""

    def run(statement: str, *parameters: object) -> list[tuple]:
        return run_sql(server.database_url, statement, *parameters)

    return run
