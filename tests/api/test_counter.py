"""The counter's view is kept in each process under its version, and is never an old one."""

import functools
import json
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.api.client import Client, at_once, expect, refused
from tests.api.server import Server

VIEW = "/admin/orders"
TABLETS, ORDERS = 4, 12

LATEST = "SELECT max(event_id) FROM events WHERE store_id = %s"
AGED = "UPDATE events SET created_at = created_at - interval '2 days' WHERE store_id = %s AND event_id >= %s"
PRUNE = "SELECT prune_events('1 day', 1000000)"
BY_HAND = "UPDATE order_items SET menu_name = '손으로' WHERE store_id = %s"  # no trigger minds it


@pytest.fixture(scope="module")
def other_server(shared_database_url, tmp_path_factory):
    """Another host: a server on the same database, with one worker, which therefore has what it has shown."""
    running = Server(shared_database_url, tmp_path_factory.mktemp("other") / "log", WEB_CONCURRENCY="1")
    try:
        yield running.wait_until_ready()
    finally:
        running.stop()


@pytest.fixture
def elsewhere(other_server, restaurant):
    """The restaurant's counter, at the other server."""
    return Client(other_server.base, restaurant.admin.token)


@pytest.fixture
def look(restaurant, elsewhere):
    """What every worker of both servers shows, which must be the same to the byte."""

    def look(path=VIEW):
        answers = at_once(*[functools.partial(client.get, path) for client in (restaurant.admin, elsewhere) * 4])
        assert len({answer.content for answer in answers}) == 1
        return expect(200, answers[0])["tables"]

    return look


def orders_in(tables):
    return [order["order_id"] for table in tables for order in table["orders"]]


def test_every_change_is_in_the_very_next_answer_of_every_worker_of_every_host(restaurant, look, menu_id):
    admin = restaurant.admin
    assert look() == []
    first_id = restaurant.add_table(1)
    assert look() == []
    tablet = restaurant.seat(1)
    assert [(table["table_id"], table["session_id"]) for table in look()] == [(first_id, tablet.claims["session_id"])]
    first, second = (expect(201, tablet.order((menu_id, n)))["order_id"] for n in (1, 2))
    assert orders_in(look()) == [second, first]
    for status in ("준비중", "완료"):
        expect(200, admin.patch(f"/admin/orders/{first}/status", {"status": status}))
        assert [order["status"] for order in look()[0]["orders"]] == ["대기중", status]
    expect(200, admin.delete(f"/admin/orders/{first}"))
    assert [(orders_in([table]), table["total_amount"]) for table in look()] == [([second], 18000)]
    expect(200, admin.patch(f"/admin/tables/{first_id}", {"table_number": 5}))
    assert [(table["table_number"], table["orders"][0]["table_number"]) for table in look()] == [(5, 5)]
    second_id = restaurant.add_table(2)
    restaurant.seat(2)
    assert [table["table_number"] for table in look()] == [2, 5]
    expect(200, restaurant.end_session(second_id))
    assert [table["table_number"] for table in look()] == [5]
    ended = restaurant.seat(2).claims["session_id"]
    assert look()[0]["session_id"] == ended
    expect(200, restaurant.end_session(second_id))
    next_guests = restaurant.seat(2).claims["session_id"]
    assert look()[0]["session_id"] == next_guests != ended
    expect(200, restaurant.end_session(second_id))
    expect(200, admin.delete(f"/admin/tables/{second_id}"))
    assert orders_in(look()) == [second]
    expect(200, restaurant.end_session(first_id))
    assert look() == []


def test_a_session_that_is_moved_to_another_table_is_shown_there(restaurant, look, tablet, table_id, query):
    other_id = restaurant.add_table(2)
    assert [table["table_id"] for table in look()] == [table_id]
    move = "UPDATE table_sessions SET table_id = %s WHERE session_id = %s"
    query(move, other_id, tablet.claims["session_id"])
    assert [table["table_id"] for table in look()] == [other_id]


def test_each_part_is_kept_by_itself(restaurant, look, tablet, table_id, menu_id):
    restaurant.add_table(2)
    neighbour = restaurant.seat(2)
    mine, other = (expect(201, at.order((menu_id, 1)))["order_id"] for at in (tablet, neighbour))
    parts = {
        VIEW: [mine, other],
        f"{VIEW}?table_id={table_id}": [mine],
        f"{VIEW}?status=대기중": [mine, other],
        f"{VIEW}?status=완료": [],
        f"{VIEW}?status=대기중&table_id={table_id}": [mine],
    }
    for _ in range(2):
        assert {part: orders_in(look(part)) for part in parts} == parts
    expect(200, restaurant.admin.patch(f"/admin/orders/{mine}/status", {"status": "완료"}))
    assert orders_in(look(f"{VIEW}?status=대기중")) == [other]
    assert orders_in(look(f"{VIEW}?status=대기중&table_id={table_id}")) == []
    assert orders_in(look(f"{VIEW}?status=완료")) == [mine]


def test_a_table_that_was_kept_and_deleted_is_unknown(restaurant, elsewhere, table_id, look):
    part = f"{VIEW}?table_id={table_id}"
    assert look(part) == look(part) == []
    expect(200, restaurant.admin.delete(f"/admin/tables/{table_id}"))
    refused(404, "table_not_found", restaurant.admin.get(part))
    refused(404, "table_not_found", elsewhere.get(part))


