"""How many there may be of what clients can make more of, and what is answered past that."""

from __future__ import annotations

import base64
import functools
import io
import random
import re
import secrets
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing

import psutil
import psycopg2
import pytest
import requests
from PIL import Image

from tableorder.domain.limits import Limits
from tableorder.repositories.tickets import ADMIN_TICKETS, SESSION_TICKETS
from tests.api.client import TABLE_PASSWORD, Client, Restaurant, at_once, expect, refused
from tests.api.server import Server, StreamServer, add_restaurant, run_sql
from tests.api.streams import ADMIN_STREAM, TABLE_STREAM, Reader, take_ticket
from tests.waiting import until

FEW = {
    "LIMIT_TABLES": "3",
    "LIMIT_CATEGORIES": "3",
    "LIMIT_MENUS": "3",
    "LIMIT_OPTION_GROUPS": "3",
    "LIMIT_OPTIONS": "3",
    "LIMIT_PICTURE_BYTES": "2000",
    "LIMIT_PICTURE_WORK": "8",
    "LIMIT_SESSION_ORDERS": "4",
    "LIMIT_SESSION_LINES": "10",
    "LIMIT_ORDER_RATE": "0",
    "LIMIT_TABLE_STREAMS": "2",
    "LIMIT_STORE_TABLE_STREAMS": "3",
    "LIMIT_STORE_ADMIN_STREAMS": "2",
    "LIMIT_REPLAY": "5",
}

OpenServer = Callable[..., Server]


@pytest.fixture(scope="module")
def open_server(shared_database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenServer]:
    """Opens servers on one database, with limits of their own; an empty one is the default."""
    with ExitStack() as servers:

        def open_(kind: type[Server] = Server, **limits: str) -> Server:
            running = kind(shared_database_url, tmp_path_factory.mktemp("limits") / "log", **limits)
            servers.callback(running.stop)
            return running.wait_until_ready()

        yield open_


@pytest.fixture(scope="module")
def few(open_server: OpenServer) -> Server:
    """A server with few of everything, and no limit of the rate."""
    return open_server(**FEW)


@pytest.fixture(scope="module")
def slow(open_server: OpenServer) -> Server:
    """A server with three orders of a session in any 60 s."""
    return open_server(LIMIT_ORDER_RATE="3")


@pytest.fixture(scope="module")
def feed(open_server: OpenServer) -> Server:
    """A live feed with few of everything."""
    return open_server(StreamServer, **FEW)


@pytest.fixture
def restaurant(few: Server) -> Restaurant:
    return add_restaurant(few)


def age(server: Server, session_id: str, seconds: int) -> None:
    """Let the session's orders be so much older."""
    moved = "UPDATE orders SET order_time = order_time - %s * interval '1 second' WHERE session_id = %s"
    run_sql(server.database_url, moved, seconds, session_id)


# What an admin adds


def add_table(restaurant: Restaurant, number: int) -> requests.Response:
    return restaurant.admin.post("/admin/tables", {"table_number": number, "table_password": TABLE_PASSWORD})


def add_category(restaurant: Restaurant, number: int) -> requests.Response:
    return restaurant.admin.post("/admin/categories", {"category_name": f"분류 {number}"})


def add_menu(restaurant: Restaurant, number: int) -> requests.Response:
    [category] = expect(200, restaurant.admin.get("/admin/categories"))["categories"] or [
        add_category(restaurant, 1).json()
    ]
    body = {"category_id": category["category_id"], "menu_name": f"메뉴 {number}", "price": 1000}
    return restaurant.admin.post("/admin/menus", body)


def add_group(restaurant: Restaurant, number: int) -> requests.Response:
    return restaurant.admin.post("/admin/option-groups", {"group_name": f"그룹 {number}"})


def add_option(restaurant: Restaurant, number: int) -> requests.Response:
    [group] = expect(200, restaurant.admin.get("/admin/option-groups"))["option_groups"] or [
        add_group(restaurant, 1).json()
    ]
    return restaurant.admin.post(f"/admin/option-groups/{group['group_id']}/options", {"option_name": f"{number}"})


