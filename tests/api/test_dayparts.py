"""Dayparts, and menus that are served in them only. The service's clock stands where a test sets it."""

from __future__ import annotations

import threading

import pytest

from tableorder.domain.limits import MAX_DAYPARTS, MAX_HOURS
from tests.api.client import UNKNOWN_ID, at_once, expect, refused
from tests.api.server import Server, StreamServer, add_restaurant, run_sql
from tests.api.streams import ADMIN_STREAM, Reader
from tests.api.test_options import item, menus_of, order
from tests.api.test_streams import types
from tests.waiting import until

# now() of the service's statements is the moment in a table.
CLOCK = """
CREATE SCHEMA clock;
CREATE TABLE clock.moment AS SELECT timestamptz '2026-11-27 10:00+09' AS at;
CREATE FUNCTION clock.now() RETURNS timestamptz LANGUAGE sql STABLE AS 'SELECT at FROM clock.moment';
GRANT USAGE ON SCHEMA clock TO PUBLIC;
GRANT SELECT ON clock.moment TO PUBLIC;
DO $$
BEGIN
    EXECUTE 'ALTER DATABASE ' || current_database() || ' SET search_path = clock, pg_catalog, public';
END;
$$
"""
FRIDAY = 4
LUNCH = [{"weekday": FRIDAY, "starts": "11:00", "ends": "14:30"}]
DINNER = [{"weekday": FRIDAY, "starts": "17:00", "ends": "21:00"}]
ALWAYS = [{"weekday": day, "starts": "00:00", "ends": "00:00"} for day in range(7)]
ELEVEN, NEXT_FRIDAY = "2026-11-27T11:00:00+09:00", "2026-12-04T11:00:00+09:00"


@pytest.fixture(scope="module")
def database_url(make_database):
    """Of all tests of this module."""
    url = make_database()
    run_sql(url, CLOCK)
    return url


@pytest.fixture(scope="module")
def server(database_url, tmp_path_factory):
    running = Server(database_url, tmp_path_factory.mktemp("clock") / "log")
    yield running.wait_until_ready()
    running.stop()


@pytest.fixture
def set_clock(database_url):
    def turn(time, date="2026-11-27"):
        run_sql(database_url, "UPDATE clock.moment SET at = %s", f"{date} {time}+09")

    turn("10:00")
    return turn


@pytest.fixture
def restaurant(server, set_clock):
    return add_restaurant(server)


def add_daypart(restaurant, hours=LUNCH, name="점심"):
    added = restaurant.admin.post("/admin/dayparts", {"daypart_name": name, "hours": hours})
    return expect(201, added)["daypart_id"]


def attach(restaurant, menu_id, *daypart_ids):
    return restaurant.admin.put(f"/admin/menus/{menu_id}/dayparts", {"daypart_ids": [*daypart_ids]})


def attach_to_category(restaurant, category_id, *daypart_ids):
    return restaurant.admin.put(f"/admin/categories/{category_id}/dayparts", {"daypart_ids": [*daypart_ids]})


@pytest.fixture
def lunch(restaurant, menu_id):
    daypart_id = add_daypart(restaurant)
    expect(200, attach(restaurant, menu_id, daypart_id))
    return daypart_id


def test_dayparts_are_added_changed_listed_and_deleted(restaurant):
    daypart_id = add_daypart(restaurant)
    added = {"daypart_id": daypart_id, "daypart_name": "점심", "hours": LUNCH}
    late = add_daypart(restaurant, DINNER, "저녁")
    dinner = {"daypart_id": late, "daypart_name": "저녁", "hours": DINNER}
    expected = {"store_id": restaurant.store_id, "dayparts": [added, dinner]}
    assert expect(200, restaurant.admin.get("/admin/dayparts")) == expected
    path = f"/admin/dayparts/{daypart_id}"
    assert expect(200, restaurant.admin.patch(path, {"hours": []})) == added | {"hours": []}
    changed = added | {"hours": [], "daypart_name": "런치"}
    assert expect(200, restaurant.admin.patch(path, {"daypart_name": "런치"})) == changed
    assert expect(200, restaurant.admin.patch(path, changed)) == changed  # as it was answered
    assert expect(200, restaurant.admin.delete(path))["daypart_id"] == daypart_id
    assert expect(200, restaurant.admin.get("/admin/dayparts"))["dayparts"] == [dinner]
    for answer in (restaurant.admin.delete(path), restaurant.admin.patch(path, {"hours": []})):
        assert refused(404, "daypart_not_found", answer)["daypart_id"] == daypart_id


