"""PINs, and approvals: once, for one thing, for a minute."""

from __future__ import annotations

import pytest

from tableorder.domain.errors import ApprovalInvalid
from tableorder.domain.identities import AdminIdentity
from tableorder.repositories.orders import OrderRepository, Voided
from tests.api.client import UNKNOWN_ID, Client, at_once, expect, refused
from tests.api.test_audit import entries, entry
from tests.api.test_staff import PASSWORD, at_work, log_in
from tests.interleaving import opened_stage
from tests.nouns.approvals import PIN, add_boss

BOOKS = ("/admin/history", "/admin/voids")


@pytest.fixture
def boss(restaurant):
    """A manager with a PIN."""
    return add_boss(restaurant)


@pytest.fixture
def waiter(restaurant, boss):
    return at_work(restaurant, "staff")


@pytest.fixture
def order(waiter, tablet, menu_id):
    """An order that is being cooked."""
    order = expect(201, tablet.order((menu_id, 3)))
    expect(200, waiter.patch(f"/admin/orders/{order['order_id']}/status", {"status": "준비중"}))
    return order


def ask(client, action, subject=None, username="boss", pin=PIN):
    return client.post("/admin/approvals", {"username": username, "pin": pin, "action": action, "subject": subject})


def approved(client, action, subject=None, **who):
    answer = expect(201, ask(client, action, subject, **who))
    assert answer["expires_in"] == 60
    return {"X-Approval": answer["approval_token"]}


def void(client, order, headers=None):
    return client.delete(f"/admin/orders/{order['order_id']}", headers=headers)


def void_lines(client, order, keep, headers=None):
    lines = [{"order_item_id": order["items"][0]["order_item_id"], "keep": keep}]
    return client.post(f"/admin/orders/{order['order_id']}/void-lines", {"lines": lines}, headers=headers)


def test_a_void_with_an_approval_is_on_the_books_with_both_names(restaurant, waiter, order):
    assert refused(403, "approval_required", void(waiter, order))["action"] == "void"
    expect(200, void(waiter, order, approved(waiter, "void", order["order_id"])))
    [voided] = expect(200, restaurant.admin.get("/admin/voids"))["voids"]
    assert (voided["voided_by"], voided["approved_by"], voided["status"]) == ("staff", "boss", "준비중")
    approval, entered = entries(restaurant, "approval", "void")
    after = {"action": "void", "approved_by": "boss"}
    assert approval == entry(waiter, "staff", "staff", "approval", order["order_id"], None, after)
    assert (entered["actor"], entered["after"]["approved_by"]) == ("staff", "boss")


def test_it_is_used_once_and_a_repeat_that_changes_nothing_needs_none(waiter, order, query):
    approval = approved(waiter, "void", order["order_id"])
    assert expect(200, void_lines(waiter, order, 2, approval))["total_amount"] == 18000
    assert expect(200, void_lines(waiter, order, 2, approval))["total_amount"] == 18000
    assert refused(403, "approval_invalid", void_lines(waiter, order, 1, approval))["action"] == "void"
    refused(403, "approval_invalid", void(waiter, order, approval))
    assert query("SELECT count(*) FROM order_voids WHERE order_id = %s", order["order_id"]) == [(1,)]


def test_of_two_at_once_one_is_done(waiter, order):
    approval = approved(waiter, "void", order["order_id"])
    part, whole = at_once(lambda: void_lines(waiter, order, 1, approval), lambda: void(waiter, order, approval))
    if part.status_code == 200:
        refused(403, "approval_invalid", whole)
    else:
        refused(404, "order_not_found", part)
        expect(200, whole)


def test_of_two_that_wait_for_the_order_one_is_done(server, restaurant, waiter, order):
    token = approved(waiter, "void", order["order_id"])["X-Approval"]
    admin = AdminIdentity(restaurant.store_id, "staff", role="staff", staff_id=1)

    def void_to(keep):
        lines = [{"order_item_id": order["items"][0]["order_item_id"], "keep": keep}]
        return lambda connection: OrderRepository(connection).void_lines(
            order_id=order["order_id"], lines=lines, admin=admin, reason=None, restock=False, approval=token
        )

    held = "SELECT FROM orders WHERE order_id = %s FOR UPDATE", (order["order_id"],)
    with opened_stage(server.database_url) as stage, stage.hold(*held) as hold:
        waiting = []
        for keep in (2, 1):
            waiting.append(stage.start(restaurant.store_id, void_to(keep)))
            assert waiting[-1].is_held_up()
        hold.release()
        first, second = (operation.outcome() for operation in waiting)
    assert isinstance(first, Voided) and isinstance(second, ApprovalInvalid)
    assert expect(200, waiter.get(f"/admin/orders/{order['order_id']}"))["items"][0]["quantity"] == 2


