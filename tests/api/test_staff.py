"""The people of a store: what each role may do, how they come, and how they lose their rights."""

from __future__ import annotations

import re
import time
from typing import Any

import jwt
import pytest
from marshmallow import Schema, fields

from tableorder.blueprints import find_nouns
from tableorder.config import Config
from tableorder.http.money import AMOUNTS
from tableorder.schemas.streams import ADMIN_EVENTS
from tableorder.web.app import create_app
from tableorder.web.operations import Operation
from tests.api import test_access
from tests.api.client import Client, Restaurant, Tablet, expect, refused
from tests.api.server import JWT_SECRET_KEY, Server, add_restaurant
from tests.api.streams import ADMIN_STREAM, Reader
from tests.nouns.approvals import add_boss

PASSWORD = "12345678"
ROLES = ("owner", "manager", "staff", "kitchen")

# The table of the contract. What is not here is for the owner and for managers.
EVERYBODY = {
    ("GET", "/admin/orders"),
    ("GET", "/admin/orders/{order}"),
    ("PATCH", "/admin/orders/{order}/status"),
    ("POST", "/admin/orders/sse/ticket"),
    ("GET", "/admin/menus"),
    ("PUT", "/admin/menus/{menu}/availability"),
    ("GET", "/admin/option-groups"),
    ("GET", "/admin/categories"),
    ("GET", "/admin/tables"),
    ("GET", "/admin/stock"),
    ("PUT", "/admin/stock"),
    ("POST", "/admin/stock/{stock}/adjust"),
    ("GET", "/admin/settings"),
    ("GET", "/admin/dayparts"),
    ("POST", "/auth/logout"),
    ("PUT", "/auth/password"),
    ("PUT", "/auth/pin"),
}
FLOOR = {
    ("DELETE", "/admin/orders/{order}"),
    ("POST", "/admin/orders/{order}/void-lines"),
    ("POST", "/admin/tables/{table}/end-session"),
    ("GET", "/admin/calls"),
    ("POST", "/admin/calls/{call}/take"),
    ("POST", "/admin/calls/{call}/close"),
    ("POST", "/admin/approvals"),
}
# For staff with an approval.
BOOKS = {
    ("GET", "/admin/history"),
    ("GET", "/admin/tables/{table}/history"),
    ("GET", "/admin/voids"),
}
OWNER = {("PATCH", "/admin/settings")}


def roles_of(route: tuple[str, str]) -> tuple[str, ...]:
    if route in EVERYBODY:
        return ROLES
    if route in FLOOR | BOOKS:
        return ROLES[:3]
    return ROLES[:1] if route in OWNER else ROLES[:2]


def hire(restaurant: Restaurant, role: str, username: str | None = None) -> int:
    username = username or role
    person = {"username": username, "display_name": username, "role": role, "password": PASSWORD}
    return expect(201, restaurant.admin.post("/admin/staff", person))["staff_id"]


def log_in(restaurant: Restaurant, username: str, password: str = PASSWORD) -> Any:
    body = {"store_id": restaurant.store_id, "username": username, "password": password}
    return Client(restaurant.base).post("/auth/admin/login", body)


def at_work(restaurant: Restaurant, role: str) -> Client:
    """One of the staff, hired and logged in."""
    hire(restaurant, role)
    return Client(restaurant.base, expect(200, log_in(restaurant, role))["access_token"])


def admin_operations() -> dict[tuple[str, str], Operation]:
    """What an admin's token is for, by method and path."""
    environment = {"DATABASE_URL": "postgresql://nobody@localhost/none", "JWT_SECRET_KEY": JWT_SECRET_KEY}
    app = create_app(Config.from_environment(environment), find_nouns())
    found = {}
    for rule in app.url_map.iter_rules():
        operation = getattr(app.view_functions[rule.endpoint], "operation", None)
        if operation and operation.caller == "admin":
            path = re.sub(r"<(?:big_)?id:(\w+)_id>", r"{\1}", rule.rule).removeprefix("/api/v1")
            found |= {(method, path): operation for method in rule.methods - {"HEAD", "OPTIONS"}}
    return found


