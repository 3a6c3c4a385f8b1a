"""A database with two stores, in which nothing is due."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from psycopg2.extensions import connection as Psycopg2Connection

from tableorder.database.connection import Connection
from tests.factories import Shop, fill_every_table, query
from tests.housekeeping.due import FRESH


@pytest.fixture
def admin(connect: Callable[..., Psycopg2Connection]) -> Psycopg2Connection:
    """A superuser's connection."""
    return connect()


@pytest.fixture
def shop(admin: Psycopg2Connection) -> Shop:
    """Store 7; there is a store 8, too."""
    shop, _ = fill_every_table(admin)
    query(admin, FRESH)
    return shop


@pytest.fixture
def application(shop: Shop, connect: Callable[..., Psycopg2Connection]) -> Connection:
    """The application's connection, bound to no store, which waits for no lock."""
    raw = connect(role="tableorder", options="-c lock_timeout=100")
    return Connection(raw, prefix="", seconds=60)