def test_what_is_refused_leaves_it(waiter, order):
    approval = approved(waiter, "void", order["order_id"])
    refused(409, "keep_too_large", void_lines(waiter, order, 4, approval))
    expect(200, void(waiter, order, approval))


def test_who_may_anyway_needs_none_and_uses_none_up(restaurant, boss, waiter, order, tablet, menu_id):
    approval = approved(waiter, "void", order["order_id"])
    expect(200, void_lines(boss, order, 2, {"X-Approval": "nonsense"}))
    expect(200, void_lines(restaurant.admin, order, 1, approval))
    expect(200, void(waiter, order, approval))
    waiting = expect(201, tablet.order((menu_id, 1)))
    expect(200, void(waiter, waiting, {"X-Approval": "nonsense"}))
    names = [void["approved_by"] for void in expect(200, boss.get("/admin/voids"))["voids"]]
    assert names == [None, "boss", None, None]


@pytest.mark.parametrize("wrong", ["another order", "another action", "another store", "nonsense", "empty", "kor"])
def test_of_something_else_it_is_not_good(restaurant, open_restaurant, waiter, order, wrong):
    order_id = order["order_id"]
    if wrong == "another store":
        other = open_restaurant()
        add_boss(other)
        approval = approved(other.admin, "void", order_id)
    else:
        approval = {
            "another order": lambda: approved(waiter, "void", order_id + 1),
            "another action": lambda: approved(waiter, "refund", order_id),
            "nonsense": lambda: {"X-Approval": f"{restaurant.store_id}.' OR true --"},
            "empty": lambda: {"X-Approval": ""},
            "kor": lambda: {"X-Approval": "승인".encode().decode("latin-1")},
        }[wrong]()
    refused(403, "approval_invalid", void(waiter, order, approval))
    for path in BOOKS:
        refused(403, "approval_invalid", waiter.get(path, headers=approval))
    expect(200, waiter.get(f"/admin/orders/{order_id}"))


def test_it_ends_after_a_minute(waiter, order, query):
    """The clock is put forward by moving the end: both sides of it."""
    age = "UPDATE approvals SET expires_at = expires_at - interval '1 second' * %s WHERE store_id = %s"
    store_id = query("SELECT store_id FROM orders WHERE order_id = %s", order["order_id"])[0][0]
    left = "SELECT count(*) FROM approvals WHERE expires_at BETWEEN now() + interval '%s s' AND now() + interval '60 s'"
    books, approval = approved(waiter, "read_books"), approved(waiter, "void", order["order_id"])
    assert query(left + " AND store_id = %s", 40, store_id) == [(2,)]
    query(age, 30, store_id)
    expect(200, waiter.get("/admin/voids", headers=books))
    expect(200, void_lines(waiter, order, 1, approval))
    approval = approved(waiter, "void", order["order_id"])
    query(age, 60, store_id)
    refused(403, "approval_invalid", waiter.get("/admin/voids", headers=books))
    refused(403, "approval_invalid", void(waiter, order, approval))


@pytest.mark.parametrize("change", [{"role": "staff"}, {"is_active": False}, {"password": "another-password"}, None])
def test_it_ends_with_its_approvers_rights(restaurant, waiter, order, query, change):
    books, approval = approved(waiter, "read_books"), approved(waiter, "void", order["order_id"])
    [(staff_id,)] = query("SELECT staff_id FROM staff WHERE store_id = %s AND username = 'boss'", restaurant.store_id)
    path = f"/admin/staff/{staff_id}"
    expect(200, restaurant.admin.patch(path, change) if change else restaurant.admin.post(f"{path}/revoke"))
    refused(403, "approval_invalid", waiter.get("/admin/history", headers=books))
    refused(403, "approval_invalid", void(waiter, order, approval))


def test_the_owner_approves_too_until_they_log_out(restaurant, waiter, order):
    pin = {"current_password": restaurant.password, "pin": "12345678"}
    expect(200, restaurant.admin.put("/auth/pin", pin))
    who = {"username": restaurant.username, "pin": "12345678"}
    expect(200, void_lines(waiter, order, 1, approved(waiter, "void", order["order_id"], **who)))
    books = approved(waiter, "read_books", **who)
    assert expect(200, waiter.get("/admin/voids", headers=books))["voids"][0]["approved_by"] == restaurant.username
    expect(200, restaurant.admin.post("/auth/logout"))
    refused(403, "approval_invalid", waiter.get("/admin/voids", headers=books))