def test_what_has_not_changed_is_not_built_again(elsewhere, restaurant, open_restaurant, tablet, menu_id, query):
    """Shown by a change that no event tells of, which is therefore seen with the next event only."""
    expect(201, tablet.order((menu_id, 1)))
    shown = elsewhere.get(VIEW).content
    query(BY_HAND, restaurant.store_id)
    other = open_restaurant()
    other.add_table(1)
    expect(201, other.seat(1).order((other.add_menu(), 1)))
    assert elsewhere.get(VIEW).content == shown
    expect(201, tablet.order((menu_id, 1)))
    [table] = expect(200, elsewhere.get(VIEW))["tables"]
    assert [order["items"][0]["menu_name"] for order in table["orders"]] == ["김치찌개", "손으로"]


def test_another_stores_view_is_its_own(restaurant, open_restaurant, look, tablet, menu_id, other_server):
    mine = expect(201, tablet.order((menu_id, 1)))["order_id"]
    other = open_restaurant()
    other.add_table(1)
    order_id = expect(201, other.seat(1).order((other.add_menu(), 1)))["order_id"]
    assert orders_in(look()) == [mine]
    for base in (restaurant.base, other_server.base):
        theirs = expect(200, Client(base, other.admin.token).get(VIEW))
        assert (theirs["store_id"], orders_in(theirs["tables"])) == (other.store_id, [order_id])


def test_a_view_that_is_too_large_to_keep_is_shown_as_it_is(restaurant, look, tablet):
    name = "가" * 100
    menu_id = restaurant.add_menu(menu_name=name)
    for n in range(1, 19):
        expect(201, tablet.order(*[(menu_id, n)] * 50))
    assert len(json.dumps(look(), ensure_ascii=False).encode()) > 256 * 1024
    order_id = expect(201, tablet.order((menu_id, 1)))["order_id"]
    assert orders_in(look())[0] == order_id


def test_an_order_that_was_acknowledged_is_in_every_view_asked_for_afterwards(restaurant, elsewhere, menu_id):
    tablets = []
    for number in range(1, TABLETS + 1):
        restaurant.add_table(number)
        tablets.append(restaurant.seat(number))
    acknowledged: list[int] = []  # to append to a list, and to copy one, takes no lock
    done = threading.Event()

    def order(tablet):
        for _ in range(ORDERS):
            acknowledged.append(expect(201, tablet.order((menu_id, 1)))["order_id"])

    def watch(counter):
        looks = 0
        while not done.is_set() or looks == 0:
            before = set(acknowledged)
            assert before <= set(orders_in(expect(200, counter.get(VIEW))["tables"]))
            looks += 1

    with ThreadPoolExecutor(TABLETS + 2) as pool:
        watchers = [pool.submit(watch, counter) for counter in (restaurant.admin, elsewhere)]
        orders = [pool.submit(order, tablet) for tablet in tablets]
        try:
            for placed in orders:
                placed.result()
        finally:
            done.set()
        for watcher in watchers:
            watcher.result()
    assert len(acknowledged) == TABLETS * ORDERS
    assert sorted(orders_in(expect(200, elsewhere.get(VIEW))["tables"])) == sorted(acknowledged)


def test_without_the_events_that_were_pruned_nothing_is_kept(restaurant, elsewhere, look, tablet, menu_id, query):
    first = expect(201, tablet.order((menu_id, 1)))["order_id"]
    assert orders_in(look()) == [first]
    query(AGED, restaurant.store_id, 0)
    query(PRUNE)
    assert query(LATEST, restaurant.store_id) == [(None,)]
    assert orders_in(look()) == [first]
    query(BY_HAND, restaurant.store_id)
    assert look()[0]["orders"][0]["items"][0]["menu_name"] == "손으로"
    second = expect(201, tablet.order((menu_id, 1)))["order_id"]
    assert orders_in(look()) == [second, first]


def test_an_event_pruned_before_an_earlier_one_leaves_no_old_view(restaurant, elsewhere, look, tablet, menu_id, query):
    """As it can be when the server's clock was set back between the two."""
    first = expect(201, tablet.order((menu_id, 1)))["order_id"]
    [(event_id,)] = query(LATEST, restaurant.store_id)
    assert orders_in(look()) == [first]
    second = expect(201, tablet.order((menu_id, 1)))["order_id"]
    query(AGED, restaurant.store_id, event_id + 1)
    query(PRUNE)
    assert query(LATEST, restaurant.store_id) == [(event_id,)]
    assert orders_in(look()) == [second, first]


def test_an_event_with_an_id_that_was_given_before_makes_a_new_view(restaurant, look, tablet, menu_id, query):
    """As after a recovery to a time: the ids that were given since are given once more."""
    expect(201, tablet.order((menu_id, 1)))
    lost = expect(201, tablet.order((menu_id, 2)))["order_id"]
    [(event_id,)] = query(LATEST, restaurant.store_id)
    assert orders_in(look())[0] == lost
    query(
        """
        SET LOCAL session_replication_role = replica;
        DELETE FROM order_items WHERE order_id = %(order_id)s;
        DELETE FROM orders WHERE order_id = %(order_id)s;
        UPDATE events SET created_at = created_at + interval '1 microsecond' WHERE event_id = %(event_id)s
        """.replace("%(order_id)s", str(lost)).replace("%(event_id)s", str(event_id))
    )
    assert query(LATEST, restaurant.store_id) == [(event_id,)]
    assert lost not in orders_in(look())
