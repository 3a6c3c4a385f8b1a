"""The live feed over real HTTP: two API workers, the stream process, and readers of several stores."""

from __future__ import annotations

import json
import math
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import jwt
import psutil
import psycopg2
import pytest
import requests

from tableorder.domain.identities import AdminIdentity
from tableorder.http.sse import Frame
from tableorder.http.tokens import Bearer
from tableorder.stream.hub import Feed, Stream
from tests.api.client import Client, Restaurant, Tablet, expect, refused
from tests.api.server import CRASH, JWT_SECRET_KEY, Server, StreamServer, run_sql
from tests.api.streams import ADMIN_STREAM, TABLE_STREAM, Event, Reader, take_ticket
from tests.factories import add_category, add_menu, add_order, add_store, add_table, insert, query, start_session
from tests.waiting import assert_within, until

Open = Callable[..., Reader]


@pytest.fixture
def open_stream(stream_server: StreamServer) -> Iterator[Open]:
    """Opens streams, on the shared server or another, that are closed at the end of the test."""
    with ExitStack() as readers:

        def open_(who: Client, path: str = ADMIN_STREAM, *, on: Server = stream_server, **options: object) -> Reader:
            reader = Reader(on.base, path, token=who.token, **options)
            if reader.status == 200:
                readers.callback(lambda: None if reader.is_over else reader.close())
            return reader

        yield open_


@pytest.fixture
def tablet(restaurant: Restaurant) -> Tablet:
    restaurant.add_table(1)
    return restaurant.seat(1)


@pytest.fixture
def menu_id(restaurant: Restaurant) -> int:
    return restaurant.add_menu()


@pytest.fixture
def strict_server(server: Server, tmp_path) -> Iterator[StreamServer]:
    """A stream process with narrow limits, for one test."""
    settings = {
        "LIMIT_STORE_ADMIN_STREAMS": "2",
        "STREAMS_TOTAL": "3",
        "STREAM_HEARTBEAT": "0.4",
        "STREAM_SEND_TIMEOUT": "3",
        "GUNICORN_CMD_ARGS": "--access-logfile - --log-level debug",
    }
    running = StreamServer(server.database_url, tmp_path / "log", **settings)
    try:
        yield running.wait_until_ready()
    finally:
        running.stop()
        assert not CRASH.search(running.log())


def types(events: list[Event]) -> list[str]:
    return [event.type for event in events]


def record(server: Server, store_id: int, data: object, *, notify: bool = True) -> int:
    """Write an event into the log by hand."""
    statement = (
        "INSERT INTO events (store_id, event_type, event_data) VALUES (%s, 'menu_changed', %s) RETURNING event_id"
    )
    [(event_id,)] = run_sql(server.database_url, statement, store_id, json.dumps(data))
    if notify:
        run_sql(server.database_url, "SELECT pg_notify('tableorder_events', %s)", str(store_id))
    return event_id


# What arrives, and where


def test_an_order_through_any_worker_reaches_every_stream_of_its_store_and_no_other(
    restaurant, open_restaurant, tablet, menu_id, open_stream
):
    streams = [open_stream(restaurant.admin) for _ in range(4)]
    stranger = open_stream(open_restaurant().admin)
    placed = [expect(201, tablet.order((menu_id, 1 + n % 3)))["order_id"] for n in range(20)]
    for stream in streams:
        initial, *created = stream.wait_for(21)
        assert initial.type == "initial" and types(created) == ["order_created"] * 20
        assert [event.data["order_id"] for event in created] == placed
        ids = [event.id for event in [initial, *created]]
        assert ids == sorted(set(ids))
    assert types(stranger.wait_for(1)) == ["initial"]
    assert len({tuple(event.id for event in stream.events) for stream in streams}) == 1