def test_a_name_is_a_dayparts_alone(restaurant):
    add_daypart(restaurant)
    other = add_daypart(restaurant, name="저녁")
    body = {"daypart_name": " 점심 ", "hours": []}
    refused(409, "daypart_name_taken", restaurant.admin.post("/admin/dayparts", body))
    refused(409, "daypart_name_taken", restaurant.admin.patch(f"/admin/dayparts/{other}", {"daypart_name": "점심"}))


@pytest.mark.parametrize(
    "change",
    [
        {"weekday": 7}, {"weekday": -1}, {"weekday": "0"}, {"weekday": None}, {"starts": "24:00"}, {"starts": "9:00"},
        {"ends": "14:60"}, {"ends": "14:30:00"}, {"ends": "14:30\n"}, {"ends": 14}, {"ends": None}, {"till": "15:00"},
    ],
)  # fmt: skip
def test_what_are_no_hours_is_refused(restaurant, change):
    body = {"daypart_name": "점심", "hours": [LUNCH[0] | change]}
    problem = refused(400, "validation_failed", restaurant.admin.post("/admin/dayparts", body))
    assert [*problem["errors"]] == ["hours"]


@pytest.mark.parametrize(
    "body", [{}, {"daypart_name": "점심"}, {"hours": LUNCH}, {"daypart_name": "점심", "hours": {}}]
)
def test_what_is_no_daypart_is_refused(restaurant, body):
    refused(400, "validation_failed", restaurant.admin.post("/admin/dayparts", body))


def test_a_store_has_so_many_dayparts(restaurant):
    for number in range(49):
        add_daypart(restaurant, name=f"{number}")
    barrier = threading.Barrier(2)

    def add(name):
        barrier.wait()
        return restaurant.admin.post("/admin/dayparts", {"daypart_name": name, "hours": LUNCH})

    last = at_once(lambda: add("가"), lambda: add("나"))
    assert sorted(answer.status_code for answer in last) == [201, 409]
    assert refused(409, "limit_reached", max(last, key=lambda answer: answer.status_code))["limit"] == 50


def test_a_daypart_has_so_many_hours(restaurant):
    body = {"daypart_name": "점심", "hours": LUNCH * MAX_HOURS}
    daypart_id = expect(201, restaurant.admin.post("/admin/dayparts", body))["daypart_id"]
    more = {"hours": LUNCH * (MAX_HOURS + 1)}
    for answer in (
        restaurant.admin.post("/admin/dayparts", body | more),
        restaurant.admin.patch(f"/admin/dayparts/{daypart_id}", more),
    ):
        assert refused(409, "limit_reached", answer)["limit"] == MAX_HOURS


def test_a_menu_has_so_many_dayparts(restaurant, menu_id):
    ids = [add_daypart(restaurant, name=f"{number}") for number in range(MAX_DAYPARTS + 1)]
    category_id = restaurant.add_category()
    assert expect(200, attach(restaurant, menu_id, *ids[1:])) == {"menu_id": menu_id, "daypart_ids": ids[1:]}
    attached = expect(200, attach_to_category(restaurant, category_id, *ids[1:]))
    assert attached == {"category_id": category_id, "daypart_ids": ids[1:]}
    for answer in (attach(restaurant, menu_id, *ids), attach_to_category(restaurant, category_id, *ids)):
        assert refused(409, "limit_reached", answer)["limit"] == MAX_DAYPARTS


def test_what_cannot_be_attached_changes_nothing(restaurant, server, menu_id, lunch, tablet):
    others = add_restaurant(server)
    theirs, category_id = add_daypart(others), restaurant.add_category()
    for daypart_id in (theirs, UNKNOWN_ID):
        for answer in (
            attach(restaurant, menu_id, daypart_id),
            attach_to_category(restaurant, category_id, lunch, daypart_id),
        ):
            assert refused(404, "daypart_not_found", answer)["daypart_id"] == daypart_id
    for unknown in (others.add_menu(), UNKNOWN_ID):
        refused(404, "menu_not_found", attach(restaurant, unknown, lunch))
        refused(404, "category_not_found", attach_to_category(restaurant, UNKNOWN_ID, lunch))
    for ids in ([lunch, lunch], [0], ["1"], None, 1):
        refused(
            400,
            "validation_failed",
            restaurant.admin.put(f"/admin/menus/{menu_id}/dayparts", {"daypart_ids": ids}),
        )
    assert menus_of(tablet)[menu_id]["dayparts"] == [lunch]
    listed = expect(200, restaurant.admin.get("/admin/categories"))["categories"]
    assert [category["dayparts"] for category in listed] == [[], []]