@pytest.mark.parametrize(
    ("add", "path", "identifier"),
    [
        (add_group, "/admin/option-groups", "group_id"),
        (add_option, "/admin/options", "option_id"),
        (add_table, "/admin/tables", "table_id"),
        (add_category, "/admin/categories", "category_id"),
        (add_menu, "/admin/menus", "menu_id"),
    ],
)
def test_past_the_limit_nothing_is_added_until_one_is_deleted(restaurant, few, add, path, identifier):
    first = expect(201, add(restaurant, 1))
    answers = at_once(*[functools.partial(add, restaurant, number) for number in range(2, 10)])
    assert sorted(answer.status_code for answer in answers) == [201] * 2 + [409] * 6
    assert refused(409, "limit_reached", add(restaurant, 10))["limit"] == 3
    expect(201, add(add_restaurant(few), 1))  # another store has its own
    expect(200, restaurant.admin.delete(f"{path}/{first[identifier]}"))
    expect(201, add(restaurant, 11))
    refused(409, "limit_reached", add(restaurant, 12))


@pytest.mark.parametrize(
    ("add", "path", "identifier"),
    [
        (add_menu, "/admin/menus", "menu_id"),
        (add_group, "/admin/option-groups", "group_id"),
        (add_option, "/admin/options", "option_id"),
    ],
)
def test_what_is_retired_has_a_limit_too(restaurant, add, path, identifier):
    for number in range(30):
        retired_id = expect(201, add(restaurant, number))[identifier]
        expect(200, restaurant.admin.delete(f"{path}/{retired_id}"))
    problem = refused(409, "limit_reached", add(restaurant, 30))
    assert problem["limit"] == 30 and "with those deleted lately" in problem["detail"]


def test_as_many_menus_as_a_store_may_have_are_put_in_order_at_once(restaurant, few):
    category_id = restaurant.add_category("전부")
    # Ids of as many digits as there are.
    filled = "INSERT INTO menus (menu_id, store_id, category_id, menu_name, price) SELECT n, %s, %s, '국수', 1 FROM"
    longest = "generate_series(2147483001 - %s, 2147483000) AS n RETURNING menu_id"
    ids = run_sql(few.database_url, f"{filled} {longest}", restaurant.store_id, category_id, Limits.menus)
    wanted = sorted((menu_id for (menu_id,) in ids), reverse=True)
    expect(200, restaurant.admin.put("/admin/menus/order", {"menu_ids": wanted}))
    [category] = expect(200, restaurant.admin.get("/admin/menus"))["categories"]
    assert [menu["menu_id"] for menu in category["menus"]] == wanted
    refused(400, "validation_failed", restaurant.admin.put("/admin/menus/order", {"menu_ids": [*wanted, 1]}))


# What its menus show


def photo(number: int, side: int = 14) -> str:
    """A picture of noise, stored as it is sent: of 14 x 14 pixels it has some 800 bytes."""
    pixels = random.Random(number).randbytes(side * side * 3)
    written = io.BytesIO()
    Image.frombytes("RGB", (side, side), pixels).save(written, "WEBP", lossless=True)
    return f"data:image/webp;base64,{base64.b64encode(written.getvalue()).decode()}"


def show(restaurant: Restaurant, menu_id: int, picture: str | None) -> requests.Response:
    return restaurant.admin.patch(f"/admin/menus/{menu_id}", {"image_base64": picture})


def test_the_pictures_of_a_store_have_so_many_bytes_together(restaurant, few):
    menu_ids = [expect(201, add_menu(restaurant, number))["menu_id"] for number in range(3)]
    answers = at_once(*[functools.partial(show, restaurant, menu_id, photo(menu_id)) for menu_id in menu_ids])
    assert sorted(answer.status_code for answer in answers) == [200, 200, 409]
    [last] = [menu_id for menu_id, answer in zip(menu_ids, answers, strict=True) if answer.status_code == 409]
    first = next(menu_id for menu_id in menu_ids if menu_id != last)
    assert refused(409, "limit_reached", show(restaurant, last, photo(last)))["limit"] == 2000
    menus = expect(200, restaurant.admin.get("/admin/menus"))["categories"][0]["menus"]
    assert [menu["menu_id"] for menu in menus if menu["image_url"] is None] == [last]
    shown = next(menu["image_base64"] for menu in menus if menu["menu_id"] == first)
    refused(409, "limit_reached", show(restaurant, last, shown))  # it would be in the menu twice
    refused(409, "limit_reached", show(restaurant, first, photo(9, side=24)))
    expect(200, show(restaurant, first, photo(10)))  # in place of one of its size
    expect(200, show(restaurant, first, None))
    expect(200, show(restaurant, last, photo(last)))
    expect(200, restaurant.admin.delete(f"/admin/menus/{last}"))
    body = {"category_id": restaurant_category(restaurant), "menu_name": "국", "price": 1, "image_base64": photo(11)}
    expect(201, restaurant.admin.post("/admin/menus", body))
    refused(409, "limit_reached", restaurant.admin.post("/admin/menus", body))
    expect(201, add_restaurant(few).admin.post("/admin/categories", {"category_name": "국"}))