def test_each_route_names_the_roles_of_the_table():
    found = {route: operation.roles for route, operation in admin_operations().items()}
    assert found == {route: roles_of(route) for route in found}
    assert {*found} >= EVERYBODY | FLOOR | BOOKS | OWNER


def test_each_role_is_refused_what_is_not_its_own_and_nothing_else(server, restaurant):
    people = {role: at_work(restaurant, role) for role in ROLES[1:]}
    add_boss(restaurant)  # who approves
    ids = dict.fromkeys(re.findall(r"{(\w+)}", str(test_access.ADMIN)), test_access.UNKNOWN)
    for method, path in test_access.ADMIN:
        allowed = roles_of((method, path.removeprefix("/api/v1")))
        for role, person in people.items():
            answer = test_access.send(server, (method, path), ids, person.token)
            if role == "staff" and (method, path.removeprefix("/api/v1")) in BOOKS:
                assert refused(403, "approval_required", answer)["action"] == "read_books"
            elif role in allowed:
                assert answer.status_code not in (401, 403), (role, path, answer.text)
            else:
                assert refused(403, "role_not_allowed", answer)["roles"] == [*allowed], (role, path)


def test_staff_log_in_with_the_store_and_the_owner_too(restaurant, open_restaurant):
    staff_id = hire(restaurant, "staff", "minji")
    answer = expect(200, log_in(restaurant, "minji"))
    assert (answer["role"], answer["staff_id"], answer["store_id"]) == ("staff", staff_id, restaurant.store_id)
    assert expect(200, log_in(restaurant, restaurant.username, restaurant.password))["role"] == "owner"
    [person] = expect(200, restaurant.admin.get("/admin/staff"))["staff"]
    assert person["last_login_at"]
    without = Client(restaurant.base).post("/auth/admin/login", {"username": "minji", "password": PASSWORD})
    wrong = [
        log_in(restaurant, "minji", "wrong-password"),
        log_in(open_restaurant(), "minji"),
        log_in(restaurant, "nobody"),
        without,
    ]
    problems = [refused(401, "credentials_invalid", answer) for answer in wrong]
    assert len({problem["detail"] for problem in problems}) == 1


def test_guesses_of_one_account_are_throttled_and_others_are_not(restaurant):
    hire(restaurant, "staff", "minji")
    hire(restaurant, "staff", "jisu")
    codes = [log_in(restaurant, "minji", "wrong-password").status_code for _ in range(12)]
    assert codes[:10] == [401] * 10 and codes[-1] == 429
    expect(200, log_in(restaurant, "jisu"))


@pytest.mark.parametrize("change", [{"role": "kitchen"}, {"password": "another-password"}, {"is_active": False}])
def test_a_change_of_rights_revokes(restaurant, change):
    staff_id = hire(restaurant, "staff")
    other = at_work(restaurant, "manager")
    person = Client(restaurant.base, expect(200, log_in(restaurant, "staff"))["access_token"])
    expect(200, restaurant.admin.patch(f"/admin/staff/{staff_id}", {"display_name": "김민지"}))
    expect(200, person.get("/admin/orders"))
    expect(200, restaurant.admin.patch(f"/admin/staff/{staff_id}", change))
    for _ in range(4):
        refused(401, "token_revoked", person.get("/admin/orders"))
    expect(200, other.get("/admin/orders"))


def test_revoke_and_delete(restaurant):
    staff_id = hire(restaurant, "staff")
    for method, path in (("POST", f"/admin/staff/{staff_id}/revoke"), ("DELETE", f"/admin/staff/{staff_id}")):
        person = Client(restaurant.base, expect(200, log_in(restaurant, "staff"))["access_token"])
        expect(200, person.get("/admin/orders"))
        expect(200, restaurant.admin.call(method, path))
        refused(401, "token_revoked", person.get("/admin/orders"))
    refused(401, "credentials_invalid", log_in(restaurant, "staff"))
    assert [person["is_active"] for person in expect(200, restaurant.admin.get("/admin/staff"))["staff"]] == [False]
    expect(200, restaurant.admin.patch(f"/admin/staff/{staff_id}", {"is_active": True}))
    expect(200, log_in(restaurant, "staff"))