def test_a_menu_is_served_in_its_daypart_only(restaurant, tablet, menu_id, lunch, set_clock):
    for time, served, next_from, until_ in [
        ("10:59:59.999", False, ELEVEN, ELEVEN),
        ("11:00:00", True, None, "2026-11-27T14:30:00+09:00"),
        ("14:29:59.999", True, None, "2026-11-27T14:30:00+09:00"),
        ("14:30:00", False, NEXT_FRIDAY, NEXT_FRIDAY),
    ]:
        set_clock(time)
        document = expect(200, tablet.get("/customer/menus"))
        assert document["valid_until"] == until_
        [menu] = document["categories"][0]["menus"]
        assert menu["dayparts"] == [lunch]
        assert (menu["served_now"], menu["is_available"], menu["next_from"]) == (served, served, next_from)
        [menu] = expect(200, restaurant.admin.get("/admin/menus"))["categories"][0]["menus"]
        assert (menu["is_available"], menu["orderable"], menu["served_now"]) == (True, served, served)
        assert (menu["dayparts"], menu["next_from"]) == ([lunch], next_from)
        if served:
            expect(201, order(tablet, item(menu_id)))
        else:
            problem = refused(409, "menu_not_served", order(tablet, item(restaurant.add_menu()), item(menu_id)))
            assert (problem["item"], problem["menu_id"], problem["next_from"]) == (1, menu_id, next_from)


def test_a_menus_own_dayparts_go_before_its_categorys(restaurant, tablet, set_clock):
    category_id = restaurant.add_category()
    own, plain = restaurant.add_menu(category_id=category_id), restaurant.add_menu(category_id=category_id)
    lunch, dinner = add_daypart(restaurant), add_daypart(restaurant, DINNER, "저녁")
    expect(200, attach_to_category(restaurant, category_id, dinner))
    expect(200, attach(restaurant, own, lunch))
    set_clock("12:00")
    assert [menus_of(tablet)[menu_id]["served_now"] for menu_id in (own, plain)] == [True, False]
    assert refused(409, "menu_not_served", order(tablet, item(plain)))["next_from"] == "2026-11-27T17:00:00+09:00"
    set_clock("18:00")
    assert [menus_of(tablet)[menu_id]["served_now"] for menu_id in (own, plain)] == [False, True]
    assert menus_of(tablet)[plain]["dayparts"] == []
    [category] = expect(200, tablet.get("/customer/menus"))["categories"]
    assert category["dayparts"] == [dinner]
    expect(200, attach(restaurant, own))
    assert menus_of(tablet)[own]["served_now"] is True
    expect(200, attach(restaurant, own, lunch, dinner))
    assert menus_of(tablet)[own]["served_now"] is True
    expect(200, attach_to_category(restaurant, category_id))
    set_clock("03:00")
    assert [menus_of(tablet)[menu_id]["served_now"] for menu_id in (own, plain)] == [False, True]


def test_a_menu_as_it_is_answered_goes_by_its_new_category(restaurant):
    dinner = add_daypart(restaurant, DINNER, "저녁")
    category_id = restaurant.add_category("안주")
    expect(200, attach_to_category(restaurant, category_id, dinner))
    new = {"category_id": category_id, "menu_name": "파전", "price": 9000}
    added = expect(201, restaurant.admin.post("/admin/menus", new))
    moved = expect(200, restaurant.admin.patch(f"/admin/menus/{restaurant.add_menu()}", {"category_id": category_id}))
    for menu in (added, moved):
        assert (menu["served_now"], menu["orderable"], menu["is_available"]) == (False, False, True)
        assert (menu["dayparts"], menu["next_from"]) == ([], "2026-11-27T17:00:00+09:00")


def test_a_quote_tells_all_that_is_not_served(restaurant, tablet, menu_id, lunch):
    other = restaurant.add_menu(price=500)
    quote = {"items": [item(other), item(menu_id)], "expected_total": 9500}
    problem = refused(409, "quote_mismatch", tablet.post("/customer/orders", quote))
    assert problem["total"] is None
    assert [line["problem"] for line in problem["lines"]] == [None, {"code": "menu_not_served", "next_from": ELEVEN}]


def test_what_is_never_on_has_no_next(restaurant, tablet, menu_id, lunch):
    expect(200, restaurant.admin.patch(f"/admin/dayparts/{lunch}", {"hours": []}))
    assert refused(409, "menu_not_served", order(tablet, item(menu_id)))["next_from"] is None
    document = expect(200, tablet.get("/customer/menus"))
    assert document["valid_until"] is None
    assert document["categories"][0]["menus"][0]["next_from"] is None
    expect(200, restaurant.admin.patch(f"/admin/dayparts/{lunch}", {"hours": ALWAYS}))
    expect(201, order(tablet, item(menu_id)))


