"""The history in pages and days."""

import pytest

from tests.api.client import expect, refused


@pytest.fixture
def table_id(restaurant, query):
    """A table with three ended sessions: just before midnight, at midnight and at noon, Seoul time."""
    table_id = restaurant.add_table(1)
    for completed in ("2026-02-03T23:59:59.999999+09:00", "2026-02-04T00:00:00+09:00", "2026-02-05T12:00:00+09:00"):
        query(
            "INSERT INTO order_history (session_id, table_id, store_id, completed_time, archived_order_data)"
            """ VALUES (gen_random_uuid(), %s, %s, %s, '{"orders": [], "session_total": 0}')""",
            table_id,
            restaurant.store_id,
            completed,
        )
    return table_id


def times(restaurant, table_id, query_string=""):
    answer = expect(200, restaurant.admin.get(f"/admin/tables/{table_id}/history?{query_string}"))
    return answer["total_count"], [entry["completed_time"] for entry in answer["history"]]


BEFORE, MIDNIGHT, NOON = "2026-02-03T23:59:59.999999+09:00", "2026-02-04T00:00:00+09:00", "2026-02-05T12:00:00+09:00"


@pytest.mark.parametrize(
    ("query_string", "expected"),
    [
        ("", [NOON, MIDNIGHT, BEFORE]),
        ("start_date=2026-02-04", [NOON, MIDNIGHT]),
        ("end_date=2026-02-04", [MIDNIGHT, BEFORE]),
        ("end_date=2026-02-03", [BEFORE]),
        ("start_date=2026-02-04&end_date=2026-02-04", [MIDNIGHT]),
        ("start_date=2026-02-06", []),
        ("start_date=0001-01-01&end_date=9999-12-31", [NOON, MIDNIGHT, BEFORE]),
    ],
)
def test_days_are_inclusive_and_seouls(restaurant, table_id, query_string, expected):
    assert times(restaurant, table_id, query_string) == (len(expected), expected)


def test_pages(restaurant, table_id):
    assert times(restaurant, table_id, "limit=2") == (3, [NOON, MIDNIGHT])
    assert times(restaurant, table_id, "limit=2&offset=2") == (3, [BEFORE])
    assert times(restaurant, table_id, "offset=9") == (3, [])


def test_twenty_is_the_default_page(restaurant, query):
    table_id = restaurant.add_table(2)
    query(
        "INSERT INTO order_history (session_id, table_id, store_id, archived_order_data)"
        " SELECT gen_random_uuid(), %s, %s, '{}' FROM generate_series(1, 30)",
        table_id,
        restaurant.store_id,
    )
    count, page = times(restaurant, table_id)
    assert (count, len(page)) == (30, 20)
    assert len(times(restaurant, table_id, "limit=100")[1]) == 30


@pytest.mark.parametrize(
    "query_string",
    [
        "start_date=2026-02-30",
        "start_date=20260204",
        "end_date=yesterday",
        "start_date=2026-02-05&end_date=2026-02-04",
        "limit=0",
        "limit=101",
        "offset=-1",
        "offset=99999999999",
    ],
)
def test_rubbish_in_the_query_is_a_400(restaurant, table_id, query_string):
    refused(400, "validation_failed", restaurant.admin.get(f"/admin/tables/{table_id}/history?{query_string}"))