def restaurant_category(restaurant: Restaurant) -> int:
    return expect(200, restaurant.admin.get("/admin/categories"))["categories"][0]["category_id"]


def test_a_store_with_more_than_the_limit_can_still_take_smaller_ones(restaurant, open_server, few):
    """As after the conversion of its old pictures, or where the limit is lowered."""
    menu_id = expect(201, add_menu(restaurant, 1))["menu_id"]
    generous = Client(open_server(LIMIT_PICTURE_BYTES="0").base, restaurant.admin.token)
    expect(200, generous.patch(f"/admin/menus/{menu_id}", {"image_base64": photo(1, side=64)}))
    refused(409, "limit_reached", show(restaurant, menu_id, photo(2, side=72)))
    expect(200, show(restaurant, menu_id, photo(3, side=56)))
    expect(200, restaurant.admin.patch(f"/admin/menus/{menu_id}", {"price": 2}))


def test_what_is_shown_no_more_does_not_count_but_has_a_bound(restaurant, few):
    menu_id = expect(201, add_menu(restaurant, 1))["menu_id"]
    fill = """
        INSERT INTO pictures (store_id, sha256, webp)
        SELECT %s, sha256(drawn.webp), drawn.webp
          FROM generate_series(1, %s) AS n, LATERAL (SELECT rpad(n::text, 1000, 'x')::bytea AS webp) AS drawn
            ON CONFLICT DO NOTHING
    """
    run_sql(few.database_url, fill, restaurant.store_id, 19)
    expect(200, show(restaurant, menu_id, photo(1)))
    run_sql(few.database_url, fill, restaurant.store_id, 20)
    assert refused(409, "limit_reached", show(restaurant, menu_id, photo(2)))["limit"] == 2000
    expect(200, show(restaurant, menu_id, None))


def test_0_is_no_limit(open_server):
    limits = dict.fromkeys(FEW, "0") | {"LIMIT_PICTURE_WORK": "8"}
    restaurant = add_restaurant(open_server(**limits))
    stream = open_server(StreamServer, **limits)
    for number in range(1, 6):
        expect(201, add_table(restaurant, number))
        expect(201, add_category(restaurant, number))
    menu_id = restaurant.add_menu()
    tablet = restaurant.seat(1)
    begun = Reader(stream.base, TABLE_STREAM, token=tablet.token)
    begun.wait_for(1)
    begun.close()
    for _ in range(25):
        expect(201, tablet.order((menu_id, 1)))
    readers = [
        Reader(stream.base, TABLE_STREAM, token=tablet.token, last_event_id=begun.last_event_id) for _ in range(6)
    ]
    for reader in readers:
        assert reader.wait_for(1)[0].type != "initial"
        reader.close()


# What a session orders


def test_a_session_has_so_many_orders(restaurant):
    restaurant.add_table(1)
    tablet, menu_id = restaurant.seat(1), restaurant.add_menu()
    answers = at_once(*[functools.partial(tablet.order, (menu_id, 1))] * 12)
    assert sorted(answer.status_code for answer in answers) == [201] * 4 + [409] * 8
    assert {refused(409, "limit_reached", answer)["limit"] for answer in answers if answer.status_code == 409} == {4}
    placed = next(answer.json()["order_id"] for answer in answers if answer.status_code == 201)
    expect(200, restaurant.admin.delete(f"/admin/orders/{placed}"))  # a voided one is not live
    expect(201, tablet.order((menu_id, 1)))
    refused(409, "limit_reached", tablet.order((menu_id, 1)))
    expect(200, restaurant.end_session(tablet.claims["table_id"]))
    expect(201, restaurant.seat(1).order((menu_id, 1)))