def test_every_stream_process_tells_it_and_one_goes_on_where_another_ended(
    restaurant, tablet, menu_id, open_stream, strict_server
):
    here, there = open_stream(restaurant.admin), open_stream(restaurant.admin, on=strict_server)
    here.wait_for(1), there.wait_for(1)
    tablet.order((menu_id, 1))
    assert here.wait_for(2)[1] == there.wait_for(2)[1]
    here.close()
    tablet.order((menu_id, 2))
    tablet.order((menu_id, 3))
    there.wait_for(4)
    moved = open_stream(restaurant.admin, on=strict_server, last_event_id=here.last_event_id)
    assert moved.wait_for(2) == there.events[2:]


def test_the_stream_begins_with_what_the_counter_sees(restaurant, tablet, menu_id, open_stream):
    tablet.order((menu_id, 2))
    stream = open_stream(restaurant.admin)
    assert stream.wait_for(1)[0].data == expect(200, restaurant.admin.get("/admin/orders"))
    assert stream.response.headers["Content-Type"] == "text/event-stream"
    assert stream.response.headers["Cache-Control"] == "no-store"
    assert stream.response.headers["X-Accel-Buffering"] == "no"
    assert stream.response.headers["X-Request-ID"]
    assert 1000 <= stream.retry <= 3000


def test_the_counter_is_told_when_guests_sit_down(restaurant, open_stream):
    restaurant.add_table(2)
    stream = open_stream(restaurant.admin)
    stream.wait_for(1)
    guests = restaurant.seat(2).claims
    started = stream.wait_for(2)[1]
    assert started.type == "session_started"
    assert started.data == {"session_id": guests["session_id"], "table_id": guests["table_id"], "table_number": 2}


def test_each_change_is_told_as_the_contract_writes_it(restaurant, tablet, menu_id, open_stream):
    stream = open_stream(restaurant.admin)
    stream.wait_for(1)
    order = expect(201, tablet.order((menu_id, 2)))
    other = expect(201, tablet.order((menu_id, 1)))
    path = f"/admin/orders/{order['order_id']}"
    expect(200, restaurant.admin.patch(f"{path}/status", {"status": "준비중"}))
    expect(200, restaurant.admin.delete(f"/admin/orders/{other['order_id']}"))
    table_id = tablet.claims["table_id"]
    expect(200, restaurant.end_session(table_id))
    events = stream.wait_for(6)[1:]
    assert types(events) == ["order_created", "order_created", "order_updated", "order_deleted", "session_ended"]
    assert events[0].data == order | {"status": "대기중"}
    assert events[2].data == {"order_id": order["order_id"], "table_id": table_id, "status": "준비중"}
    assert events[3].data == {"order_id": other["order_id"], "table_id": table_id}
    ended = {"table_id": table_id, "table_number": 1, "session_id": tablet.claims["session_id"]}
    assert events[4].data == ended


def test_menu_and_table_changes_are_told(restaurant, tablet, menu_id, open_stream):
    counter, table = open_stream(restaurant.admin), open_stream(tablet, TABLE_STREAM)
    counter.wait_for(1), table.wait_for(1)
    expect(200, restaurant.admin.patch(f"/admin/menus/{menu_id}", {"price": 12_000}))
    table_id = restaurant.add_table(2)
    expect(200, restaurant.admin.patch(f"/admin/tables/{table_id}", {"table_number": 3}))
    events = counter.wait_for(4)[1:]
    assert types(events) == ["menu_changed", "table_changed", "table_changed"]
    assert [event.data for event in events[1:]] == [{"table_id": table_id, "table_number": n} for n in (2, 3)]
    restaurant.add_menu()
    until(lambda: types(table.events)[-2:] == ["menu_changed", "menu_changed"])
    assert set(types(table.events)) == {"initial", "menu_changed"}


def test_a_table_sees_its_own_session_only(restaurant, tablet, menu_id, open_stream):
    restaurant.add_table(2)
    neighbour = restaurant.seat(2)
    stream = open_stream(tablet, TABLE_STREAM)
    assert stream.wait_for(1)[0].data == expect(200, tablet.get("/customer/orders"))
    neighbour.order((menu_id, 1))
    mine = expect(201, tablet.order((menu_id, 3)))
    expect(200, restaurant.end_session(neighbour.claims["table_id"]))
    expect(200, restaurant.admin.patch(f"/admin/orders/{mine['order_id']}/status", {"status": "준비중"}))
    events = stream.wait_for(3)[1:]
    assert types(events) == ["order_created", "order_updated"]
    assert {event.data["order_id"] for event in events} == {mine["order_id"]}


