"""Tablets that are enrolled with a code, log in by a token of their own, and lose it."""

from __future__ import annotations

import functools
import re
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import jwt
import pytest

from tableorder.database.administration import administer
from tableorder.repositories.stores import StoreRepository
from tests.api.client import UNKNOWN_ID, Client, Tablet, at_once, expect, refused
from tests.api.server import JWT_SECRET_KEY, Server, add_restaurant
from tests.api.streams import TABLE_STREAM, Reader
from tests.nouns.devices import ENROL, enrolled

LOGIN = "/auth/device/login"
REQUESTS, CLIENTS = 1000, 20
LOOK_ALIKES = set("01258BILOSZ")


@pytest.fixture
def device(restaurant, table_id):
    """One of table 1."""
    return enrolled(restaurant, table_id)


def log_in(restaurant, device):
    return Client(restaurant.base).post(LOGIN, {"device_token": device["device_token"]})


def at_table(restaurant, device):
    """The tablet, logged in by itself."""
    answer = expect(200, log_in(restaurant, device))
    tablet = Tablet(restaurant.base, answer["access_token"])
    tablet.claims = answer
    return tablet


def new_code(restaurant, table_id):
    return expect(201, restaurant.admin.post(f"/admin/tables/{table_id}/enrolments"))


def enrol(client, code, device_name="창가 태블릿"):
    return client.post(ENROL, {"code": code, "device_name": device_name})


def remove(restaurant, device):
    return restaurant.admin.delete(f"/admin/devices/{device['device_id']}")


def move(restaurant, device, table_id):
    return restaurant.admin.patch(f"/admin/devices/{device['device_id']}", {"table_id": table_id})


def listed(restaurant):
    return expect(200, restaurant.admin.get("/admin/devices"))["devices"]


def test_a_code_is_easy_to_type_and_in_the_fragment_of_its_url(restaurant, table_id, query):
    codes = [new_code(restaurant, table_id) for _ in range(9)]
    for made in codes:
        assert re.fullmatch("[A-Z0-9]{8}", made["code"]) and not LOOK_ALIKES & {*made["code"]}
        assert (made["url"], made["expires_in"]) == (f"/tablet#code={made['code']}", 600)
    assert len({made["code"] for made in codes}) == 9
    typed = f" {codes[0]['code'][:4].lower()}-{codes[0]['code'][4:]} "
    device = expect(201, enrol(Client(restaurant.base), typed))
    assert (device["table_id"], device["table_number"], device["store_id"]) == (table_id, 1, restaurant.store_id)
    kept = str(query("SELECT code_hash FROM enrolments WHERE table_id = %s", table_id))
    kept += str(query("SELECT token_hash FROM devices WHERE table_id = %s", table_id))
    assert not any(made["code"] in kept for made in codes) and device["device_token"][-43:] not in kept


def test_a_device_logs_in_as_its_table_and_starts_the_next_guests_session(restaurant, table_id, device, menu_id):
    tablet = at_table(restaurant, device)
    by_password = restaurant.seat(1).claims
    assert by_password.keys() == tablet.claims.keys()
    unlike = {name for name in by_password if by_password[name] != tablet.claims[name]}
    assert unlike == {"access_token"}
    expect(201, tablet.order((menu_id, 1)))
    expect(200, restaurant.end_session(table_id))
    refused(409, "session_ended", tablet.order((menu_id, 1)))
    again = at_table(restaurant, device)
    assert again.claims["session_id"] != by_password["session_id"]
    expect(201, again.order((menu_id, 1)))


def test_simultaneous_logins_of_two_devices_and_a_password_share_a_session(restaurant, table_id):
    devices = [enrolled(restaurant, table_id) for _ in range(2)]
    logins = [functools.partial(log_in, restaurant, device) for device in devices] * 4 + [restaurant.log_in] * 2
    answers = [expect(200, answer) for answer in at_once(*logins)]
    assert len({answer["session_id"] for answer in answers}) == 1