def test_a_session_has_so_many_lines(restaurant):
    restaurant.add_table(1)
    tablet, menu_id = restaurant.seat(1), restaurant.add_menu()
    assert refused(409, "limit_reached", tablet.order(*[(menu_id, 1)] * 11))["limit"] == 10
    answers = at_once(*[functools.partial(tablet.order, *[(menu_id, 1)] * 4)] * 6)
    assert sorted(answer.status_code for answer in answers) == [201] * 2 + [409] * 4
    expect(201, tablet.order(*[(menu_id, 1)] * 2))
    assert refused(409, "limit_reached", tablet.order((menu_id, 1)))["limit"] == 10


def test_a_sessions_lines_have_so_many_options(restaurant, few):
    """Or its orders would take up to a hundred times the room of lines without any."""
    restaurant.add_table(1)
    tablet, menu_id = restaurant.seat(1), restaurant.add_menu()
    many = "(SELECT jsonb_agg('{}'::jsonb) FROM generate_series(1, %s))"
    chosen = f"UPDATE order_items SET options = {many} WHERE order_id = %s"
    order_id = expect(201, tablet.order((menu_id, 1)))["order_id"]
    run_sql(few.database_url, chosen, 29, order_id)
    expect(201, tablet.order((menu_id, 1)))
    run_sql(few.database_url, chosen, 30, order_id)
    assert refused(409, "limit_reached", tablet.order((menu_id, 1)))["limit"] == 30


def test_a_session_orders_so_often_in_a_minute(slow):
    restaurant = add_restaurant(slow)
    restaurant.add_table(1), restaurant.add_table(2)
    tablet, neighbour, menu_id = restaurant.seat(1), restaurant.seat(2), restaurant.add_menu()
    session_id = tablet.claims["session_id"]
    expect(201, tablet.order((menu_id, 1)))
    age(slow, session_id, 50)
    answers = at_once(*[functools.partial(tablet.order, (menu_id, 1))] * 8)
    assert sorted(answer.status_code for answer in answers) == [201] * 2 + [429] * 6
    too_many = tablet.order((menu_id, 1))
    refused(429, "too_many_orders", too_many)
    assert 1 <= int(too_many.headers["Retry-After"]) <= 10
    expect(201, neighbour.order((menu_id, 1)))
    age(slow, session_id, 10)  # now the first one is a minute ago
    expect(201, tablet.order((menu_id, 1)))
    refused(429, "too_many_orders", tablet.order((menu_id, 1)))


@pytest.mark.parametrize("round_", range(5))
def test_a_repeat_does_not_count_and_is_answered_as_before(slow, round_):
    restaurant = add_restaurant(slow)
    restaurant.add_table(1)
    tablet, menu_id = restaurant.seat(1), restaurant.add_menu()
    expect(201, tablet.order((menu_id, 1)))
    expect(201, tablet.order((menu_id, 1)))
    last = at_once(*[functools.partial(tablet.order, (menu_id, 1), key="last")] * 12)
    orders = [expect(201, answer) for answer in last]
    assert all(order == orders[0] for order in orders)
    refused(429, "too_many_orders", tablet.order((menu_id, 1), key="one more"))
    assert expect(201, tablet.order((menu_id, 1), key="last")) == orders[0]
    refused(422, "idempotency_key_reused", tablet.order((menu_id, 2), key="last"))


def test_the_defaults_hold_where_nothing_is_set(open_server):
    orders = ("LIMIT_SESSION_ORDERS", "LIMIT_SESSION_LINES", "LIMIT_ORDER_RATE")
    restaurant = add_restaurant(open_server(**dict.fromkeys(orders, "")))
    restaurant.add_table(1)
    tablet, menu_id = restaurant.seat(1), restaurant.add_menu()
    for _ in range(20):
        expect(201, tablet.order(*[(menu_id, 1)] * 50))
    too_many = tablet.order((menu_id, 1))
    refused(429, "too_many_orders", too_many)
    assert 1 <= int(too_many.headers["Retry-After"]) <= 60