def test_a_table_hears_of_the_end_of_its_session(restaurant, tablet, menu_id, open_stream):
    stream = open_stream(tablet, TABLE_STREAM)
    stream.wait_for(1)
    table_id, session_id = tablet.claims["table_id"], tablet.claims["session_id"]
    expect(200, restaurant.end_session(table_id))
    _, ended, goodbye = stream.wait_until_over()
    assert ended.type == "session_ended"
    assert ended.data == {"table_id": table_id, "table_number": 1, "session_id": session_id}
    assert (goodbye.type, goodbye.data) == ("goodbye", {"reason": "session_ended"})


@pytest.mark.parametrize("end", ["\n\n", "\r\r", "\r\n\r\n", "\u2028\u2028"])
def test_a_line_break_in_a_name_ends_no_event(restaurant, tablet, open_stream, end, query):
    """As there may be in names that were kept before they were refused."""
    name = f"국수{end}id: 999999\nevent: order_deleted\ndata: {{}}{end}"
    menu_id = restaurant.add_menu()
    query("UPDATE menus SET menu_name = %s WHERE menu_id = %s", name, menu_id)
    stream = open_stream(restaurant.admin)
    stream.wait_for(1)
    order = expect(201, tablet.order((menu_id, 1)))
    assert expect(200, restaurant.admin.delete(f"/admin/orders/{order['order_id']}"))
    created, deleted = stream.wait_for(3)[1:]
    assert (created.type, created.data) == ("order_created", order) and order["items"][0]["menu_name"] == name
    assert (deleted.type, deleted.id) == ("order_deleted", created.id + 1)
    assert types(open_stream(restaurant.admin, last_event_id=created.id).wait_for(1)) == ["order_deleted"]


@pytest.fixture
def heard(server: Server) -> Iterator[Callable[[], list[str]]]:
    """The stores of all notifications since the test began."""
    with closing(psycopg2.connect(server.database_url)) as connection:
        connection.autocommit = True
        connection.cursor().execute("LISTEN tableorder_events")

        def heard() -> list[str]:
            connection.poll()
            return [notify.payload for notify in connection.notifies]

        yield heard


def test_what_the_api_changes_notifies(restaurant, tablet, menu_id, heard):
    def notifies(change: Callable[[], requests.Response]) -> None:
        before = heard().count(str(restaurant.store_id))
        assert change().ok
        until(lambda: heard().count(str(restaurant.store_id)) > before)

    admin, order = restaurant.admin, expect(201, tablet.order((menu_id, 1)))
    notifies(lambda: tablet.order((menu_id, 1)))
    notifies(lambda: admin.patch(f"/admin/orders/{order['order_id']}/status", {"status": "준비중"}))
    notifies(lambda: admin.patch(f"/admin/menus/{menu_id}", {"price": 1}))
    notifies(lambda: admin.put("/admin/stock", {"menu_id": menu_id, "remaining": 1}))
    notifies(lambda: tablet.post("/customer/calls", {}))
    notifies(lambda: admin.post(f"/admin/tables/{order['table_id']}/end-session"))


