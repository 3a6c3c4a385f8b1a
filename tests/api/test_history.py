"""The history in pages and days, of the whole store and of one table."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest

from tests.api.client import UNKNOWN_ID, Client, Restaurant, expect, refused

BEFORE, MIDNIGHT, NOON = "2026-02-03T23:59:59.999999+09:00", "2026-02-04T00:00:00+09:00", "2026-02-05T12:00:00+09:00"

Archive = Callable[..., None]


@pytest.fixture
def archive(restaurant: Restaurant, query: Callable[..., list[tuple]]) -> Archive:
    """Puts an ended session of a table into the books, with the number that the table had."""

    def put(table_id: int, completed: str, table_number: int | None = 1) -> None:
        query(
            "INSERT INTO order_history"
            "       (session_id, table_id, store_id, table_number, completed_time, archived_order_data)"
            """ VALUES (gen_random_uuid(), %s, %s, %s, %s, '{"orders": [], "session_total": 0}')""",
            *(table_id, restaurant.store_id, table_number, completed),
        )

    return put


@pytest.fixture
def table_id(restaurant, archive):
    """A table with three ended sessions: just before midnight, at midnight and at noon, Seoul time."""
    table_id = restaurant.add_table(1)
    for completed in (BEFORE, MIDNIGHT, NOON):
        archive(table_id, completed)
    return table_id


@pytest.fixture(params=["/admin/history", "/admin/tables/{table_id}/history"])
def path(request, table_id):
    """Both lists of what table 1 has had."""
    return request.param.format(table_id=table_id)


def listed(admin: Client, path: str, query_string: str = "") -> list[dict]:
    return expect(200, admin.get(f"{path}?{query_string}"))["history"]


def times(admin: Client, path: str, query_string: str = "") -> list[str]:
    return [entry["completed_time"] for entry in listed(admin, path, query_string)]


def eat(restaurant: Restaurant, table_id: int, table_number: int) -> dict:
    """A session of the table, from login to end."""
    restaurant.seat(table_number)
    return expect(200, restaurant.end_session(table_id))


DAYS = [
    ("", [NOON, MIDNIGHT, BEFORE]),
    ("start_date=2026-02-04", [NOON, MIDNIGHT]),
    ("end_date=2026-02-04", [MIDNIGHT, BEFORE]),
    ("end_date=2026-02-03", [BEFORE]),
    ("start_date=2026-02-04&end_date=2026-02-04", [MIDNIGHT]),
    ("start_date=2026-02-06", []),
    ("start_date=0001-01-01&end_date=9999-12-31", [NOON, MIDNIGHT, BEFORE]),
]


@pytest.mark.parametrize(("query_string", "expected"), DAYS)
def test_days_are_inclusive_and_seouls(restaurant, path, query_string, expected):
    assert times(restaurant.admin, path, query_string) == expected


@pytest.mark.parametrize(("query_string", "expected"), DAYS)
def test_the_count_is_of_the_days(restaurant, table_id, query_string, expected):
    path = f"/admin/tables/{table_id}/history?limit=1&{query_string}"
    assert expect(200, restaurant.admin.get(path))["total_count"] == len(expected)


def test_pages_by_offset(restaurant, table_id):
    path = f"/admin/tables/{table_id}/history"
    assert times(restaurant.admin, path, "limit=2") == [NOON, MIDNIGHT]
    assert times(restaurant.admin, path, "limit=2&offset=2") == [BEFORE]
    assert times(restaurant.admin, path, "offset=9") == []
    assert expect(200, restaurant.admin.get(f"{path}?offset=9"))["total_count"] == 3


def test_the_last_page_has_no_next_cursor(restaurant, path):
    for limit, is_last in ((2, False), (3, True), (4, True)):
        answer = expect(200, restaurant.admin.get(f"{path}?limit={limit}"))
        assert (answer["next_cursor"] is None) == is_last, limit


def test_a_page_of_large_entries_is_shorter_and_says_where_the_next_one_begins(restaurant, table_id, path, query):
    large = "SELECT json_build_object('orders', '[]'::json, 'filler', string_agg(md5(%s::text || n), ''))"
    for number in range(3):
        query(
            "INSERT INTO order_history (session_id, table_id, store_id, archived_order_data)"
            f" SELECT gen_random_uuid(), %s, %s, ({large} FROM generate_series(1, 10000) AS n)",
            *(table_id, restaurant.store_id, number),
        )
    first = expect(200, restaurant.admin.get(f"{path}?limit=100"))
    assert len(first["history"]) == 2  # of 320 kB each
    rest = expect(200, restaurant.admin.get(f"{path}?limit=100&cursor={first['next_cursor']}"))
    assert len(rest["history"]) == 4 and rest["next_cursor"] is None
    assert len({entry["history_id"] for entry in first["history"] + rest["history"]}) == 6


def walk(admin: Client, path: str, between: Callable[[], object]) -> list[dict]:
    """All entries, in pages of two; something happens between the pages."""
    entries, answer = [], expect(200, admin.get(f"{path}?limit=2"))
    entries += answer["history"]
    while answer["next_cursor"] is not None:
        between()
        answer = expect(200, admin.get(f"{path}?limit=2&cursor={answer['next_cursor']}"))
        assert len(answer["history"]) in (1, 2)
        entries += answer["history"]
    return entries


def test_no_entry_repeats_or_is_skipped_while_sessions_end(restaurant, table_id, path, archive):
    for _ in range(3):
        archive(table_id, MIDNIGHT)  # at the same microsecond: the id tells them apart
    there = [entry["history_id"] for entry in listed(restaurant.admin, path)]
    assert len(there) == 6
    walked = walk(restaurant.admin, path, lambda: eat(restaurant, table_id, 1))
    assert [entry["history_id"] for entry in walked] == there
    assert len(listed(restaurant.admin, path)) == 8


def test_a_cursor_goes_with_days_and_numbers(restaurant, table_id, archive):
    archive(table_id, NOON, 2)
    first = expect(200, restaurant.admin.get("/admin/history?end_date=2026-02-04&table_number=1&limit=1"))
    assert [entry["completed_time"] for entry in first["history"]] == [MIDNIGHT]
    query = f"start_date=2026-02-03&table_number=1&cursor={first['next_cursor']}"
    assert times(restaurant.admin, "/admin/history", query) == [BEFORE]
    answer = expect(200, restaurant.admin.get(f"/admin/tables/{table_id}/history?cursor={first['next_cursor']}"))
    assert (answer["total_count"], len(answer["history"])) == (4, 1)


def test_twenty_is_the_default_page(restaurant, table_id, path, query):
    query(
        "INSERT INTO order_history (session_id, table_id, store_id, archived_order_data)"
        " SELECT gen_random_uuid(), %s, %s, '{}' FROM generate_series(1, 110)",
        *(table_id, restaurant.store_id),
    )
    answer = expect(200, restaurant.admin.get(path))
    assert len(answer["history"]) == 20 and answer["next_cursor"] is not None
    assert len(listed(restaurant.admin, path, "limit=100")) == 100


def test_an_entry_keeps_the_number_that_the_table_had(restaurant):
    table_id = restaurant.add_table(601)
    first = eat(restaurant, table_id, 601)
    expect(200, restaurant.admin.patch(f"/admin/tables/{table_id}", {"table_number": 699}))
    second = eat(restaurant, table_id, 699)
    history = expect(200, restaurant.admin.get(f"/admin/tables/{table_id}/history"))
    assert history["table_number"] == 699
    expected = [(second["session_id"], table_id, 699), (first["session_id"], table_id, 601)]
    whole = expect(200, restaurant.admin.get("/admin/history"))
    assert (whole["store_id"], whole["next_cursor"]) == (restaurant.store_id, None)
    for entries in (history["history"], whole["history"]):
        assert [(entry["session_id"], entry["table_id"], entry["table_number"]) for entry in entries] == expected
    assert whole["history"] == history["history"]
    for number, sessions in ((601, [first]), (699, [second]), (7, [])):
        found = listed(restaurant.admin, "/admin/history", f"table_number={number}")
        assert [entry["session_id"] for entry in found] == [ended["session_id"] for ended in sessions]


def test_what_a_deleted_table_had_stays_in_both_lists(restaurant):
    table_id = restaurant.add_table(601)
    first = eat(restaurant, table_id, 601)
    expect(200, restaurant.admin.patch(f"/admin/tables/{table_id}", {"table_number": 699}))
    expect(200, restaurant.admin.delete(f"/admin/tables/{table_id}"))
    other = restaurant.add_table(601)
    second = eat(restaurant, other, 601)
    history = expect(200, restaurant.admin.get(f"/admin/tables/{table_id}/history"))
    assert (history["table_id"], history["table_number"], history["total_count"]) == (table_id, 601, 1)
    assert [entry["session_id"] for entry in history["history"]] == [first["session_id"]]
    found = listed(restaurant.admin, "/admin/history", "table_number=601")
    assert [(entry["session_id"], entry["table_id"]) for entry in found] == [
        (second["session_id"], other),
        (first["session_id"], table_id),
    ]


def test_books_that_do_not_say_the_number_are_listed_too(restaurant, archive):
    """Those of a table that was deleted before they kept it."""
    archive(UNKNOWN_ID - 1, NOON, None)
    history = expect(200, restaurant.admin.get(f"/admin/tables/{UNKNOWN_ID - 1}/history"))
    assert (history["table_number"], history["total_count"]) == (None, 1)
    [entry] = expect(200, restaurant.admin.get("/admin/history"))["history"]
    assert (entry["table_id"], entry["table_number"], entry["completed_time"]) == (UNKNOWN_ID - 1, None, NOON)
    assert [entry] == history["history"]


def test_another_stores_history_is_nobodys(restaurant, table_id, open_restaurant):
    other = open_restaurant()
    other.add_table(1)
    assert expect(200, other.admin.get("/admin/history")) == {
        "store_id": other.store_id,
        "history": [],
        "next_cursor": None,
    }
    refused(404, "table_not_found", other.admin.get(f"/admin/tables/{table_id}/history"))


def test_the_answers_fit_the_clock_of_the_store(restaurant, table_id):
    eat(restaurant, table_id, 1)
    [entry] = listed(restaurant.admin, "/admin/history", "limit=1")
    assert datetime.fromisoformat(entry["completed_time"]).utcoffset().total_seconds() == 9 * 3600


RUBBISH = [
    "start_date=2026-02-30",
    "start_date=20260204",
    "end_date=yesterday",
    "start_date=2026-02-05&end_date=2026-02-04",
    "limit=0",
    "limit=101",
    "cursor=",
    "cursor=x",
    "cursor=1",
    "cursor=1-",
    "cursor=-1-1",
    "cursor=1-1-1",
    "cursor=1-9999999999999999999",
    "cursor=1-99999999999999999999",
    "cursor=999999999999999999-1",
    "cursor=１-１",
    "cursor=1-1%00",
    "cursor=1-1%0A",
]


@pytest.mark.parametrize("query_string", RUBBISH)
def test_rubbish_in_the_query_is_a_400(restaurant, path, query_string):
    refused(400, "validation_failed", restaurant.admin.get(f"{path}?{query_string}"))
    refused(400, "validation_failed", restaurant.admin.get(f"/admin/voids?{query_string}"))


@pytest.mark.parametrize("query_string", ["offset=-1", "offset=99999999999", "offset=1&cursor=1-1"])
def test_a_bad_offset_is_a_400(restaurant, table_id, query_string):
    for path in (f"/admin/tables/{table_id}/history", "/admin/voids"):
        refused(400, "validation_failed", restaurant.admin.get(f"{path}?{query_string}"))


@pytest.mark.parametrize("table_number", ["x", "-1", "0", "1.0", "99999999999"])
def test_a_bad_table_number_is_a_400(restaurant, table_number):
    refused(400, "validation_failed", restaurant.admin.get(f"/admin/history?table_number={table_number}"))


@pytest.mark.parametrize("cursor", ["0-0", "0-2147483647", "99999999999999999-2147483647"])
def test_a_cursor_at_either_end_of_time_is_a_place_like_any_other(restaurant, table_id, path, cursor):
    expected = [NOON, MIDNIGHT, BEFORE] if cursor.startswith("9") else []
    assert times(restaurant.admin, path, f"cursor={cursor}") == expected


def test_a_parameter_that_no_list_knows_is_ignored(restaurant, path):
    assert times(restaurant.admin, path, "page=2&_=1770000000") == [NOON, MIDNIGHT, BEFORE]
    expect(200, restaurant.admin.get("/admin/history?offset=2"))
    expect(200, restaurant.admin.get("/admin/voids?page=2&_=1770000000"))