# Tickets and feeds


def test_a_holder_has_so_many_tickets_and_the_latest_count(restaurant, few, feed):
    restaurant.add_table(1)
    tablet = restaurant.seat(1)
    kept = "SELECT count(*) FROM stream_tickets WHERE store_id = %s AND session_id IS NOT DISTINCT FROM %s"
    for who, path, most, session_id in (
        (tablet, TABLE_STREAM, SESSION_TICKETS, tablet.claims["session_id"]),
        (restaurant.admin, ADMIN_STREAM, ADMIN_TICKETS, None),
    ):
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda _, who=who, path=path: take_ticket(who, path), range(most + 30)))
        [(count,)] = run_sql(few.database_url, kept, restaurant.store_id, session_id)
        assert count == most
        reader = Reader(feed.base, path, query={"ticket": take_ticket(who, path)})
        reader.wait_for(1)
        reader.close()


def test_an_ended_sessions_token_gets_no_ticket_and_no_feed(restaurant, feed):
    table_id = restaurant.add_table(1)
    past = restaurant.seat(1)
    ticket = take_ticket(past, TABLE_STREAM)
    expect(200, restaurant.end_session(table_id))
    tablet = restaurant.seat(1)
    for _ in range(5):
        refused(409, "session_ended", past.post("/customer/orders/sse/ticket"))
        assert Reader(feed.base, TABLE_STREAM, token=past.token).problem["code"] == "session_ended"
        assert Reader(feed.base, TABLE_STREAM, token=past.token, last_event_id=1).problem["status"] == 409
    assert Reader(feed.base, TABLE_STREAM, query={"ticket": ticket}).problem["code"] == "session_ended"
    readers = [Reader(feed.base, TABLE_STREAM, token=tablet.token) for _ in range(2)]
    assert [reader.status for reader in readers] == [200, 200]  # the next guests have their places
    [reader.close() for reader in readers]
    expect(200, restaurant.end_session(table_id))
    expect(200, restaurant.admin.delete(f"/admin/tables/{table_id}"))
    refused(401, "token_revoked", tablet.post("/customer/orders/sse/ticket"))
    assert Reader(feed.base, TABLE_STREAM, token=tablet.token).problem["code"] == "token_revoked"


@pytest.mark.parametrize("round_", range(5))
def test_a_feed_that_begins_while_its_session_ends_does_not_stay(restaurant, feed, round_):
    table_id = restaurant.add_table(1)
    tablet = restaurant.seat(1)
    begin = functools.partial(Reader, feed.base, TABLE_STREAM, token=tablet.token)
    *readers, _ = at_once(begin, begin, functools.partial(restaurant.end_session, table_id))
    for reader in readers:
        if reader.status == 200:
            assert reader.wait_until_over()[-1].data == {"reason": "session_ended"}
        else:
            assert reader.problem["code"] == "session_ended"


def test_tables_feeds_have_limits_and_leave_the_counters_theirs(restaurant, feed):
    restaurant.add_table(1), restaurant.add_table(2)
    one, two = restaurant.seat(1), restaurant.seat(2)
    readers = []

    def begin(token: str | None, path: str) -> Reader:
        readers.append(Reader(feed.base, path, token=token))
        return readers[-1]

    assert [begin(one.token, TABLE_STREAM).status for _ in range(3)] == [200, 200, 503]
    assert readers[-1].problem["code"] == "too_many_streams"
    assert int(readers[-1].response.headers["Retry-After"]) > 0
    assert [begin(two.token, TABLE_STREAM).status for _ in range(2)] == [200, 503]  # the store's third
    assert [begin(restaurant.admin.token, ADMIN_STREAM).status for _ in range(3)] == [200, 200, 503]
    [reader.close() for reader in readers if reader.status == 200]
    until(lambda: _is_let_in(feed, one.token))


def _is_let_in(feed: Server, token: str | None) -> bool:
    reader = Reader(feed.base, TABLE_STREAM, token=token)
    if reader.status == 200:
        reader.close()
    return reader.status == 200