def test_no_transaction_notifies(server, heard):
    """One with a notification would wait for all others, and they for its flush to the disk."""
    with closing(psycopg2.connect(server.database_url)) as connection:
        connection.autocommit = True
        store_id = add_store(connection)
        menu_id = add_menu(connection, store_id, add_category(connection, store_id))
        table_id = add_table(connection, store_id)
        session_id = start_session(connection, table_id)
        order_id = add_order(connection, session_id, menu_id)
        query(connection, "UPDATE orders SET status = '완료' WHERE order_id = %s", order_id)
        stock_id = insert(connection, "stock", "stock_id", store_id=store_id, menu_id=menu_id, remaining=3)
        query(connection, "UPDATE stock SET remaining = 0 WHERE stock_id = %s", stock_id)
        insert(
            connection,
            "calls",
            "call_id",
            store_id=store_id,
            session_id=session_id,
            table_id=table_id,
            table_number=1,
            items="[]",
        )
        query(connection, "UPDATE stores SET token_epoch = token_epoch + 1 WHERE store_id = %s", store_id)
        query(
            connection,
            "UPDATE table_sessions SET is_active = false, end_time = now() WHERE session_id = %s",
            session_id,
        )
        events = query(connection, "SELECT event_type FROM events WHERE store_id = %s", store_id)
        query(connection, "SELECT pg_notify('tableorder_events', 'after all of them')")
    until(lambda: "after all of them" in heard())
    assert str(store_id) not in heard()
    assert {event_type for (event_type,) in events} == {
        "menu_changed",
        "table_changed",
        "session_started",
        "order_created",
        "order_updated",
        "stock_changed",
        "call_created",
        "tokens_revoked",
        "session_ended",
    }


def test_a_lost_notification_does_no_harm(restaurant, server, open_stream):
    stream = open_stream(restaurant.admin)
    stream.wait_for(1)

    def seconds_until_it_is_told() -> float:
        count, started = len(stream.events), time.monotonic()
        event_id = record(server, restaurant.store_id, "unheard of", notify=False)
        assert stream.wait_for(count + 1)[count:] == [Event(event_id, "menu_changed", "unheard of")]
        return time.monotonic() - started

    assert_within(2, seconds_until_it_is_told)


def test_an_event_of_any_size_arrives(restaurant, server, open_stream):
    stream = open_stream(restaurant.admin)
    stream.wait_for(1)
    record(server, restaurant.store_id, "갈비탕" * 100_000)
    assert stream.wait_for(2)[1].data == "갈비탕" * 100_000


# Coming back


@pytest.mark.parametrize("way", ["header", "query"])
def test_who_comes_back_gets_what_was_missed_once(restaurant, tablet, menu_id, open_stream, way):
    first = open_stream(restaurant.admin)
    tablet.order((menu_id, 1))
    position = first.wait_for(2)[1].id
    first.close()
    missed = [expect(201, tablet.order((menu_id, 1)))["order_id"] for _ in range(5)]
    where = {"last_event_id": position} if way == "header" else {"query": {"last_event_id": position}}
    resumed = open_stream(restaurant.admin, **where)
    last = expect(201, tablet.order((menu_id, 1)))["order_id"]
    assert [event.data["order_id"] for event in resumed.wait_for(6)] == [*missed, last]


def test_a_table_comes_back_too(restaurant, tablet, menu_id, open_stream):
    stream = open_stream(tablet, TABLE_STREAM)
    position = stream.wait_for(1)[0].id
    stream.close()
    restaurant.add_table(2)
    restaurant.seat(2).order((menu_id, 1))
    mine = expect(201, tablet.order((menu_id, 1)))["order_id"]
    resumed = open_stream(tablet, TABLE_STREAM, last_event_id=position)
    assert [event.data["order_id"] for event in resumed.wait_for(1)] == [mine]


@pytest.mark.parametrize("position", ["", "x", "-1", "1.5", "9" * 18, "9" * 40, "²", "0 OR 1=1", "null"])
def test_an_id_that_was_never_given_starts_anew(restaurant, tablet, open_stream, position):
    stream = open_stream(restaurant.admin, query={"last_event_id": position})
    assert types(stream.wait_for(1)) == ["initial"]


def test_an_id_older_than_the_log_starts_anew(server, restaurant, tablet, menu_id, open_stream):
    stream = open_stream(restaurant.admin)
    position = stream.wait_for(1)[0].id
    stream.close()
    tablet.order((menu_id, 1))
    run_sql(
        server.database_url,
        "UPDATE events SET created_at = created_at - interval '2 days' WHERE store_id = %s RETURNING 1",
        restaurant.store_id,
    )
    run_sql(server.database_url, "SELECT prune_events('1 day', 100000)")
    resumed = open_stream(restaurant.admin, last_event_id=position)
    assert types(resumed.wait_for(1)) == ["initial"]
    assert resumed.events[0].id > position
    tablet.order((menu_id, 1))
    assert types(resumed.wait_for(2)) == ["initial", "order_created"]


