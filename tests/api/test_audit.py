"""The audit log: who did what, from where, and what it was before and after."""

from __future__ import annotations

from tests.api.client import Client, expect, refused
from tests.api.server import run_sql
from tests.api.test_staff import PASSWORD, at_work, hire, log_in


def entries(restaurant, *actions):
    """Those of these actions, oldest first, without their ids and times."""
    page = expect(200, restaurant.admin.get("/admin/audit?limit=100"))
    assert (page["store_id"], page["next_cursor"]) == (restaurant.store_id, None)
    rows = [{name: row[name] for name in row if name not in ("audit_id", "at")} for row in page["audit"]]
    return [row for row in reversed(rows) if row["action"] in actions]


def entry(client, actor, role, action, subject, before=None, after=None):
    who = {"actor": actor, "role": role, "address": client and client.address}
    return who | {"action": action, "subject": subject, "before": before, "after": after}


def owners(restaurant, action, subject, before=None, after=None):
    return entry(restaurant.admin, restaurant.username, "owner", action, subject, before, after)


def test_logins_and_logouts(restaurant):
    first = Client(restaurant.base)
    staff_id = hire(restaurant, "staff", "minji")
    body = {"store_id": restaurant.store_id, "username": "minji", "password": PASSWORD}
    refused(401, "credentials_invalid", first.post("/auth/admin/login", body | {"password": "wrong-password"}))
    tokens = [expect(200, first.post("/auth/admin/login", body))["access_token"] for _ in range(3)]
    expect(200, first.post("/auth/logout", token=tokens[0]))
    login, *others = entries(restaurant, "login", "logout")
    assert login | {"address": None} == entry(None, restaurant.username, "owner", "login", None)
    assert others == [
        entry(first, "minji", "staff", "login", staff_id),  # three within a minute
        entry(first, "minji", "staff", "logout", staff_id),
    ]
    expect(200, restaurant.admin.post("/auth/logout"))
    restaurant.__post_init__()
    assert [row["action"] for row in entries(restaurant, "login", "logout")][-2:] == ["logout", "login"]


def test_accounts_and_passwords(restaurant):
    manager, admin = at_work(restaurant, "manager"), restaurant.admin
    new = {"username": "minji", "display_name": "김민지", "role": "staff"}
    staff_id = expect(201, manager.post("/admin/staff", {**new, "password": PASSWORD}))["staff_id"]
    path, who = f"/admin/staff/{staff_id}", {"username": "minji"}
    expect(200, admin.patch(path, {"role": "kitchen", "password": "another-password"}))
    expect(200, admin.patch(path, {"role": "kitchen"}))  # nothing changes
    expect(200, manager.post(f"{path}/revoke"))
    expect(200, manager.delete(path))
    expect(200, admin.patch(path, {"is_active": True}))
    minji = Client(restaurant.base, expect(200, log_in(restaurant, "minji", "another-password"))["access_token"])
    change = {"current_password": "another-password", "new_password": PASSWORD}
    expect(200, minji.put("/auth/password", change))
    was, cook = new | {"is_active": True}, new | {"is_active": True, "role": "kitchen"}
    of_manager = (manager, "manager", "manager")
    assert entries(restaurant, "account", "password")[1:] == [
        entry(*of_manager, "account", staff_id, None, was),
        owners(restaurant, "account", staff_id, was, cook),
        owners(restaurant, "password", staff_id, None, who),
        entry(*of_manager, "account", staff_id, who | {"token_epoch": 2}, who | {"token_epoch": 3}),
        entry(*of_manager, "account", staff_id, cook, cook | {"is_active": False}),
        owners(restaurant, "account", staff_id, cook | {"is_active": False}, cook),
        entry(minji, "minji", "kitchen", "password", staff_id, None, who),
    ]
    assert len(entries(restaurant, "login")) == 3  # who changes a password has not logged in again


def test_the_passwords_of_the_owner_and_of_a_table(restaurant, table_id):
    expect(200, restaurant.admin.patch(f"/admin/tables/{table_id}", {"table_password": "another"}))
    change = {"current_password": restaurant.password, "new_password": "another-password"}
    restaurant.admin.token = expect(200, restaurant.admin.put("/auth/password", change))["access_token"]
    assert entries(restaurant, "password") == [
        owners(restaurant, "password", table_id, None, {"table_number": 1}),
        owners(restaurant, "password", None, None, {"username": restaurant.username}),
    ]


def test_prices_voids_and_settings(restaurant, tablet, menu_id):
    admin = restaurant.admin
    first, second = (expect(201, tablet.order((menu_id, 2))) for _ in range(2))
    for change in ({"price": 9500}, {"price": 9500}, {"menu_name": "된장찌개"}):
        expect(200, admin.patch(f"/admin/menus/{menu_id}", change))
    lines = {"lines": [{"order_item_id": first["items"][0]["order_item_id"], "keep": 1}], "reason": "주문 실수"}
    for _ in range(2):
        expect(200, admin.post(f"/admin/orders/{first['order_id']}/void-lines", lines))
    expect(200, admin.delete(f"/admin/orders/{second['order_id']}"))
    for notice in ("쌀: 국내산", "쌀: 국내산", None):
        expect(200, admin.patch("/admin/settings", {"origin_notice": notice}))
    dish, order = {"menu_name": "김치찌개"}, {"table_number": 1, "status": "대기중", "total_amount": 18000}
    part = {"kind": "lines", "reason": "주문 실수", "total_amount": 9000, "approved_by": None}
    whole = {"kind": "order", "reason": None, "total_amount": 0, "approved_by": None}
    rice, nothing = ({"time_zone": "Asia/Seoul", "origin_notice": notice} for notice in ("쌀: 국내산", None))
    assert entries(restaurant, "menu_price", "void", "settings") == [
        owners(restaurant, "menu_price", menu_id, dish | {"price": 9000}, dish | {"price": 9500}),
        owners(restaurant, "void", first["order_id"], order, part),
        owners(restaurant, "void", second["order_id"], order, whole),
        owners(restaurant, "settings", None, None, rice),
        owners(restaurant, "settings", None, rice, nothing),
    ]


