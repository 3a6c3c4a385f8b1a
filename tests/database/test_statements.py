"""Statements that are planned once a connection."""

import pytest

from tableorder.database.connection import Database
from tableorder.database.pool import PoolSettings
from tableorder.database.statements import Statement
from tests import factories

NAMES = Statement(
    "store_names",
    {"pattern": "text", "least": "int"},
    "SELECT store_name FROM stores WHERE store_name LIKE %(pattern)s || '%%' AND store_id >= %(least)s",
)
PLANS = "SELECT generic_plans, custom_plans FROM pg_prepared_statements WHERE name = 'store_names'"


@pytest.fixture
def store_ids(connect):
    return [factories.add_store(connect(), store_name=name) for name in ("한식당", "분식집")]


def test_a_statement_is_planned_once_a_connection_and_serves_every_store(database_url, store_ids):
    database = Database(PoolSettings(database_url, size=1))
    for _ in range(3):
        for store_id, name in zip(store_ids, ("한식당", "분식집"), strict=True):
            with database.connect(store_id) as connection:
                assert connection.fetch_all(NAMES, {"pattern": "", "least": 1}) == [(name,)]
                assert connection.fetch_all(NAMES, {"pattern": "일", "least": 1}) == []
    with database.connect(None) as connection:
        assert connection.fetch_all(PLANS) == [(12, 0)]
    assert database.pool.stats().connects == 1
    database.pool.close()


def test_where_a_connection_keeps_nothing_it_is_planned_each_time(database_url, store_ids):
    database = Database(PoolSettings(database_url, size=1, session_state=False))
    with database.connect(store_ids[0]) as connection:
        assert connection.fetch_all(NAMES, {"pattern": "한", "least": 1}) == [("한식당",)]
        assert connection.fetch_all(PLANS) == []
    database.pool.close()


def test_a_new_connection_prepares_again(database_url, store_ids):
    database = Database(PoolSettings(database_url, size=1, recycle=0))
    for _ in range(2):
        with database.connect(store_ids[0]) as connection:
            assert connection.fetch_value(NAMES, {"pattern": "한", "least": 1}) == "한식당"
            assert connection.fetch_all(PLANS) == [(1, 0)]
    assert database.pool.stats().connects == 2
    database.pool.close()
