"""The turn-over of a table: the guests who leave, the guests who come, and a counter that taps twice."""

from __future__ import annotations

import functools
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import psycopg2
import pytest

from tests.api.client import expect, refused
from tests.waiting import until, until_it_holds_up_somebody

UNKNOWN_SESSION = "00000000-0000-4000-8000-000000000000"

# As a tablet does that is about to order with this key, but is still at it.
CLAIM_KEY = """
INSERT INTO idempotency_keys (session_id, idempotency_key, store_id, request_hash, answer)
VALUES (%s, 'a key', %s, '', '{}')
"""


@pytest.fixture
def held(server):
    """Connects to the database for a transaction that stays open until its connection is rolled back."""
    with closing(psycopg2.connect(server.database_url)) as first, closing(psycopg2.connect(server.database_url)) as key:
        yield first, key


def waiting(looker):
    """How many of this database's connections wait for a lock."""
    with looker.cursor() as cursor:
        cursor.execute(
            "SELECT count(DISTINCT pid) FROM pg_locks JOIN pg_stat_activity USING (pid)"
            " WHERE NOT granted AND datname = current_database()"
        )
        return cursor.fetchone()[0]


@pytest.fixture
def looker(server):
    with closing(psycopg2.connect(server.database_url)) as connection:
        connection.autocommit = True
        yield connection


def test_an_end_that_finds_no_session_does_not_end_that_of_the_next_guests(
    restaurant, table_id, menu_id, held, looker, query
):
    """The end begins before the guests are there; their order is acknowledged, so it must be somewhere afterwards."""
    history, key = held
    history.cursor().execute("LOCK TABLE order_history IN SHARE MODE")
    with ThreadPoolExecutor(2) as threads:
        ended = threads.submit(restaurant.end_session, table_id)
        until_it_holds_up_somebody(history, looker)
        tablet = restaurant.seat(1)
        key.cursor().execute(CLAIM_KEY, (tablet.claims["session_id"], restaurant.store_id))
        ordered = threads.submit(tablet.order, (menu_id, 1), key="a key")
        until_it_holds_up_somebody(key, looker)
        history.rollback()
        until(lambda: ended.done() or waiting(looker) == 2)  # the end for the order, and that for its key
        key.rollback()
        order_id = expect(201, ordered.result())["order_id"]
        refused(409, "no_active_session", ended.result())
    [listed] = expect(200, tablet.get("/customer/orders"))["orders"]
    assert listed["order_id"] == order_id
    assert query("SELECT count(*) FROM order_history WHERE table_id = %s", table_id) == [(0,)]


def test_a_repeat_of_an_order_that_is_under_way_gets_it_whether_the_session_ends_meanwhile_or_not(
    restaurant, table_id, menu_id, held, looker
):
    """The tablet repeats an order that waits for its commit, and the counter ends the session at the same moment."""
    turn, _ = held
    tablet = restaurant.seat(1)
    turn.cursor().execute("SELECT pg_advisory_xact_lock(7283461, %s)", (restaurant.store_id,))
    with ThreadPoolExecutor(3) as threads:
        placed = threads.submit(tablet.order, (menu_id, 1), key="a key")
        until_it_holds_up_somebody(turn, looker)
        ended = threads.submit(restaurant.end_session, table_id)
        until(lambda: waiting(looker) == 2)
        repeated = threads.submit(tablet.order, (menu_id, 1), key="a key")
        until(lambda: waiting(looker) == 3)
        turn.rollback()
        order = expect(201, placed.result())
        assert expect(201, repeated.result()) == order
        assert expect(200, ended.result())["order_count"] == 1
    assert expect(201, tablet.order((menu_id, 1), key="a key")) == order
    refused(422, "idempotency_key_reused", tablet.order((menu_id, 2), key="a key"))


def test_an_end_names_the_session_that_the_counter_saw(restaurant, table_id, menu_id):
    first = restaurant.seat(1)
    end = functools.partial(restaurant.end_session, table_id)
    refused(409, "session_changed", end(session_id=UNKNOWN_SESSION))
    expect(200, end(session_id=first.claims["session_id"]))
    refused(409, "no_active_session", end(session_id=first.claims["session_id"]))
    second = restaurant.seat(1)
    order_id = expect(201, second.order((menu_id, 1)))["order_id"]
    refused(409, "session_changed", end(session_id=first.claims["session_id"]))
    assert expect(200, second.get(f"/customer/orders/{order_id}"))["order_id"] == order_id
    assert expect(200, end(session_id=second.claims["session_id"]))["order_count"] == 1


def test_a_repeated_end_with_its_key_is_answered_as_before_and_ends_nothing(restaurant, table_id, menu_id, query):
    first = restaurant.seat(1)
    expect(201, first.order((menu_id, 2)))
    end = functools.partial(restaurant.end_session, table_id)
    ended = expect(200, end(key="end 1"))
    assert ended["session_id"] == first.claims["session_id"]
    second = restaurant.seat(1)
    assert expect(200, end(key="end 1")) == ended
    expect(201, second.order((menu_id, 1)))
    refused(422, "idempotency_key_reused", end(key="end 1", session_id=second.claims["session_id"]))
    assert expect(200, end(key="end 2"))["session_id"] == second.claims["session_id"]
    refused(409, "no_active_session", end(key="end 3"))
    restaurant.seat(1)
    expect(200, end(key="end 3"))  # a refused request leaves its key free
    assert query("SELECT count(*) FROM order_history WHERE table_id = %s", table_id) == [(3,)]


def test_a_key_of_an_end_is_of_one_table(restaurant, table_id):
    other_id = restaurant.add_table(2)
    restaurant.seat(1), restaurant.seat(2)
    assert expect(200, restaurant.end_session(table_id, key="1"))["table_id"] == table_id
    assert expect(200, restaurant.end_session(other_id, key="1"))["table_id"] == other_id


@pytest.mark.parametrize("round_", range(5))
def test_of_eight_ends_with_one_key_all_get_the_same_answer(restaurant, table_id, menu_id, query, round_):
    expect(201, restaurant.seat(1).order((menu_id, 1)))
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: restaurant.end_session(table_id, key="1"), range(8)))
    assert len({expect(200, answer)["session_id"] for answer in answers}) == 1
    assert query("SELECT count(*) FROM order_history WHERE table_id = %s", table_id) == [(1,)]


@pytest.mark.parametrize("body", [[], "1", {"session_id": 7}, {"session_id": "7"}, {"session": UNKNOWN_SESSION}])
def test_a_body_that_names_no_session_is_refused(restaurant, table_id, body):
    tablet = restaurant.seat(1)
    refused(400, "validation_failed", restaurant.admin.post(f"/admin/tables/{table_id}/end-session", body))
    assert expect(200, tablet.get("/customer/orders"))["session_id"] == tablet.claims["session_id"]


def test_a_guest_who_has_left_reads_the_menu_and_nothing_else(restaurant, table_id, menu_id):
    tablet = restaurant.seat(1)
    order_id = expect(201, tablet.order((menu_id, 5)))["order_id"]
    expect(200, restaurant.end_session(table_id))
    for path in ("/customer/orders", f"/customer/orders/{order_id}"):
        refused(409, "session_ended", tablet.get(path))
    refused(409, "session_ended", tablet.order((menu_id, 1)))
    expect(200, tablet.get("/customer/menus"))
    restaurant.seat(1)
    refused(409, "session_ended", tablet.get("/customer/orders"))