def test_devices_are_listed_and_named(restaurant, table_id, device):
    [fresh] = listed(restaurant)
    assert (fresh["device_id"], fresh["table_id"], fresh["table_number"]) == (device["device_id"], table_id, 1)
    assert (fresh["device_name"], fresh["last_seen_at"]) == ("창가 태블릿", None)
    at_table(restaurant, device)
    [seen] = listed(restaurant)
    assert seen["last_seen_at"] >= seen["created_at"]
    changed = expect(200, restaurant.admin.patch(f"/admin/devices/{device['device_id']}", {"device_name": "입구"}))
    assert changed == {**seen, "device_name": "입구"} == listed(restaurant)[0]


def test_a_code_that_is_unknown_used_or_expired_gets_the_same_answer(restaurant, table_id, query):
    used, expired, good = (new_code(restaurant, table_id)["code"] for _ in range(3))
    expect(201, enrol(Client(restaurant.base), used))
    age = "UPDATE enrolments SET expires_at = expires_at - %s * interval '1 s' WHERE table_id = %s"
    query(age, 590, table_id)
    expect(201, enrol(Client(restaurant.base), good))  # with ten seconds left, less what this test took
    query(age, 10, table_id)
    answers = [enrol(Client(restaurant.base), code) for code in ("AAAAAAAA", used, expired)]
    problems = [refused(401, "enrolment_invalid", answer) for answer in answers]
    assert len({problem["detail"] for problem in problems}) == 1
    assert len(listed(restaurant)) == 2


def test_exactly_one_of_those_who_have_a_code_is_enrolled(restaurant, table_id):
    code = new_code(restaurant, table_id)["code"]
    tries = [functools.partial(enrol, Client(restaurant.base), code) for _ in range(8)]
    statuses = [answer.status_code for answer in at_once(*tries)]
    assert sorted(statuses) == [201] + [401] * 7
    assert len(listed(restaurant)) == 1


def test_guesses_are_counted_for_their_address_and_bar_nobody_else(database_url, tmp_path):
    server = Server(database_url, tmp_path / "log", LOGIN_ADDRESS_FAILURES="5")
    try:
        restaurant = add_restaurant(server.wait_until_ready())
        table_id = restaurant.add_table()
        thief = Client(restaurant.base)
        tries = [functools.partial(enrol, thief, "AAAAAAAA") for _ in range(15)]
        statuses = sorted(answer.status_code for answer in at_once(*tries))
        assert statuses == [401] * 5 + [429] * 10
        code = new_code(restaurant, table_id)["code"]
        answer = enrol(thief, code)
        refused(429, "too_many_failures", answer)
        assert 0 < int(answer.headers["Retry-After"]) <= 300
        login = {"store_id": restaurant.store_id, "table_number": 1, "table_password": "tablet-1234"}
        expect(200, thief.post("/auth/table/login", login))  # the restaurant's own tablets share the address
        expect(201, enrol(Client(restaurant.base), code))
    finally:
        server.stop()


def test_who_has_a_store_gets_no_further_guesses_by_codes_of_their_own(restaurant, table_id, query):
    thief = Client(restaurant.base)
    refused(401, "enrolment_invalid", enrol(thief, "AAAAAAAA"))
    expect(201, enrol(thief, new_code(restaurant, table_id)["code"]))
    counted = query("SELECT cardinality(failed_at) FROM failed_logins WHERE address = %s", thief.address)
    assert counted == [(1,)]


def test_a_revoked_device_is_out_and_the_others_are_not(restaurant, table_id, device):
    other = at_table(restaurant, enrolled(restaurant, table_id))
    tablet, by_password = at_table(restaurant, device), restaurant.seat(1)
    assert expect(200, remove(restaurant, device))["device_id"] == device["device_id"]
    for _ in range(4):  # each may be another worker's turn
        refused(401, "token_revoked", tablet.get("/customer/orders"))
    unknown = refused(401, "device_unknown", log_in(restaurant, device))
    wrong = refused(401, "device_unknown", log_in(restaurant, {"device_token": "1.nothing"}))
    assert unknown["detail"] == wrong["detail"]
    for neighbour in (other, by_password):
        expect(200, neighbour.get("/customer/orders"))
    refused(404, "device_not_found", remove(restaurant, device))