def test_what_the_operator_does_is_the_operators(restaurant, query):
    """A store that is disabled is one entry, however many people it has."""
    hire(restaurant, "staff")
    for is_active in (False, True):
        query("UPDATE stores SET is_active = %s WHERE store_id = %s", is_active, restaurant.store_id)
    query("UPDATE stores SET is_active = false WHERE store_id = %s", restaurant.store_id)
    query("UPDATE staff SET token_epoch = token_epoch + 1 WHERE store_id = %s", restaurant.store_id)
    query("UPDATE stores SET is_active = true WHERE store_id = %s", restaurant.store_id)
    [(operator,)] = query("SELECT session_user::text")
    on, off = ({"username": restaurant.username, "is_active": is_active} for is_active in (True, False))
    _, *found = entries(restaurant, "account")
    assert found == [
        entry(None, operator, "operator", "account", None, *change) for change in [(on, off), (off, on)] * 2
    ]


def test_no_secret_is_in_it(restaurant, table_id, query):
    hire(restaurant, "staff")
    expect(200, restaurant.admin.patch(f"/admin/tables/{table_id}", {"table_password": "another-secret"}))
    [(text,)] = query("SELECT string_agg(audit_log::text, '') FROM audit_log WHERE store_id = %s", restaurant.store_id)
    assert not any(secret in text for secret in (PASSWORD, restaurant.password, "another-secret", "$2b$"))


def test_pages_neither_repeat_nor_skip_entries_of_the_same_time(restaurant, query):
    query("INSERT INTO audit_log (store_id, action) SELECT %s, 'x' FROM generate_series(1, 7)", restaurant.store_id)
    times = query("SELECT DISTINCT at FROM audit_log WHERE store_id = %s AND action = 'x'", restaurant.store_id)
    assert len(times) == 1
    seen, cursor = [], ""
    while cursor is not None:
        page = expect(200, restaurant.admin.get(f"/admin/audit?limit=3{cursor and f'&cursor={cursor}'}"))
        assert 1 <= len(page["audit"]) <= 3
        seen += [row["audit_id"] for row in page["audit"]]
        cursor = page["next_cursor"]
        query("INSERT INTO audit_log (store_id, action) VALUES (%s, 'later')", restaurant.store_id)
    kept = query("SELECT audit_id FROM audit_log WHERE store_id = %s AND action <> 'later'", restaurant.store_id)
    assert seen == sorted((audit_id for (audit_id,) in kept), reverse=True)
    for wrong in ("limit=0", "limit=101", "cursor=x", "cursor=1-99999999999999999999"):
        refused(400, "validation_failed", restaurant.admin.get(f"/admin/audit?{wrong}"))


def test_another_stores_entries_are_not_shown(restaurant, open_restaurant):
    cursor = f"9999999999999999-{2**62}"
    for other in (restaurant, open_restaurant()):
        page = expect(200, other.admin.get(f"/admin/audit?cursor={cursor}"))
        assert {row["actor"] for row in page["audit"]} == {other.username}


def test_one_person_makes_so_many_entries_in_a_day(restaurant, menu_id, query):
    """Past it nothing is changed that would not be on record; other people go on."""
    manager = at_work(restaurant, "manager")
    add = "INSERT INTO audit_log (store_id, actor, action) SELECT %s, %s, 'x' FROM generate_series(1, %s)"
    [(present,)] = query(
        "SELECT count(*) FROM audit_log WHERE store_id = %s AND actor = %s", restaurant.store_id, restaurant.username
    )
    query(add, restaurant.store_id, restaurant.username, 9999 - present)
    expect(200, restaurant.admin.patch(f"/admin/menus/{menu_id}", {"price": 9500}))
    refusal = refused(409, "limit_reached", restaurant.admin.patch(f"/admin/menus/{menu_id}", {"price": 9600}))
    assert refusal["limit"] == 10_000
    expect(200, restaurant.admin.patch(f"/admin/menus/{menu_id}", {"menu_name": "된장찌개"}))
    assert expect(200, manager.patch(f"/admin/menus/{menu_id}", {"price": 9700}))["price"] == 9700


def test_who_acted_is_forgotten_with_the_transaction(server, restaurant, menu_id):
    """The next request on the same connection is not taken for theirs."""
    expect(200, restaurant.admin.patch(f"/admin/menus/{menu_id}", {"price": 9500}))
    refused(401, "credentials_invalid", log_in(restaurant, "nobody"))
    for _ in range(8):
        assert log_in(restaurant, restaurant.username, restaurant.password).status_code == 200
    logins = entries(restaurant, "login")
    assert len(logins) == 9 and len({row["address"] for row in logins}) == 9
    assert run_sql(server.database_url, "SELECT current_setting('app.actor', true)") in ([(None,)], [("",)])