def test_of_all_places_tables_leave_some_to_counters(open_server, few, restaurant):
    feed = open_server(StreamServer, STREAMS_TOTAL="10", LIMIT_TABLE_STREAMS="0")
    restaurant.add_table(1)
    tablet = restaurant.seat(1)
    readers = [Reader(feed.base, TABLE_STREAM, token=tablet.token) for _ in range(10)]
    assert [reader.status for reader in readers] == [200] * 9 + [503]
    readers.append(Reader(feed.base, ADMIN_STREAM, token=restaurant.admin.token))
    assert readers[-1].status == 200
    [reader.close() for reader in readers if reader.status == 200]


def test_who_missed_too_much_begins_anew(restaurant, feed):
    position = _position(restaurant, feed)
    for _ in range(5):
        restaurant.end_session(restaurant.add_table())  # one event, the table's
        expect(200, restaurant.admin.delete(f"/admin/tables/{_only_table(restaurant)}"))  # and another
    anew = Reader(feed.base, ADMIN_STREAM, token=restaurant.admin.token, last_event_id=position)
    assert anew.wait_for(1)[0].type == "initial"
    anew.close()
    position = _position(restaurant, feed)
    expect(201, add_table(restaurant, 1))
    again = Reader(feed.base, ADMIN_STREAM, token=restaurant.admin.token, last_event_id=position)
    assert again.wait_for(1)[0].type == "table_changed"
    again.close()


def test_a_store_whose_feeds_are_busy_delays_no_other(restaurant, few, feed):
    """Its turn is taken by a look that waits for a lock, and others wait behind it."""
    neighbour = add_restaurant(few)
    reader = Reader(feed.base, ADMIN_STREAM, token=neighbour.admin.token)
    reader.wait_for(1)
    with closing(psycopg2.connect(few.database_url)) as busy, ThreadPoolExecutor(8) as pool:
        busy.cursor().execute("LOCK TABLE order_items IN ACCESS EXCLUSIVE MODE")  # which looks read, and news do not
        begin = functools.partial(Reader, feed.base, ADMIN_STREAM, token=restaurant.admin.token)
        waiting = [pool.submit(begin) for _ in range(8)]
        until(lambda: _is_somebody_waiting(few))
        expect(201, add_table(neighbour, 1))
        assert reader.wait_for(2, 1.9)[1].type == "table_changed"
        busy.rollback()
        for started in waiting:
            if started.result().status == 200:
                started.result().close()
    reader.close()


def _is_somebody_waiting(server: Server) -> bool:
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    return run_sql(server.database_url, waiting) != [(0,)]


def _position(restaurant: Restaurant, feed: Server) -> int:
    reader = Reader(feed.base, ADMIN_STREAM, token=restaurant.admin.token)
    position = reader.wait_for(1)[0].id
    reader.close()
    assert position is not None
    return position


def _only_table(restaurant: Restaurant) -> int:
    [table] = expect(200, restaurant.admin.get("/admin/tables"))["tables"]
    return table["table_id"]


# What is counted and kept in memory


def test_random_methods_and_paths_leave_nothing_behind(open_server):
    server = open_server(WEB_CONCURRENCY="1")
    master = psutil.Process(server.process.pid)

    def ask(_: int) -> None:
        method = secrets.token_hex(8).translate(str.maketrans("0123456789", "GHIJKLMNOP")).upper()
        headers = {"Host": secrets.token_hex(8), "Content-Type": f"text/{secrets.token_hex(8)}"}
        requests.request(method, f"{server.base}/{secrets.token_hex(8)}", headers=headers, timeout=30)

    def look() -> tuple[str, int]:
        text = requests.get(f"{server.base}/metrics", timeout=30).text
        return text, sum(worker.memory_full_info().uss for worker in master.children())

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(ask, range(500)))
        look()  # which is a request, too
        before, memory = look()
        list(pool.map(ask, range(3000)))
    text, grown = look()
    assert len(text) < len(before) + 200  # longer numbers, and nothing else
    assert grown < memory + 5 * 1024 * 1024, (memory, grown)
    methods = set(re.findall(r'tableorder_requests_total{method="(\w+)"', text))
    assert "other" in methods and methods <= {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "other"}