# Who may listen


def test_without_a_token_there_is_no_stream(client, open_stream, stream_server):
    for path in (ADMIN_STREAM, TABLE_STREAM):
        response = requests.get(stream_server.base + path, timeout=30)
        refused(401, "token_missing", response)
        assert response.headers["WWW-Authenticate"] == "Bearer"


def test_the_wrong_role_is_refused(restaurant, tablet, open_stream):
    assert open_stream(restaurant.admin, TABLE_STREAM).problem["code"] == "forbidden"
    assert open_stream(tablet, ADMIN_STREAM).problem["status"] == 403


def test_a_token_in_the_query_is_not_looked_at(restaurant, stream_server):
    for name in ("token", "access_token", "ticket"):
        reader = Reader(stream_server.base, ADMIN_STREAM, query={name: restaurant.admin.token})
        assert reader.status == 401


@pytest.mark.parametrize(
    "path", ["/", "/api/v1/admin/orders", "/api/v1/admin/orders/sse/", "/api/v1/admin/orders/sse/x"]
)
def test_nothing_else_is_served(stream_server, path):
    refused(404, "not_found", requests.get(stream_server.base + path, timeout=30))


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_a_stream_is_opened_with_get(stream_server, method):
    response = requests.request(method, stream_server.base + ADMIN_STREAM, timeout=30)
    refused(405, "method_not_allowed", response)
    assert response.headers["Allow"] == "GET, OPTIONS"


def test_a_head_gets_no_body_and_the_log_no_warning(stream_server):
    response = requests.head(stream_server.base + ADMIN_STREAM, timeout=30)
    assert response.status_code == 405 and int(response.headers["Content-Length"]) > 0 and not response.content
    assert "no-body response" not in stream_server.log()


def test_a_request_for_a_websocket_gets_the_plain_answer(restaurant, stream_server):
    upgrade = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13"}
    headers = upgrade | {"Sec-WebSocket-Key": "MDEyMzQ1Njc4OWFiY2RlZg=="}
    headers |= {"Authorization": f"Bearer {restaurant.admin.token}"}
    with requests.get(stream_server.base + ADMIN_STREAM, headers=headers, stream=True, timeout=30) as answer:
        assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/event-stream")
    assert not CRASH.search(stream_server.log())


def test_a_stream_ends_when_its_token_expires(restaurant, stream_server):
    claims = jwt.decode(restaurant.admin.token, JWT_SECRET_KEY, algorithms=["HS256"])

    def seconds_too_long() -> float:
        expires = int(time.time()) + 2
        token = jwt.encode(claims | {"exp": expires}, JWT_SECRET_KEY, algorithm="HS256")
        stream = Reader(stream_server.base, ADMIN_STREAM, token=token)
        if stream.status != 200 and time.time() >= expires:  # it took too long to open it
            return math.inf
        events = stream.wait_until_over()
        late = time.time() - expires
        assert types(events) == ["initial", "goodbye"] and events[1].data == {"reason": "token_expired"}
        assert events[1].id is None and late >= 0
        assert Reader(stream_server.base, ADMIN_STREAM, token=token).problem["code"] == "token_expired"
        return late

    assert_within(2, seconds_too_long)


# Tickets


@pytest.mark.parametrize("path", [ADMIN_STREAM, TABLE_STREAM])
def test_a_ticket_opens_one_stream(restaurant, tablet, menu_id, stream_server, path):
    who = restaurant.admin if path == ADMIN_STREAM else tablet
    ticket = take_ticket(who, path)
    stream = Reader(stream_server.base, path, query={"ticket": ticket})
    tablet.order((menu_id, 1))
    assert types(stream.wait_for(2)) == ["initial", "order_created"]
    stream.close()
    again = Reader(stream_server.base, path, query={"ticket": ticket})
    assert again.status == 401 and again.problem["code"] == "ticket_invalid"