def test_a_claim_of_another_stores_person_finds_nothing(restaurant, open_restaurant):
    """Even if it is signed well."""
    person, other = at_work(restaurant, "manager"), open_restaurant()
    claims = jwt.decode(person.token, JWT_SECRET_KEY, algorithms=["HS256"])
    for changes in ({"store_id": other.store_id}, {"epoch": claims["epoch"] + 1}):
        mixed = jwt.encode(claims | changes, JWT_SECRET_KEY)
        refused(401, "token_revoked", person.get("/admin/menus", token=mixed))
    for changes in ({"role": "owner"}, {"role": "admin"}, {"staff_id": None}):
        mixed = jwt.encode(claims | changes, JWT_SECRET_KEY)
        refused(401, "token_invalid", person.get("/admin/menus", token=mixed))


def test_a_manager_keeps_the_accounts_of_staff_and_kitchen_only(restaurant):
    boss_id = hire(restaurant, "manager", "boss")
    cook_id = hire(restaurant, "kitchen", "cook")
    manager = at_work(restaurant, "manager")
    assert [person["username"] for person in expect(200, manager.get("/admin/staff"))["staff"]] == ["cook"]
    person = {"username": "new", "display_name": "new", "role": "manager", "password": PASSWORD}
    for answer in (
        manager.post("/admin/staff", person),
        manager.patch(f"/admin/staff/{cook_id}", {"role": "manager"}),
        manager.patch(f"/admin/staff/{boss_id}", {"password": "another-password"}),
        manager.delete(f"/admin/staff/{boss_id}"),
        manager.post(f"/admin/staff/{boss_id}/revoke"),
    ):
        assert refused(403, "role_not_allowed", answer)["roles"] == ["owner"]
    expect(201, manager.post("/admin/staff", person | {"role": "kitchen"}))
    expect(200, log_in(restaurant, "boss"))
    expect(200, manager.patch(f"/admin/staff/{cook_id}", {"role": "staff"}))


def test_a_name_is_given_once(restaurant, open_restaurant):
    hire(restaurant, "staff", "minji")
    hire(open_restaurant(), "staff", "minji")
    for username in ("minji", restaurant.username):
        person = {"username": username, "display_name": "x", "role": "staff", "password": PASSWORD}
        refused(409, "username_taken", restaurant.admin.post("/admin/staff", person))
    refused(400, "validation_failed", restaurant.admin.post("/admin/staff", person | {"password": "1234567"}))


def test_a_new_password_of_ones_own(restaurant):
    person = at_work(restaurant, "kitchen")
    wrong = {"current_password": "wrong-password", "new_password": "another-password"}
    refused(401, "credentials_invalid", person.put("/auth/password", wrong))
    expect(200, person.get("/admin/orders"))
    answer = expect(200, person.put("/auth/password", wrong | {"current_password": PASSWORD}))
    refused(401, "token_revoked", person.get("/admin/orders"))
    expect(200, person.get("/admin/orders", token=answer["access_token"]))
    refused(401, "credentials_invalid", log_in(restaurant, "kitchen"))
    expect(200, log_in(restaurant, "kitchen", "another-password"))
    change = {"current_password": restaurant.password, "new_password": "another-password"}
    expect(200, restaurant.admin.put("/auth/password", change))
    refused(401, "token_revoked", restaurant.admin.get("/admin/orders"))


def test_who_logs_out_is_out_everywhere_and_nobody_else_is(stream_server, restaurant):
    person = at_work(restaurant, "staff")
    second = expect(200, log_in(restaurant, "staff"))["access_token"]
    reader = Reader(stream_server.base, ADMIN_STREAM, token=second)
    reader.wait_for(1)
    began = time.monotonic()
    expect(200, person.post("/auth/logout"))
    for token in (person.token, second):
        refused(401, "token_revoked", person.get("/admin/orders", token=token))
    assert reader.wait_until_over()[-1].data == {"reason": "token_revoked"}
    assert time.monotonic() - began < 2
    expect(200, restaurant.admin.get("/admin/orders"))
    expect(200, restaurant.admin.post("/auth/logout"))
    refused(401, "token_revoked", restaurant.admin.get("/admin/orders"))