def test_a_moved_device_logs_in_to_its_new_table(restaurant, table_id, device):
    second = restaurant.add_table(2)
    tablet = at_table(restaurant, device)
    expect(200, move(restaurant, device, table_id))
    expect(200, tablet.get("/customer/orders"))  # the same table again
    moved = expect(200, move(restaurant, device, second))
    assert (moved["table_id"], moved["table_number"]) == (second, 2)
    refused(401, "token_revoked", tablet.get("/customer/orders"))
    assert at_table(restaurant, device).claims["table_number"] == 2
    refused(404, "table_not_found", move(restaurant, device, UNKNOWN_ID))
    refused(404, "device_not_found", move(restaurant, {"device_id": UNKNOWN_ID}, second))


def test_other_stores_have_no_part_in_it(restaurant, open_restaurant, table_id, device):
    other = open_restaurant()
    theirs = other.add_table()
    refused(404, "table_not_found", move(restaurant, device, theirs))
    refused(404, "device_not_found", move(other, device, theirs))
    refused(404, "device_not_found", remove(other, device))
    refused(404, "table_not_found", other.admin.post(f"/admin/tables/{table_id}/enrolments"))
    assert listed(other) == []
    key = device["device_token"].partition(".")[2]
    for store_id in (other.store_id, UNKNOWN_ID, 10**10):
        refused(401, "device_unknown", log_in(restaurant, {"device_token": f"{store_id}.{key}"}))
    claims = jwt.decode(at_table(restaurant, device).token, JWT_SECRET_KEY, algorithms=["HS256"])
    for changes in ({"store_id": other.store_id}, {"epoch": claims["epoch"] + 1}, {"device_id": UNKNOWN_ID}):
        mixed = jwt.encode(claims | changes, JWT_SECRET_KEY)
        refused(401, "token_revoked", Client(restaurant.base, mixed).get("/customer/menus"))


def test_a_deleted_table_takes_its_devices_and_codes_along(restaurant, table_id, device):
    tablet, code = at_table(restaurant, device), new_code(restaurant, table_id)["code"]
    expect(200, restaurant.end_session(table_id))
    expect(200, tablet.get("/customer/menus"))
    expect(200, restaurant.admin.delete(f"/admin/tables/{table_id}"))
    refused(401, "token_revoked", tablet.get("/customer/menus"))
    refused(401, "device_unknown", log_in(restaurant, device))
    refused(401, "enrolment_invalid", enrol(Client(restaurant.base), code))
    assert listed(restaurant) == []


def test_a_new_password_of_the_table_leaves_its_devices(restaurant, table_id, device):
    tablet = at_table(restaurant, device)
    expect(200, restaurant.admin.patch(f"/admin/tables/{table_id}", {"table_password": "another-password"}))
    expect(200, tablet.get("/customer/orders"))
    at_table(restaurant, device)


def test_a_disabled_stores_devices_and_codes_are_good_no_longer(server, restaurant, table_id, device):
    tablet, code = at_table(restaurant, device), new_code(restaurant, table_id)["code"]
    with administer(server.database_url) as connection:
        stores = StoreRepository(connection)
        stores.set_active(admin_username=restaurant.username, is_active=False)
        refused(401, "token_revoked", tablet.get("/customer/menus"))
        refused(401, "device_unknown", log_in(restaurant, device))
        refused(401, "enrolment_invalid", enrol(Client(restaurant.base), code))
        stores.set_active(admin_username=restaurant.username, is_active=True)
    refused(401, "token_revoked", tablet.get("/customer/menus"))
    at_table(restaurant, device)
    expect(201, enrol(Client(restaurant.base), code))


def test_none_of_a_thousand_parallel_requests_is_served_after_the_answer(restaurant, device):
    tablet = at_table(restaurant, device)
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
        expect(200, remove(restaurant, device))
        revoked_at = time.monotonic()
        outcomes = [*answers]
    before = {status for began, status in outcomes if began < revoked_at}
    after = [status for began, status in outcomes if began >= revoked_at]
    assert len(after) > REQUESTS // 4 and set(after) == {401}
    assert 200 in before and before <= {200, 401}