def test_of_many_who_come_with_one_ticket_one_gets_in(restaurant, stream_server):
    ticket = take_ticket(restaurant.admin)
    with ThreadPoolExecutor(8) as pool:
        readers = list(pool.map(lambda _: Reader(stream_server.base, ADMIN_STREAM, query={"ticket": ticket}), range(8)))
    assert sorted(reader.status for reader in readers) == [200] + [401] * 7
    [stream.close() for stream in readers if stream.status == 200]


def test_a_ticket_is_good_for_half_a_minute(server, restaurant, stream_server):
    asked, ticket, answered = now(server), take_ticket(restaurant.admin), now(server)
    statement = "UPDATE stream_tickets SET expires_at = expires_at - %s WHERE store_id = %s RETURNING expires_at"
    half_a_minute = timedelta(seconds=30)
    [(moved,)] = run_sql(server.database_url, statement, half_a_minute, restaurant.store_id)
    assert asked <= moved <= answered
    assert Reader(stream_server.base, ADMIN_STREAM, query={"ticket": ticket}).problem["code"] == "ticket_invalid"


def now(server: Server) -> datetime:
    return run_sql(server.database_url, "SELECT now()")[0][0]


def test_a_ticket_is_for_its_own_role(tablet, stream_server):
    ticket = take_ticket(tablet, TABLE_STREAM)
    assert Reader(stream_server.base, ADMIN_STREAM, query={"ticket": ticket}).status == 403


@pytest.mark.parametrize(
    "ticket", ["x", "1.", ".x", "1.x", "99999999999.x", "9999999999.x", "-1.x", "1.²", "\0", "%", "٣.x"]
)
def test_a_made_up_ticket_is_refused(stream_server, ticket):
    assert Reader(stream_server.base, ADMIN_STREAM, query={"ticket": ticket}).problem["code"] == "ticket_invalid"


def test_another_role_gets_no_ticket(restaurant, tablet, client):
    refused(403, "forbidden", tablet.post("/admin/orders/sse/ticket"))
    refused(403, "forbidden", restaurant.admin.post("/customer/orders/sse/ticket"))
    refused(401, "token_missing", client.post("/admin/orders/sse/ticket"))


def test_the_database_keeps_no_ticket(server, restaurant):
    ticket = take_ticket(restaurant.admin)
    [(kept,)] = run_sql(
        server.database_url, "SELECT stream_tickets::text FROM stream_tickets WHERE store_id = %s", restaurant.store_id
    )
    assert ticket not in kept and ticket.partition(".")[2] not in kept


# Limits


def test_no_log_shows_a_ticket(restaurant, strict_server):
    ticket = take_ticket(restaurant.admin)
    stream = Reader(strict_server.base, ADMIN_STREAM, query={"ticket": ticket})
    stream.wait_for(1)
    stream.close()
    Reader(strict_server.base, ADMIN_STREAM, query={"ticket": ticket})
    until(lambda: strict_server.log().count(ADMIN_STREAM) >= 3)  # the access log, with the one that asked if it is up
    assert ticket not in strict_server.log() and ticket.partition(".")[2] not in strict_server.log()


def test_streams_are_limited_per_store_and_in_all(open_restaurant, open_stream, strict_server):
    one, two = open_restaurant(), open_restaurant()
    first = [open_stream(one.admin, on=strict_server) for _ in range(2)]
    refused_one = requests.get(
        strict_server.base + ADMIN_STREAM, headers={"Authorization": f"Bearer {one.admin.token}"}, timeout=30
    )
    refused(503, "too_many_streams", refused_one)
    assert int(refused_one.headers["Retry-After"]) > 0
    assert open_stream(two.admin, on=strict_server).status == 200
    assert open_stream(two.admin, on=strict_server).problem["code"] == "too_many_streams"
    first[0].close()  # its place is free as soon as the process notices

    def gets_in() -> bool:
        return open_stream(two.admin, on=strict_server).status == 200

    until(gets_in)