def test_without_dayparts_a_menu_is_always_served(restaurant, tablet, menu_id, lunch):
    expect(200, restaurant.admin.delete(f"/admin/dayparts/{lunch}"))
    document = expect(200, tablet.get("/customer/menus"))
    assert document["valid_until"] is None
    assert menus_of(tablet)[menu_id].items() >= {"served_now": True, "dayparts": [], "next_from": None}.items()
    expect(201, order(tablet, item(menu_id)))


def test_a_repeat_is_answered_with_its_order_whatever_the_hour(tablet, menu_id, lunch, set_clock):
    set_clock("14:29")
    placed = expect(201, tablet.order((menu_id, 1), key="1"))
    set_clock("14:30")
    assert expect(201, tablet.order((menu_id, 1), key="1")) == placed
    refused(409, "menu_not_served", tablet.order((menu_id, 1), key="2"))


def test_the_hours_are_those_of_the_stores_time_zone(restaurant, tablet, menu_id, lunch):
    expect(200, restaurant.admin.patch("/admin/settings", {"time_zone": "Pacific/Auckland"}))  # 14:00 there
    expect(201, order(tablet, item(menu_id)))
    assert expect(200, tablet.get("/customer/menus"))["valid_until"] == "2026-11-27T10:30:00+09:00"


def test_the_etag_changes_by_itself_at_the_boundary_in_every_worker(tablet, menu_id, lunch, set_clock):
    """Without a change to the menu: its version stays."""
    tags, versions = [], set()
    for time, served in [("10:59:59.999", False), ("11:00", True), ("14:29:59.999", True), ("14:30", False)]:
        set_clock(time)
        answers = [tablet.get("/customer/menus", params={"lang": "en"} if n % 2 else None) for n in range(12)]
        assert {answer.json()["categories"][0]["menus"][0]["served_now"] for answer in answers} == {served}
        versions |= {answer.json()["version"] for answer in answers}
        [tag] = {answer.headers["ETag"] for answer in answers[::2]}
        for old in [*tags, tag]:
            status = tablet.get("/customer/menus", headers={"If-None-Match": old}).status_code
            assert status == (304 if old == tag else 200)
        tags = [tag]
    assert len(versions) == 1
    set_clock("12:00", "2026-12-04")
    weekly = tablet.get("/customer/menus", headers={"If-None-Match": tags[0]})
    assert expect(200, weekly)["valid_until"] == "2026-12-04T14:30:00+09:00"


def test_a_change_of_the_hours_within_a_period_counts_at_once(restaurant, tablet, menu_id, lunch, set_clock):
    set_clock("12:00")
    tag = tablet.get("/customer/menus").headers["ETag"]
    expect(200, restaurant.admin.patch(f"/admin/dayparts/{lunch}", {"hours": DINNER}))
    answer = tablet.get("/customer/menus", headers={"If-None-Match": tag})
    assert expect(200, answer)["valid_until"] == "2026-11-27T17:00:00+09:00"
    refused(409, "menu_not_served", order(tablet, item(menu_id)))


def test_feeds_hear_once_of_each_boundary_and_of_those_while_they_were_down(
    database_url, restaurant, tablet, menu_id, lunch, set_clock, tmp_path
):
    expect(200, attach(restaurant, menu_id, add_daypart(restaurant, DINNER, "저녁"), lunch))
    processes = [StreamServer(database_url, tmp_path / f"log{number}") for number in range(2)]
    set_clock("14:29")  # past a boundary that nobody has seen
    try:
        readers = [
            Reader(process.wait_until_ready().base, ADMIN_STREAM, token=restaurant.admin.token) for process in processes
        ]
        changed = ["initial", "menu_changed"]
        for reader in readers:
            until(lambda reader=reader: types(reader.events) == changed)
        for time in ("14:30", "17:00"):
            set_clock(time)
            changed.append("menu_changed")
            for reader in readers:
                until(lambda reader=reader: types(reader.events) == changed)
        version = expect(200, tablet.get("/customer/menus"))["version"]
        assert {event.data["version"] for event in readers[0].events[1:]} == {version}
        changed += table_changed(restaurant)
        for reader in readers:
            until(lambda reader=reader: types(reader.events) == changed)
    finally:
        for process in processes:
            process.stop()


def table_changed(restaurant):
    """What is heard of another table: nothing else has come before it."""
    restaurant.add_table(2)
    return ["table_changed"]
