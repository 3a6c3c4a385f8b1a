"""The tablet that is enrolled: by a code, typed in or of the address, and what it says once it is revoked."""

from __future__ import annotations

from tests.api.client import Client, expect
from tests.browser.screens import TabletWindow


def new_code(admin: Client, table_id: int) -> dict:
    return expect(201, admin.post(f"/admin/tables/{table_id}/enrolments"))


def table_ids(admin: Client) -> dict[int, int]:
    return {table["table_number"]: table["table_id"] for table in expect(200, admin.get("/admin/tables"))["tables"]}


def the_device(admin: Client) -> dict:
    [device] = expect(200, admin.get("/admin/devices"))["devices"]
    return device


def test_a_tablet_is_enrolled_moved_and_revoked(tablet: TabletWindow, admin: Client):
    tables = table_ids(admin)
    url = new_code(admin, tables[6])["url"]
    tablet.run(f"location.href = '{url}'")
    tablet.type("device_name", "창가 태블릿")
    tablet.tap("form button.main")
    tablet.reads("찌개·탕", "#category-names")
    assert tablet.run("return location.hash + localStorage['tableorder.tablet.setup']").find("device_token") > 0
    device = the_device(admin)
    assert (device["device_name"], device["table_number"]) == ("창가 태블릿", 6)
    expect(200, admin.post(f"/admin/tables/{tables[6]}/end-session"))
    tablet.tap("button.begin")
    tablet.reads("찌개·탕", "#category-names")  # the next guests', without a password
    expect(200, admin.patch(f"/admin/devices/{device['device_id']}", {"table_id": tables[8]}))
    tablet.reads("8번 테이블")
    tablet.tap("button.begin")
    tablet.reads("찌개·탕", "#category-names")
    expect(200, admin.delete(f"/admin/devices/{device['device_id']}"))
    tablet.reads("등록이 해제되었습니다")
    assert tablet.run("return localStorage['tableorder.tablet.setup'] ?? null") is None
    for number in (6, 8):
        admin.post(f"/admin/tables/{tables[number]}/end-session")


def test_a_wrong_code_is_refused_and_a_right_one_may_follow(tablet: TabletWindow, admin: Client):
    tables = table_ids(admin)
    tablet.type("code", "aaaa-aaaa")
    tablet.tap("form button.main")
    tablet.reads("코드가 맞지 않거나", "[role=alert]")
    code = new_code(admin, tables[6])["code"]
    tablet.type("code", f"{code[:4]} {code[4:]}".lower())
    tablet.tap("form button.main")
    tablet.reads("찌개·탕", "#category-names")
    expect(200, admin.delete(f"/admin/devices/{the_device(admin)['device_id']}"))
    expect(200, admin.post(f"/admin/tables/{tables[6]}/end-session"))