def test_a_silent_stream_beats(restaurant, open_stream, strict_server):
    began = time.monotonic()
    stream = open_stream(restaurant.admin, on=strict_server)
    until(lambda: stream.comments >= 3)
    beats = stream.comments
    assert time.monotonic() - began >= beats * 0.4  # and no more often than it is to
    assert types(stream.events) == ["initial"]


def test_who_does_not_read_is_dropped_and_can_come_back(server, restaurant, open_stream, strict_server):
    with socket.socket() as lazy:
        lazy.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        lazy.settimeout(30)
        lazy.connect(("127.0.0.1", urlsplit(strict_server.base).port))
        token = restaurant.admin.token
        lazy.sendall(f"GET {ADMIN_STREAM} HTTP/1.0\r\nAuthorization: Bearer {token}\r\n\r\n".encode())
        received = b""
        while b"event: initial" not in received:  # it is there, too, before anything happens
            received += lazy.recv(1)
        diligent = open_stream(restaurant.admin, on=strict_server)
        diligent.wait_for(1)
        start = diligent.last_event_id
        big = "가" * 20_000
        expected = [record(server, restaurant.store_id, big) for _ in range(200)]  # 12 MB, more than all buffers
        assert [event.id for event in diligent.wait_for(201)[1:]] == expected
        until(lambda: "was too slow" in strict_server.log())
        while chunk := lazy.recv(1 << 20):
            received += chunk
    ids = [int(line[4:]) for line in received.split(b"\n") if line.startswith(b"id: ")]
    complete = ids[1:-1]
    assert ids[0] == start and complete == expected[: len(complete)] and len(complete) < len(expected)
    resumed = open_stream(restaurant.admin, on=strict_server, last_event_id=complete[-1])
    assert [event.id for event in resumed.wait_for(200 - len(complete))] == expected[len(complete) :]


def test_a_feed_keeps_what_not_all_streams_have_taken():
    """Or a process with many stores would keep a day's events of each."""
    bearer = Bearer(AdminIdentity(1, "x"), 0)
    feed = Feed(1)
    feed.start_at(0)
    quick, slow = Stream(feed, bearer), Stream(feed, bearer)
    feed.streams |= {quick, slow}
    one, two, three = (Frame(event_id, "menu_changed", None, b"") for event_id in (1, 2, 3))
    feed.append([one, two])
    quick.position, slow.position = 2, 1
    feed.append([three])
    assert feed.after(0) is None  # the log has it
    assert [feed.after(position) for position in (1, 2, 3)] == [[two, three], [three], []]
    feed.append([])
    assert feed.after(1) == [two, three]


# The end


def test_a_stop_says_goodbye_within_two_seconds(server, restaurant, open_restaurant, tmp_path):
    def seconds_to_the_goodbyes() -> float:
        running = StreamServer(server.database_url, tmp_path / "log").wait_until_ready()
        streams = [Reader(running.base, ADMIN_STREAM, token=restaurant.admin.token) for _ in range(20)]
        for stream in streams:
            stream.wait_for(1)
        started = time.monotonic()
        running.process.terminate()
        for stream in streams:
            assert stream.wait_until_over()[-1] == Event(None, "goodbye", {"reason": "shutdown"})
        taken = time.monotonic() - started
        assert running.process.wait(60) == 0
        assert not CRASH.search(running.log())
        return taken

    assert_within(2, seconds_to_the_goodbyes)


def test_no_api_worker_is_held_by_a_stream(server, stream_server, restaurant, open_stream):
    streams = [open_stream(restaurant.admin) for _ in range(40)]
    for stream in streams:
        stream.wait_for(1)
    connections = psutil.Process(server.process.pid).children()
    assert all(not [c for c in worker.net_connections("tcp") if c.status == "ESTABLISHED"] for worker in connections)
    expect(200, restaurant.admin.get("/admin/orders"))
