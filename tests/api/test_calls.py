"""Calls: guests call the staff; however many tap at once, a table has one open call."""

from __future__ import annotations

import pytest

from tableorder.backups.checks import checks
from tests.api.client import UNKNOWN_ID, at_once, expect, refused


def call(tablet, *items, note=None):
    """Call for so many of each item: (call_item_id, quantity)."""
    wanted = [{"call_item_id": call_item_id, "quantity": quantity} for call_item_id, quantity in items]
    return tablet.post("/customer/calls", {"items": wanted, "note": note})


def add_item(restaurant, label="물", **values):
    body = {"label": label, "max_quantity": 4, **values}
    return expect(201, restaurant.admin.post("/admin/call-items", body))["call_item_id"]


def open_calls(restaurant):
    return expect(200, restaurant.admin.get("/admin/calls?open=true"))["calls"]


@pytest.fixture
def events(restaurant, query):
    def read():
        rows = query(
            "SELECT event_type, session_id::text FROM events WHERE store_id = %s AND event_type LIKE 'call%%'"
            " ORDER BY event_id",
            restaurant.store_id,
        )
        assert all(session_id for _, session_id in rows)  # the table hears it, too
        return [event_type for event_type, _ in rows]

    return read


def test_a_store_without_items_has_the_plain_call(restaurant, tablet):
    [plain] = expect(200, tablet.get("/customer/call-items"))["call_items"]
    assert plain == {"call_item_id": None, "label": "직원 호출", "max_quantity": 1}
    [english] = expect(200, tablet.get("/customer/call-items?lang=en-GB"))["call_items"]
    assert (english["display_name"], english["label"]) == ("Call staff", "직원 호출")
    item = add_item(restaurant, translations={"en": {"name": "Water"}})
    [water] = expect(200, tablet.get("/customer/call-items?lang=en"))["call_items"]
    assert (water["call_item_id"], water["display_name"]) == (item, "Water")
    assert expect(201, call(tablet, (None, 1)))["items"][0]["label"] == "직원 호출"  # an old list is all right


def test_a_second_call_adds_to_the_first(restaurant, tablet, events):
    water, napkins = add_item(restaurant), add_item(restaurant, "냅킨")
    first = expect(201, call(tablet, (water, 1)))
    second = expect(200, call(tablet, (napkins, 1), (water, 2), note="창가 자리"))
    assert (second["call_id"], second["asked_times"], second["note"]) == (first["call_id"], 2, "창가 자리")
    assert [(item["label"], item["quantity"]) for item in second["items"]] == [("물", 3), ("냅킨", 1)]
    third = expect(200, call(tablet, (water, 4)))
    assert (third["items"][0]["quantity"], third["note"]) == (4, "창가 자리")
    assert expect(200, tablet.get("/customer/calls/current"))["call"] == third
    assert events() == ["call_created", "call_updated", "call_updated"]


def test_the_staff_takes_and_closes_it_once(restaurant, tablet, events):
    call_id = expect(201, call(tablet))["call_id"]
    path = f"/admin/calls/{call_id}"
    taken = expect(200, restaurant.admin.post(f"{path}/take"))
    assert taken["taken_by"] == restaurant.username and expect(200, restaurant.admin.post(f"{path}/take")) == taken
    assert "taken_by" not in expect(200, tablet.get("/customer/calls/current"))["call"]
    closed = expect(200, restaurant.admin.post(f"{path}/close"))
    assert closed["closed_by"] == restaurant.username and expect(200, restaurant.admin.post(f"{path}/close")) == closed
    assert expect(200, restaurant.admin.post(f"{path}/take")) == closed
    assert open_calls(restaurant) == [] and expect(200, tablet.get("/customer/calls/current"))["call"] is None
    assert events() == ["call_created", "call_updated", "call_closed"]
    refused(404, "call_not_found", restaurant.admin.post(f"/admin/calls/{UNKNOWN_ID}/take"))


def test_guests_take_it_back(restaurant, tablet, events):
    expect(201, call(tablet))
    for _ in range(2):
        assert expect(200, tablet.delete("/customer/calls/current"))["call"] is None
    assert open_calls(restaurant) == [] and events() == ["call_created", "call_closed"]


