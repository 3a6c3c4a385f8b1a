"""Tablets that log in by a token of their own, and the codes that enrol them."""

from __future__ import annotations

import hashlib
import secrets

from tableorder.domain.logins import LoginLimits
from tableorder.repositories.devices import DeviceRepository
from tests.api.client import Client, expect, refused
from tests.noun_entries import Call

ENROL = "/auth/device/enrol"
TESTS = "tests/api/test_devices.py::"

ADMIN_ROUTES = {
    ("GET", "/api/v1/admin/devices"): Call(200),
    ("POST", "/api/v1/admin/tables/{table}/enrolments"): Call(201),
    ("PATCH", "/api/v1/admin/devices/{device}"): Call(200, {"table_id": "{table}"}),
    ("DELETE", "/api/v1/admin/devices/{device}"): Call(200),
}
BOUNDS = {
    "devices": f"LIMIT_DEVICES: {TESTS}test_a_store_has_so_many_devices",
    "enrolments": f"LIMIT_TABLE_ENROLMENTS that are good, and the others go: {TESTS}test_a_table_has_so_many_codes",
}


def enrolled(restaurant, table_id, device_name="창가 태블릿"):
    """What a tablet gets that is enrolled at the table."""
    code = expect(201, restaurant.admin.post(f"/admin/tables/{table_id}/enrolments"))["code"]
    return expect(201, Client(restaurant.base).post(ENROL, {"code": code, "device_name": device_name}))


def add_ids(restaurant, tablet):
    return {"device": enrolled(restaurant, tablet.claims["table_id"])["device_id"]}


def add_rows(connection, shop):
    """Imported here: tests/factories.py finds this module."""
    from tests.factories import exists, insert

    if exists(connection, "devices"):
        place = {"store_id": shop.store_id, "table_id": shop.table_id}
        hashed = hashlib.sha256(f"{shop.store_id}".encode()).digest()
        insert(connection, "devices", "device_id", **place, device_name="창가 태블릿", token_hash=hashed)
        insert(connection, "enrolments", "store_id", **place, code_hash=hashed, expires_at="2026-05-05")


def _device_id(connection):
    return connection.fetch_value("SELECT max(device_id) FROM devices")


def _enrol(connection, table):
    code = secrets.token_bytes(32)
    DeviceRepository(connection).add_enrolment(table_id=table.table_id, code_hash=code)
    DeviceRepository(connection).enrol(
        code_hash=code, key="-", device_name="창가", address="10.1.0.9", login_limits=LoginLimits()
    )


PLANS = {
    "devices.list": lambda c, t: DeviceRepository(c).list(store_id=t.store_id),
    "devices.add_enrolment": lambda c, t: DeviceRepository(c).add_enrolment(
        table_id=t.table_id, code_hash=secrets.token_bytes(32)
    ),
    "devices.enrol": _enrol,
    "devices.log_in": lambda c, t: DeviceRepository(c).log_in(key=str(t.table_id)),
    "devices.update": lambda c, t: DeviceRepository(c).update(
        device_id=_device_id(c), changes={"table_id": t.table_id}
    ),
    "devices.delete": lambda c, t: DeviceRepository(c).delete(device_id=_device_id(c)),
}


def send_name(scene, text):
    device = enrolled(scene.restaurant, scene.other_table_id, text)
    assert device["device_name"] == text
    expect(200, scene.admin.delete(f"/admin/devices/{device['device_id']}"))


def send_other_name(scene, text):
    path = f"/admin/devices/{enrolled(scene.restaurant, scene.other_table_id)['device_id']}"
    assert expect(200, scene.admin.patch(path, {"device_name": text}))["device_name"] == text
    expect(200, scene.admin.delete(path))


def send_code(scene, text):
    body = {"code": text, "device_name": "창가"}
    refused(401, "enrolment_invalid", Client(scene.admin.base).post(ENROL, body))


def send_token(scene, text):
    stranger = Client(scene.admin.base)
    for token in (text, f"{scene.restaurant.store_id}.{text}"):
        refused(401, "device_unknown", stranger.post("/auth/device/login", {"device_token": token}))


TEXTS = {
    ("EnrolSchema", "device_name"): send_name,
    ("EnrolSchema", "code"): send_code,
    ("DeviceLoginSchema", "device_token"): send_token,
    ("DeviceSchema", "device_name"): send_other_name,
    ("DeviceChangeSchema", "device_name"): send_other_name,
}
