"""Approvals of an owner or a manager, and PINs."""

import secrets

from tableorder.domain.identities import AdminIdentity
from tableorder.repositories.approvals import ApprovalRepository
from tests.api.client import Client, expect, refused
from tests.noun_entries import Call

PIN = "4711"
BOSS = {"username": "boss", "password": "eight-or-more"}
APPROVAL = {"username": BOSS["username"], "pin": PIN, "action": "read_books"}

ADMIN_ROUTES = {("POST", "/api/v1/admin/approvals"): Call(201, APPROVAL)}
BOUNDS = {
    "approvals": "an entry in the audit log each; they go after a minute: "
    "tests/api/test_audit.py::test_one_person_makes_so_many_entries_in_a_day"
}
PLANS = {
    "approvals.add": lambda c, t: ApprovalRepository(c).add(
        approver=AdminIdentity(t.store_id, "admin"), action="void", subject=1
    )
}


def add_boss(restaurant):
    """A manager with a PIN, logged in."""
    expect(201, restaurant.admin.post("/admin/staff", {**BOSS, "display_name": "매니저", "role": "manager"}))
    login = {**BOSS, "store_id": restaurant.store_id}
    boss = Client(
        restaurant.base, expect(200, Client(restaurant.base).post("/auth/admin/login", login))["access_token"]
    )
    expect(200, boss.put("/auth/pin", {"current_password": BOSS["password"], "pin": PIN}))
    return boss


def add_ids(restaurant, tablet):
    add_boss(restaurant)
    return {}


def add_rows(connection, shop):
    """Imported here: tests/factories.py finds this module."""
    from tests.factories import exists, insert

    if exists(connection, "approvals"):
        approval = {"token_hash": f"{shop.store_id}".encode(), "action": "read_books", "approved_by": "사장"}
        later = {"token_epoch": 1, "expires_at": "2126-05-05"}
        insert(connection, "approvals", "store_id", store_id=shop.store_id, **approval | later)


def send_unknown_approver(scene, text):
    approval = APPROVAL | {"username": f"nobody{text}"[:50]}
    admin = Client(scene.admin.base, scene.admin.token)  # from an address of its own, whose failures count apart
    refused(401, "credentials_invalid", admin.post("/admin/approvals", approval))


def send_action(scene, text):
    refused(400, "validation_failed", scene.admin.post("/admin/approvals", APPROVAL | {"action": text}))


def send_pin_password(scene, text):
    """Each as another person, whose failures count apart."""
    username, password = secrets.token_hex(8), BOSS["password"]
    person = {"username": username, "display_name": "김민지", "role": "staff", "password": password}
    staff_id = expect(201, scene.admin.post("/admin/staff", person))["staff_id"]
    login = {"store_id": scene.restaurant.store_id, "username": username, "password": password}
    token = expect(200, Client(scene.admin.base).post("/auth/admin/login", login))["access_token"]
    pin = {"current_password": text, "pin": PIN}
    refused(401, "credentials_invalid", Client(scene.admin.base, token).put("/auth/pin", pin))
    expect(200, scene.admin.delete(f"/admin/staff/{staff_id}"))


TEXTS = {
    ("ApprovalSchema", "username"): send_unknown_approver,
    ("ApprovalSchema", "action"): send_action,
    ("PinSchema", "current_password"): send_pin_password,
}
NEVER_KEPT = {("ApprovalSchema", "action"): "it is one of a few words"}
