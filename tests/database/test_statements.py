"""Statements that are planned once a connection."""

import pytest

from tableorder.database.connection import Database
from tableorder.database.pool import PoolSettings
from tableorder.database.statements import Statement, load_statements
from tests import factories

NAMES = Statement(
    "store_names",
    """
    SELECT store_name FROM stores WHERE store_name LIKE %(pattern)s::text || '%%' AND store_id >= %(least)s::int
    """,
)
PLANS = "SELECT generic_plans, custom_plans FROM pg_prepared_statements WHERE name = 'store_names_1'"


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


def test_the_parts_of_a_statement_are_one_transaction_and_each_takes_its_own_parameters(database_url, store_ids):
    found = Statement(
        "found",
        """
        SELECT set_config('app.found', %(name)s::text, true);

        SELECT current_setting('app.found') || %(least)s::int
        """,
    )
    database = Database(PoolSettings(database_url, size=1))
    for number in range(3):
        with database.connect(store_ids[0]) as connection:
            assert connection.fetch_one(found, {"least": number, "name": "가"}) == (f"가{number}",)
            assert connection.fetch_value("SELECT current_setting('app.found', true)") == ""
    database.pool.close()


def test_a_file_names_its_statements(tmp_path):
    (tmp_path / "noun.sql").write_text("-- name: one\n-- why\nSELECT 1;\n\n-- name: two\nSELECT 2;\n\nSELECT 3;\n")
    assert load_statements(str(tmp_path / "noun.py")) == {"one": "SELECT 1", "two": "SELECT 2;\n\nSELECT 3"}