def test_the_books_are_read_as_often_as_one_likes(restaurant, waiter, order, table_id):
    books = approved(waiter, "read_books")
    for path in (*BOOKS, f"/admin/tables/{table_id}/history", *BOOKS):
        refused(403, "approval_required", waiter.get(path))
        assert expect(200, waiter.get(path, headers=books)) == expect(200, restaurant.admin.get(path))
    refused(403, "approval_invalid", void(waiter, order, books))
    refused(403, "role_not_allowed", waiter.get("/admin/audit", headers=books))
    cook = at_work(restaurant, "kitchen")
    refused(403, "role_not_allowed", cook.get("/admin/voids", headers=books))
    refused(403, "role_not_allowed", ask(cook, "read_books"))
    expect(200, waiter.post("/auth/logout"))
    refused(401, "token_revoked", waiter.get("/admin/voids", headers=books))


def test_only_an_active_owner_or_manager_with_a_pin_approves(restaurant, open_restaurant, boss, waiter):
    expect(200, waiter.put("/auth/pin", {"current_password": PASSWORD, "pin": PIN}))
    other = open_restaurant()
    expect(200, other.admin.put("/auth/pin", {"current_password": other.password, "pin": PIN}))
    problems = [
        refused(401, "credentials_invalid", answer)
        for answer in (
            ask(waiter, "read_books", pin="0000"),
            ask(waiter, "read_books", username="nobody"),
            ask(waiter, "read_books", username="staff"),
            ask(waiter, "read_books", username=restaurant.username),  # who has no PIN
            ask(waiter, "read_books", username=other.username),
        )
    ]
    assert len({problem["detail"] for problem in problems}) == 1
    expect(201, ask(waiter, "read_books"))
    [staff] = [p for p in expect(200, restaurant.admin.get("/admin/staff"))["staff"] if p["username"] == "boss"]
    expect(200, restaurant.admin.delete(f"/admin/staff/{staff['staff_id']}"))
    refused(401, "credentials_invalid", ask(waiter, "read_books"))


def test_wrong_pins_are_throttled_and_lock_nobody_out(restaurant, boss, waiter):
    expect(201, ask(waiter, "read_books"))
    codes = [ask(waiter, "read_books", pin="0000").status_code for _ in range(12)]
    assert codes == [401] * 10 + [429] * 2
    assert int(refused_with_wait(ask(waiter, "read_books"))) > 0
    client = Client(restaurant.base)
    client.address = waiter.address
    body = {"store_id": restaurant.store_id, "username": "boss", "password": "eight-or-more"}
    expect(200, client.post("/auth/admin/login", body))
    assert len(entries(restaurant, "approval")) == 1


def refused_with_wait(answer):
    refused(429, "too_many_failures", answer)
    return answer.headers["Retry-After"]


def test_a_pin_is_set_with_the_password_and_is_in_no_book(restaurant, boss, waiter, query):
    pin = {"current_password": "wrong-password", "pin": "987654"}
    refused(401, "credentials_invalid", waiter.put("/auth/pin", pin))
    for wrong in ("123", "123456789", "12a4", "１２３４", " 1234", 1234, None):
        refused(400, "validation_failed", boss.put("/auth/pin", {"current_password": "eight-or-more", "pin": wrong}))
    expect(200, boss.put("/auth/pin", {"current_password": "eight-or-more", "pin": "987654"}))
    expect(200, boss.get("/admin/orders"))  # a new PIN revokes nothing
    refused(401, "credentials_invalid", ask(waiter, "read_books"))
    expect(201, ask(waiter, "read_books", pin="987654"))
    first, second = entries(restaurant, "pin")
    assert first == second == entry(boss, "boss", "manager", "pin", first["subject"], None, {"username": "boss"})
    expect(200, log_in(restaurant, "boss", "eight-or-more"))
    [(rows,)] = query("SELECT string_agg(audit_log::text, '') FROM audit_log WHERE store_id = %s", restaurant.store_id)
    assert "987654" not in rows and "$2b$" not in rows


def test_what_an_approval_is_for_is_said_in_full(waiter):
    for action, subject in (("void", None), ("read_books", 7), ("void", 0), ("void", "7"), ("void", 2**63), ("x", 7)):
        refused(400, "validation_failed", ask(waiter, action, subject))
    for action in ("refund", "settle", "reopen"):
        expect(201, ask(waiter, action, UNKNOWN_ID))