@pytest.mark.parametrize("how", ["revoked", "moved"])
def test_its_open_feeds_end_and_others_go_on(stream_server, restaurant, table_id, device, how):
    tablet, neighbour = at_table(restaurant, device), at_table(restaurant, enrolled(restaurant, table_id))
    second = restaurant.add_table(2)
    ticket = expect(201, tablet.post("/customer/orders/sse/ticket"))["ticket"]
    readers = [Reader(stream_server.base, TABLE_STREAM, token=who.token) for who in (tablet, neighbour)]
    readers.append(Reader(stream_server.base, TABLE_STREAM, query={"ticket": ticket}))
    for reader in readers:
        reader.wait_for(1)
    unused = expect(201, tablet.post("/customer/orders/sse/ticket"))["ticket"]
    began = time.monotonic()
    expect(200, remove(restaurant, device) if how == "revoked" else move(restaurant, device, second))
    for ended in (readers[0], readers[2]):
        *_, goodbye = ended.wait_until_over()
        assert (goodbye.type, goodbye.data) == ("goodbye", {"reason": "token_revoked"})
    assert time.monotonic() - began < 2
    assert not readers[1].is_over
    readers[1].close()
    for late in ({"token": tablet.token}, {"query": {"ticket": unused}}):
        reader = Reader(stream_server.base, TABLE_STREAM, **late)
        assert (reader.status, reader.problem["code"]) == (401, "token_revoked")


def test_a_table_has_so_many_codes(restaurant, table_id, query):
    codes = [new_code(restaurant, table_id)["code"] for _ in range(10)]
    path = f"/admin/tables/{table_id}/enrolments"
    assert refused(409, "limit_reached", restaurant.admin.post(path))["limit"] == 10
    new_code(restaurant, restaurant.add_table(2))
    expect(201, enrol(Client(restaurant.base), codes[0]))
    new_code(restaurant, table_id)
    refused(409, "limit_reached", restaurant.admin.post(path))
    query("UPDATE enrolments SET expires_at = now() WHERE table_id = %s", table_id)
    new_code(restaurant, table_id)


def test_codes_that_are_made_at_once_count_each_other(restaurant, table_id):
    path = f"/admin/tables/{table_id}/enrolments"
    answers = at_once(*[functools.partial(restaurant.admin.post, path)] * 15)
    assert sorted(answer.status_code for answer in answers) == [201] * 10 + [409] * 5


def test_a_store_has_so_many_devices(shared_database_url, tmp_path):
    server = Server(shared_database_url, tmp_path / "log", LIMIT_DEVICES="2")
    try:
        restaurant = add_restaurant(server.wait_until_ready())
        table_id = restaurant.add_table()
        codes = [new_code(restaurant, table_id)["code"] for _ in range(5)]
        tries = [functools.partial(enrol, Client(restaurant.base), code) for code in codes]
        answers = at_once(*tries)
        assert sorted(answer.status_code for answer in answers) == [201, 201, 409, 409, 409]
        [code, *_] = (code for code, answer in zip(codes, answers, strict=True) if answer.status_code == 409)
        assert refused(409, "limit_reached", enrol(Client(restaurant.base), code))["limit"] == 2
        expect(200, remove(restaurant, listed(restaurant)[0]))
        expect(201, enrol(Client(restaurant.base), code))  # it was not used up
    finally:
        server.stop()


def test_the_audit_log_has_codes_devices_and_who_did_it(restaurant, table_id):
    second = restaurant.add_table(2)
    code, tablet = new_code(restaurant, table_id)["code"], Client(restaurant.base)
    device = expect(201, enrol(tablet, code))
    at_table(restaurant, device)
    expect(200, move(restaurant, device, second))
    expect(200, remove(restaurant, device))
    entries = [
        entry for entry in expect(200, restaurant.admin.get("/admin/audit"))["audit"] if entry["action"] == "device"
    ]
    first, then = ({"device_name": "창가 태블릿", "table_id": place} for place in (table_id, second))
    assert [(entry["actor"], entry["subject"], entry["before"], entry["after"]) for entry in reversed(entries)] == [
        (restaurant.username, None, None, {"code_for_table_id": table_id}),
        (None, device["device_id"], None, first),
        (restaurant.username, device["device_id"], first, then),
        (restaurant.username, device["device_id"], then, None),
    ]
    assert entries[2]["address"] == tablet.address
    assert code not in str(entries) and device["device_token"] not in str(entries)
