"""Housekeeping while guests, admins and strangers are at work: it disturbs nobody."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest
from psycopg2.extensions import connection as Psycopg2Connection

from tableorder.database.connection import Database
from tableorder.database.pool import PoolSettings
from tableorder.domain.errors import Conflict
from tableorder.domain.identities import TableIdentity
from tableorder.domain.logins import LoginLimits
from tableorder.repositories.logins import LoginRepository, Standing
from tableorder.repositories.orders import OrderRepository
from tableorder.repositories.sessions import SessionRepository
from tests.factories import Shop, query, value
from tests.housekeeping.due import KEPT, add

ROUNDS = 30

# Waits for nobody, so that it is no part of a deadlock.
AGE = """
UPDATE {table} SET {column} = now() - %s::interval
 WHERE ctid = ANY (ARRAY(SELECT ctid FROM {table} FOR UPDATE SKIP LOCKED))
"""


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    opened = Database(PoolSettings(database_url))
    yield opened
    opened.pool.close()


@pytest.fixture
def keeping_house(database: Database, connect: Callable[..., Psycopg2Connection]) -> Iterator[Callable[[str], None]]:
    """Ages the rows of a table and prunes it, again and again, until the test is over."""
    is_over = Event()

    def keep_house(table: str) -> int:
        ageing = connect()
        removed, age = 0, AGE.format(table=table, column=KEPT[table].order_by)
        while not is_over.is_set():
            query(ageing, age, KEPT[table].past)
            with database.connect(None) as connection:
                removed += KEPT[table].prune(connection, 100) or 0
        return removed

    with ThreadPoolExecutor(2) as threads:
        running = []
        yield lambda table: running.append(threads.submit(keep_house, table))
        is_over.set()
        assert all(each.result() > 0 for each in running)


def test_logins_and_guesses_get_on(shop: Shop, database: Database, keeping_house: Callable[[str], None]) -> None:
    """None waits in vain, none ends in a deadlock; the counts of before are gone."""
    keeping_house("failed_logins")
    keeping_house("familiar_addresses")
    limits = LoginLimits(account_failures=10_000, address_failures=10_000)

    def work(number: int) -> None:
        standing = Standing("table", shop.table_id, f"192.0.2.{number}", number % 2 == 0, None, None, 12)
        for _ in range(ROUNDS):
            with database.connect(shop.store_id) as connection:
                logins = LoginRepository(connection, limits=limits)
                assert logins.record_failure(standing) is None
                assert logins.record_success(standing, None) is None

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(work, range(4)))


def test_an_ended_sessions_token_is_refused_also_when_the_session_is_gone(admin, shop, application, database):
    guests = TableIdentity(shop.store_id, shop.table_id, 1, shop.session_id)
    with database.connect(shop.store_id) as connection:
        SessionRepository(connection).end(store_id=shop.store_id, table_id=shop.table_id)
    query(admin, "UPDATE table_sessions SET end_time = now() - %s::interval", KEPT["table_sessions"].past)
    assert KEPT["table_sessions"].prune(application, 100) == 3  # and the past one of each store
    assert value(admin, "SELECT count(*) FROM order_history WHERE session_id = %s", shop.session_id) == 1
    with database.connect(shop.store_id) as connection, pytest.raises(Conflict) as refused:
        OrderRepository(connection).list_of_session(table=guests, limit=None, before=None)
    assert refused.value.code == "session_ended"


def test_the_statements_of_admins_and_strangers_remove_nothing_that_is_old(admin, shop, database):
    """Or they would wait for it."""
    for table in KEPT:
        add(admin, table, KEPT[table].past)
    standing = Standing("unknown", 1, "192.0.2.9", False, None, None, 12)
    due = "SELECT count(*) FROM {} WHERE {} < now() - %s::interval"
    with database.connect(shop.store_id) as connection:
        LoginRepository(connection, limits=LoginLimits()).record_failure(standing)
        SessionRepository(connection).end(store_id=shop.store_id, table_id=shop.table_id, key="end")
    counts = {table: value(admin, due.format(table, KEPT[table].order_by), KEPT[table].past) for table in KEPT}
    assert counts == dict.fromkeys(KEPT, 1)
