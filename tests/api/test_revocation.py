"""A revoked token is refused in the next request of every worker, and its open feeds end."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import jwt
import psycopg2
import pytest

from tableorder.database.administration import administer
from tableorder.repositories.stores import StoreRepository
from tests.api.client import Client, Restaurant, expect, refused
from tests.api.server import JWT_SECRET_KEY, Server, run_sql
from tests.api.streams import ADMIN_STREAM, TABLE_STREAM, Reader
from tests.api.test_staff import at_work, log_in
from tests.factories import query
from tests.waiting import until_it_holds_up_somebody

NEW_PASSWORD = "another-password"
REQUESTS = 1000
CLIENTS = 20


def revoke_owner(server: Server, restaurant: Restaurant) -> None:
    statement = "UPDATE stores SET token_epoch = token_epoch + 1 WHERE store_id = %s"
    run_sql(server.database_url, statement, restaurant.store_id)


def change_password(restaurant: Restaurant, table_id: int) -> None:
    expect(200, restaurant.admin.patch(f"/admin/tables/{table_id}", {"table_password": NEW_PASSWORD}))


def test_a_tables_new_password_revokes_its_tokens_and_no_others(restaurant, table_id, tablet, menu_id):
    restaurant.add_table(2)
    neighbour = restaurant.seat(2)
    etag = tablet.get("/customer/menus").headers["ETag"]
    change_password(restaurant, table_id)
    for _ in range(8):  # each may be another worker's turn
        refused(401, "token_revoked", tablet.get("/customer/menus", headers={"If-None-Match": etag}))
        refused(401, "token_revoked", tablet.get("/customer/orders"))
        refused(401, "token_revoked", tablet.order((menu_id, 1)))
    expect(201, neighbour.order((menu_id, 1)))
    assert expect(200, restaurant.admin.get("/admin/orders"))["tables"][0]["order_count"] == 0


def test_a_login_with_the_new_password_joins_the_session_that_is_active(restaurant, table_id, tablet):
    change_password(restaurant, table_id)
    refused(401, "credentials_invalid", restaurant.log_in())
    body = {"store_id": restaurant.store_id, "table_number": 1, "table_password": NEW_PASSWORD}
    again = expect(200, Client(restaurant.base).post("/auth/table/login", body))
    assert again["session_id"] == tablet.claims["session_id"]
    expect(200, Client(restaurant.base, again["access_token"]).get("/customer/menus"))


def test_other_changes_of_a_table_revoke_nothing(restaurant, table_id, tablet):
    expect(200, restaurant.admin.patch(f"/admin/tables/{table_id}", {"table_number": 8}))
    expect(200, tablet.get("/customer/menus"))


def test_a_deleted_tables_tokens_are_good_no_longer(restaurant, table_id, tablet):
    expect(200, restaurant.end_session(table_id))
    expect(200, tablet.get("/customer/menus"))
    expect(200, restaurant.admin.delete(f"/admin/tables/{table_id}"))
    refused(401, "token_revoked", tablet.get("/customer/menus"))


def test_an_answer_that_a_worker_keeps_is_refused_too(server, restaurant, tablet):
    for _ in range(8):  # both workers keep it
        expect(200, restaurant.admin.get("/admin/orders"))
    revoke_owner(server, restaurant)
    for _ in range(8):
        refused(401, "token_revoked", restaurant.admin.get("/admin/orders"))
    expect(200, tablet.get("/customer/menus"))


def test_a_token_of_an_earlier_version_has_the_first_epoch(server, restaurant, table_id, tablet):
    tokens = {}
    for name, token in (("admin", restaurant.admin.token), ("table", tablet.token)):
        claims = jwt.decode(token, JWT_SECRET_KEY, algorithms=["HS256"])
        assert claims.pop("epoch") == 1
        tokens[name] = jwt.encode(claims, JWT_SECRET_KEY)
    client = Client(restaurant.base)
    expect(200, client.get("/admin/tables", token=tokens["admin"]))
    expect(200, client.get("/customer/menus", token=tokens["table"]))
    change_password(restaurant, table_id)
    revoke_owner(server, restaurant)
    refused(401, "token_revoked", client.get("/admin/tables", token=tokens["admin"]))
    refused(401, "token_revoked", client.get("/customer/menus", token=tokens["table"]))


def test_none_of_a_thousand_parallel_requests_is_served_after_the_answer(restaurant, table_id, tablet):
    revoked_at = float("inf")
    under_way = threading.Semaphore(0)

    def ask(_: int) -> tuple[float, int]:
        began = time.monotonic()
        status = tablet.get("/customer/menus").status_code
        under_way.release()
        return began, status

    with ThreadPoolExecutor(CLIENTS) as pool:
        answers = pool.map(ask, range(REQUESTS))
        for _ in range(REQUESTS // 4):
            under_way.acquire()
        change_password(restaurant, table_id)
        revoked_at = time.monotonic()
        outcomes = [*answers]
    before = [status for began, status in outcomes if began < revoked_at]
    after = [status for began, status in outcomes if began >= revoked_at]
    assert len(after) > REQUESTS // 4 and set(after) == {401}
    assert 200 in before and set(before) <= {200, 401}


@pytest.mark.parametrize("who", ["owner", "table"])
def test_open_feeds_end_and_others_go_on(server, stream_server, restaurant, table_id, tablet, menu_id, who):
    restaurant.add_table(2)
    neighbour = restaurant.seat(2)
    base = stream_server.base
    readers = {
        "owner": Reader(base, ADMIN_STREAM, token=restaurant.admin.token),
        "table": Reader(base, TABLE_STREAM, token=tablet.token),
        "neighbour": Reader(base, TABLE_STREAM, token=neighbour.token),
    }
    for reader in readers.values():
        reader.wait_for(1)
    began = time.monotonic()
    if who == "owner":
        revoke_owner(server, restaurant)
    else:
        change_password(restaurant, table_id)
    ended = readers.pop(who)
    *_, goodbye = ended.wait_until_over()
    assert time.monotonic() - began < 2
    assert (goodbye.type, goodbye.data) == ("goodbye", {"reason": "token_revoked"})
    expect(201, neighbour.order((menu_id, 1)))
    assert [event.type for event in readers.pop("neighbour").wait_for(2)] == ["initial", "order_created"]
    assert not any(reader.is_over for reader in readers.values())
    for reader in readers.values():
        reader.close()


def test_no_feed_is_opened_or_resumed(server, stream_server, restaurant, table_id, tablet):
    tickets = {
        ADMIN_STREAM: expect(201, restaurant.admin.post("/admin/orders/sse/ticket"))["ticket"],
        TABLE_STREAM: expect(201, tablet.post("/customer/orders/sse/ticket"))["ticket"],
    }
    tokens = {ADMIN_STREAM: restaurant.admin.token, TABLE_STREAM: tablet.token}
    change_password(restaurant, table_id)
    revoke_owner(server, restaurant)
    for path, ticket in tickets.items():
        token = tokens[path]
        for how in ({"token": token}, {"token": token, "last_event_id": 1}, {"query": {"ticket": ticket}}):
            reader = Reader(stream_server.base, path, **how)
            assert (reader.status, reader.problem["code"]) == (401, "token_revoked"), (path, how)


def test_guests_are_not_told_of_a_revocation(server, stream_server, restaurant, tablet):
    """Nor is who comes back and reads the log from before it."""
    reader = Reader(stream_server.base, TABLE_STREAM, token=tablet.token)
    [initial] = reader.wait_for(1)
    revoke_owner(server, restaurant)
    restaurant.__post_init__()  # logs in again
    restaurant.add_menu()
    reader.wait_for(2)
    again = Reader(stream_server.base, TABLE_STREAM, token=tablet.token, last_event_id=initial.id)
    again.wait_for(1)
    for stream in (reader, again):
        assert {event.type for event in stream.events} <= {"initial", "menu_changed"}
        stream.close()


def set_active(server: Server, restaurant: Restaurant, is_active: bool) -> None:
    with administer(server.database_url) as connection:
        StoreRepository(connection).set_active(admin_username=restaurant.username, is_active=is_active)


def test_a_disabled_store_serves_nobody(server, stream_server, restaurant, table_id, tablet, open_restaurant):
    cook, other = at_work(restaurant, "kitchen"), open_restaurant()
    people = {restaurant.admin: ADMIN_STREAM, cook: ADMIN_STREAM, tablet: TABLE_STREAM}
    readers = [Reader(stream_server.base, path, token=person.token) for person, path in people.items()]
    etag = tablet.get("/customer/menus").headers["ETag"]
    for reader in readers:
        reader.wait_for(1)
    began = time.monotonic()
    set_active(server, restaurant, False)
    for _ in range(4):  # each may be another worker's turn
        refused(401, "token_revoked", tablet.get("/customer/menus", headers={"If-None-Match": etag}))
        for admin in (restaurant.admin, cook):
            refused(401, "token_revoked", admin.get("/admin/orders"))
    assert [reader.wait_until_over()[-1].data for reader in readers] == [{"reason": "token_revoked"}] * 3
    assert time.monotonic() - began < 2
    owner = {"username": restaurant.username, "password": restaurant.password}
    logins = {
        "owner": lambda: Client(restaurant.base).post("/auth/admin/login", owner),
        "owner of the store": lambda: log_in(restaurant, restaurant.username, restaurant.password),
        "staff": lambda: log_in(restaurant, "kitchen"),
        "table": restaurant.log_in,
    }
    for who_logs_in in logins.values():
        refused(401, "credentials_invalid", who_logs_in())
    expect(200, other.admin.get("/admin/orders"))
    set_active(server, restaurant, True)
    for who_logs_in in logins.values():
        expect(200, who_logs_in())
    refused(401, "token_revoked", tablet.get("/customer/menus"))
    for admin in (restaurant.admin, cook):
        refused(401, "token_revoked", admin.get("/admin/orders"))


def test_who_is_added_while_a_store_is_disabled_gets_in_no_more(server, restaurant):
    """Their row is there first, and a login has seen that the store is active: that token is revoked, too."""
    with (
        closing(psycopg2.connect(server.database_url)) as adding,
        closing(psycopg2.connect(server.database_url)) as looker,
    ):
        looker.autocommit = True
        query(
            adding,
            "INSERT INTO staff (store_id, username, display_name, role, password_hash)"
            " VALUES (%s, 'minji', '김민지', 'staff', '-')",
            restaurant.store_id,
        )
        with ThreadPoolExecutor(1) as pool:
            disabled = pool.submit(set_active, server, restaurant, False)
            until_it_holds_up_somebody(adding, looker)
            adding.commit()
            disabled.result()
        epochs = query(looker, "SELECT token_epoch FROM staff WHERE store_id = %s", restaurant.store_id)
    assert epochs == [(2,)]
