"""What each table lets go of: both sides of each bound, and no more than is asked for."""

from __future__ import annotations

import pytest

from tableorder.housekeeping import tables
from tests.factories import add_history, add_menu, add_order, query, start_session, value
from tests.housekeeping.due import KEPT, add, ages

every_table = pytest.mark.parametrize("table", KEPT)

LOCK = "SELECT pg_try_advisory_lock(7283466)"
UNLOCK = "SELECT pg_advisory_unlock(7283466)"


@every_table
def test_what_is_past_the_bound_goes_and_what_is_within_it_stays(admin, application, table):
    before = ages(admin, table)
    add(admin, table, KEPT[table].not_yet)
    assert KEPT[table].prune(application, 100) == 0
    kept = ages(admin, table)
    assert len(kept) == len(before) + 1
    add(admin, table, KEPT[table].past, count=3)
    assert KEPT[table].prune(application, 100) == 3
    assert ages(admin, table) == kept


@every_table
def test_the_oldest_go_first_and_so_many_a_call(admin, application, table):
    add(admin, table, KEPT[table].past, count=3)
    all_of_them = ages(admin, table)
    assert KEPT[table].prune(application, 2) == 2
    assert ages(admin, table) == all_of_them[2:]
    assert [KEPT[table].prune(application, 2) for _ in range(2)] == [1, 0]


@every_table
def test_no_call_removes_more_than_10000(admin, application, table):
    add(admin, table, KEPT[table].past, count=10_001)
    assert KEPT[table].prune(application, 1_000_000) == 10_000
    assert KEPT[table].prune(application, 1_000_000) == 1


@every_table
def test_a_row_that_somebody_holds_is_left_for_later(admin, application, connect, table):
    """Without waiting: the connection would give up after 100 ms."""
    add(admin, table, KEPT[table].past, count=2)
    holder = connect()
    holder.autocommit = False
    column = KEPT[table].order_by
    query(holder, f"SELECT FROM {table} WHERE {column} = (SELECT min({column}) FROM {table}) FOR UPDATE")
    assert KEPT[table].prune(application, 1) == 1
    assert KEPT[table].prune(application, 1) == 0
    holder.rollback()
    assert KEPT[table].prune(application, 1) == 1


@every_table
def test_one_process_at_a_time_does_it(admin, application, connect, table):
    add(admin, table, KEPT[table].past)
    other = connect()
    assert value(other, LOCK)
    assert KEPT[table].prune(application, 100) is None
    assert value(other, UNLOCK)
    assert KEPT[table].prune(application, 100) == 1


@every_table
def test_the_function_is_for_the_application_and_not_for_everybody(admin, shop, table):
    may = """
        SELECT has_function_privilege('public', pg_proc.oid, 'EXECUTE'),
               has_function_privilege('tableorder', pg_proc.oid, 'EXECUTE')
          FROM pg_proc WHERE proname = %s
    """
    assert query(admin, may, f"prune_{table}") == [(False, True)]


def test_the_pruned_keys_and_sessions_are_of_every_store(admin, application):
    query(admin, "UPDATE idempotency_keys SET created_at = now() - interval '25 hours'")
    query(admin, "UPDATE admin_keys SET created_at = now() - interval '25 hours'")
    query(admin, "UPDATE table_sessions SET end_time = end_time - interval '25 hours'")
    query(admin, "UPDATE stream_tickets SET expires_at = now() - interval '1 second'")
    for table in ("idempotency_keys", "admin_keys", "table_sessions", "stream_tickets"):
        assert KEPT[table].prune(application, 100) == 2


# Sessions


def test_a_session_stays_that_is_not_in_the_history_or_has_orders_or_is_active(admin, application, shop):
    unarchived = start_session(admin, shop.table_id, is_active=False)
    with_order = start_session(admin, shop.table_id, is_active=False)
    add_history(admin, shop.store_id, shop.table_id, session_id=with_order, table_number=1)
    add_order(admin, with_order, shop.menu_id)
    orders = value(admin, "SELECT count(*) FROM orders")
    query(admin, "UPDATE table_sessions SET start_time = now() - interval '9 days'")
    query(admin, "UPDATE table_sessions SET end_time = now() - interval '8 days' WHERE NOT is_active")
    assert tables.prune_table_sessions(application, 100) == 2  # the archived ones of the two stores
    left = query(admin, "SELECT session_id::text FROM table_sessions WHERE store_id = %s", shop.store_id)
    assert {session_id for (session_id,) in left} == {unarchived, with_order, shop.session_id}
    assert value(admin, "SELECT count(*) FROM orders") == orders


# Menus


def test_a_retired_menu_stays_as_long_as_a_live_order_refers_to_it(admin, application, shop):
    query(admin, "UPDATE menus SET deleted_at = now() - interval '9 days' WHERE store_id = 7")
    assert tables.prune_menus(application, 100) == 0
    query(admin, "DELETE FROM orders WHERE store_id = 7")
    assert tables.prune_menus(application, 100) == 1
    assert query(admin, "SELECT store_id FROM menus") == [(8,)]


def test_a_menu_that_is_offered_stays_however_old_it_is(admin, application, shop):
    query(admin, "DELETE FROM orders")
    query(admin, "UPDATE menus SET created_at = now() - interval '9 years', updated_at = now() - interval '9 years'")
    assert tables.prune_menus(application, 100) == 0


def test_guests_need_not_load_the_menu_again(admin, application, shop):
    """A retired menu was gone from it before."""
    add(admin, "menus", KEPT["menus"].past)
    seen = "SELECT version, (SELECT max(event_id) FROM events) FROM menu_versions ORDER BY store_id"
    before = query(admin, seen)
    assert tables.prune_menus(application, 100) == 1
    assert query(admin, seen) == before


def test_a_menu_that_is_deleted_later_in_the_transaction_renews_the_version(admin, application, shop):
    version = value(admin, "SELECT version FROM menu_versions WHERE store_id = 7")
    menu_id = add_menu(admin, 7, shop.category_id)
    query(admin, "BEGIN")
    query(admin, "UPDATE menu_versions SET version = %s WHERE store_id = 7", version)
    query(admin, "SELECT prune_menus(100)")
    query(admin, "DELETE FROM menus WHERE menu_id = %s", menu_id)
    query(admin, "COMMIT")
    assert value(admin, "SELECT version FROM menu_versions WHERE store_id = 7") != version


# Events


def test_a_reader_that_was_last_there_before_pruned_events_begins_anew(admin, application):
    add(admin, "events", KEPT["events"].past, count=2)
    pruned = value(admin, "SELECT max(event_id) FROM events WHERE created_at < now() - interval '1 day'")
    assert KEPT["events"].prune(application, 100) == 2
    assert value(admin, "SELECT pruned_up_to FROM event_horizon") == pruned


@pytest.mark.parametrize("retention", [0.0, -86_400.0])
def test_the_events_of_the_last_minute_stay_whatever_the_retention_is(admin, application, retention):
    query(admin, "DELETE FROM events")
    add(admin, "events", "40 seconds")
    add(admin, "events", "61 seconds")
    assert tables.prune_events(application, 100, older_than=retention) == 1
    assert len(ages(admin, "events")) == 1


# Logins


def test_the_window_of_failed_logins_is_the_settings(admin, application):
    add(admin, "failed_logins", "50 seconds")
    assert tables.prune_failed_logins(application, 100, window=60) == 0
    assert tables.prune_failed_logins(application, 100, window=49) == 1