def test_what_is_wrong_is_said(restaurant, tablet, open_restaurant):
    water, theirs = add_item(restaurant), add_item(open_restaurant())
    for item in (UNKNOWN_ID, theirs):
        problem = refused(404, "call_item_not_found", call(tablet, (water, 1), (item, 1)))
        assert (problem["item"], problem["call_item_id"]) == (1, item)
    assert refused(409, "call_quantity_too_large", call(tablet, (water, 5)))["max_quantity"] == 4
    refused(400, "validation_failed", call(tablet, note="가" * 101))
    refused(409, "call_item_label_taken", restaurant.admin.post("/admin/call-items", {"label": "물"}))
    expect(200, restaurant.admin.patch(f"/admin/call-items/{water}", {"is_active": False}))
    refused(404, "call_item_not_found", call(tablet, (water, 1)))
    expect(200, restaurant.admin.delete(f"/admin/call-items/{water}"))
    refused(404, "call_item_not_found", restaurant.admin.delete(f"/admin/call-items/{water}"))
    assert open_calls(restaurant) == []


def test_fifty_taps_on_two_tablets_are_one_call(restaurant, tablet, query):
    other = restaurant.seat(1)
    taps = at_once(*[lambda tapped=tapped: call(tapped) for tapped in [tablet, other] * 25])
    statuses = [tap.status_code for tap in taps]
    assert (statuses.count(201), statuses.count(200), statuses.count(429)) == (1, 9, 40)
    assert int(next(tap for tap in taps if tap.status_code == 429).headers["Retry-After"]) >= 1
    rows = query("SELECT asked_times, items FROM calls WHERE store_id = %s", restaurant.store_id)
    assert rows == [(10, [{"call_item_id": None, "label": "직원 호출", "quantity": 1}])]
    expect(200, tablet.delete("/customer/calls/current"))
    refused(429, "too_many_calls", call(tablet))  # a new call is no way around


def test_the_end_closes_the_call_and_keeps_it_in_the_history(restaurant, tablet, query, events):
    table_id = tablet.claims["table_id"]
    expect(201, call(tablet))
    expect(200, call(tablet))
    expect(200, restaurant.end_session(table_id))
    refused(409, "session_ended", call(tablet))
    assert open_calls(restaurant) == [] and events()[-1] == "call_closed"
    [past] = expect(200, restaurant.admin.get("/admin/history"))["history"]
    [kept] = past["archived_order_data"]["calls"]
    assert (kept["label"], kept["times"]) == ("직원 호출", 2) and kept["seconds"] >= 0


def test_a_call_against_the_end_is_closed_not_left_over(restaurant, query):
    table_id = restaurant.add_table(9)
    for _ in range(10):
        tablet = restaurant.seat(9)
        called, ended = at_once(lambda tablet=tablet: call(tablet), lambda: restaurant.end_session(table_id))
        assert ended.status_code == 200 and called.status_code in (201, 409), called.text
        [past] = expect(200, restaurant.admin.get("/admin/history?limit=1"))["history"]
        assert len(past["archived_order_data"]["calls"]) == (called.status_code == 201)
        assert open_calls(restaurant) == []
    for rule in checks():
        if rule.name in ("open_calls", "references"):
            assert query(rule.query) == [], rule.name


def test_pages_follow_one_another(restaurant, tablet):
    made = []
    for _ in range(5):
        made.append(expect(201, call(tablet))["call_id"])
        expect(200, tablet.delete("/customer/calls/current"))
    listed, cursor = [], ""
    while cursor is not None:
        page = expect(200, restaurant.admin.get(f"/admin/calls?limit=2{cursor and '&cursor=' + cursor}"))
        listed += [each["call_id"] for each in page["calls"]]
        cursor = page["next_cursor"]
    assert listed == made[::-1]


def test_a_session_has_so_many_calls(restaurant, tablet, query):
    expect(201, call(tablet))
    expect(200, tablet.delete("/customer/calls/current"))
    query(
        "INSERT INTO calls (store_id, session_id, table_id, table_number, items, closed_at, asks)"
        " SELECT store_id, session_id, table_id, table_number, items, closed_at, '{}'"
        " FROM calls, generate_series(1, 299) WHERE store_id = %s RETURNING call_id",
        restaurant.store_id,
    )
    assert refused(409, "limit_reached", call(tablet))["limit"] == 300


def test_a_store_has_so_many_items(restaurant):
    answers = [restaurant.admin.post("/admin/call-items", {"label": f"물품 {number}"}) for number in range(51)]
    assert [answer.status_code for answer in answers] == [201] * 50 + [409]
    assert refused(409, "limit_reached", answers[-1])["limit"] == 50