def test_staff_void_what_is_waiting_and_nothing_later(restaurant, tablet, menu_id):
    person = at_work(restaurant, "staff")
    manager = at_work(restaurant, "manager")
    first, second = (expect(201, tablet.order((menu_id, 2)))["order_id"] for _ in range(2))
    expect(200, person.delete(f"/admin/orders/{first}"))
    expect(200, person.patch(f"/admin/orders/{second}/status", {"status": "준비중"}))
    refusal = refused(403, "approval_required", person.delete(f"/admin/orders/{second}"))
    assert refusal["action"] == "void"
    item = expect(200, person.get(f"/admin/orders/{second}"))["items"][0]["order_item_id"]
    lines = {"lines": [{"order_item_id": item, "keep": 1}]}
    refused(403, "approval_required", person.post(f"/admin/orders/{second}/void-lines", lines))
    expect(200, manager.delete(f"/admin/orders/{second}"))
    voids = expect(200, restaurant.admin.get("/admin/voids"))["voids"]
    assert [void["voided_by"] for void in voids] == ["manager", "staff"]


def test_the_kitchen_sees_no_money(stream_server, restaurant, tablet: Tablet, menu_id):
    cook = at_work(restaurant, "kitchen")
    reader = Reader(stream_server.base, ADMIN_STREAM, token=cook.token)
    reader.wait_for(1)
    order_id = expect(201, tablet.order((menu_id, 2)))["order_id"]
    seen = [event.data for event in reader.wait_for(2)]
    reader.close()
    paths = ("/admin/orders", f"/admin/orders/{order_id}", "/admin/menus", "/admin/option-groups", "/admin/stock")
    seen += [expect(200, cook.get(path)) for path in paths]
    seen.append(expect(200, cook.put(f"/admin/menus/{menu_id}/availability", {"is_available": False})))
    for document in seen:
        assert not AMOUNTS & names(document), document
        assert not re.search(r"9000|18000", str(document)), document
    assert seen[1]["items"][0]["quantity"] == 2
    assert expect(200, restaurant.admin.get(f"/admin/orders/{order_id}"))["total_amount"] == 18000


def test_every_amount_that_the_kitchen_can_meet_is_known_as_one():
    """Whatever a schema calls a price, an amount or a total; what is added later must be left out, too."""
    schemas = {
        answer.schema
        for operation in admin_operations().values()
        if "kitchen" in operation.roles
        for answer in operation.answers.values()
        if isinstance(answer.schema, type)
    }
    met = set().union(*(field_names(schema()) for schema in (*schemas, *ADMIN_EVENTS.values())))
    amounts = {name for name in met if re.search("price|amount|total|won", name)}
    assert {"price", "price_delta", "total_amount"} <= amounts <= AMOUNTS


def field_names(part: Any) -> set[str]:
    """Of a schema, and of those in it."""
    if isinstance(part, Schema):
        return {*part.fields} | set().union(*map(field_names, part.fields.values()))
    if isinstance(part, fields.List):
        return field_names(part.inner)
    return field_names(part.schema) if isinstance(part, fields.Nested) else set()


def names(document: Any) -> set[str]:
    if isinstance(document, dict):
        return {*document} | names([*document.values()])
    return set().union(*map(names, document)) if isinstance(document, list) else set()


def test_past_the_limit_nobody_is_added(shared_database_url, tmp_path):
    server = Server(shared_database_url, tmp_path / "log", LIMIT_STAFF="2")
    try:
        restaurant = add_restaurant(server.wait_until_ready())
        first = hire(restaurant, "staff", "a")
        hire(restaurant, "staff", "b")
        person = {"username": "c", "display_name": "c", "role": "staff", "password": PASSWORD}
        assert refused(409, "limit_reached", restaurant.admin.post("/admin/staff", person))["limit"] == 2
        expect(200, restaurant.admin.delete(f"/admin/staff/{first}"))
        expect(201, restaurant.admin.post("/admin/staff", person))
        refused(409, "limit_reached", restaurant.admin.patch(f"/admin/staff/{first}", {"is_active": True}))
    finally:
        server.stop()
