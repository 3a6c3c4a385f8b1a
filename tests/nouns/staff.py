"""The people of a store besides its owner."""

import secrets
from functools import partial

from tableorder.repositories.staff import StaffRepository
from tableorder.schemas.staff import ROLES
from tests.api.client import Client, expect, refused
from tests.noun_entries import Call

STAFF = "/admin/staff"
PASSWORD = "eight-or-more"
NEW = {"username": "새 직원", "display_name": "새 직원", "role": "staff", "password_hash": "x"}

ADMIN_ROUTES = {
    ("GET", "/api/v1/admin/staff"): Call(200),
    ("POST", "/api/v1/admin/staff"): Call(
        201, {"username": "x", "display_name": "x", "role": "staff", "password": "12345678"}
    ),
    ("PATCH", "/api/v1/admin/staff/{staff}"): Call(200, {"role": "kitchen"}),
    ("POST", "/api/v1/admin/staff/{staff}/revoke"): Call(200),
    ("DELETE", "/api/v1/admin/staff/{staff}"): Call(200),
}
BOUNDS = {"staff": "LIMIT_STAFF: tests/api/test_staff.py::test_past_the_limit_nobody_is_added"}


def add_ids(restaurant, tablet):
    person = {"username": "minji", "display_name": "김민지", "role": "staff", "password": PASSWORD}
    return {"staff": expect(201, restaurant.admin.post(STAFF, person))["staff_id"]}


def add_rows(connection, shop):
    """Imported here: tests/factories.py finds this module."""
    from tests.factories import exists, insert

    if exists(connection, "staff"):
        person = {"username": "minji", "display_name": "김민지", "role": "staff", "password_hash": "-"}
        insert(connection, "staff", "staff_id", store_id=shop.store_id, **person)


def _repository(connection):
    return StaffRepository(connection, roles=ROLES)


def _staff_id(connection):
    return connection.fetch_value("SELECT max(staff_id) FROM staff")


PLANS = {
    "staff.list": lambda c, t: _repository(c).list(store_id=t.store_id),
    "staff.add": lambda c, t: _repository(c).add(store_id=t.store_id, values=NEW),
    "staff.update": lambda c, t: _repository(c).update(
        store_id=t.store_id, staff_id=_staff_id(c), changes={"role": "kitchen"}
    ),
    "staff.revoke": lambda c, t: _repository(c).revoke(store_id=t.store_id, staff_id=_staff_id(c)),
}


def _add(scene, **values):
    new = {"username": secrets.token_hex(8), "display_name": "김민지", "role": "staff", "password": PASSWORD}
    return expect(201, scene.admin.post(STAFF, new | values))


def _log_in(scene, person, password):
    login = {"store_id": scene.restaurant.store_id, "username": person["username"], "password": password}
    return Client(
        scene.admin.base, expect(200, Client(scene.admin.base).post("/auth/admin/login", login))["access_token"]
    )


def _long_enough(text):
    return text if len(text) >= 8 else (text * 8)[:8]


def send_text(scene, text, *, field, change=False):
    """A person who is added, or changed, with this text has it."""
    person = _add(scene, **({} if change else {field: text}))
    path = f"{STAFF}/{person['staff_id']}"
    if change:
        person = expect(200, scene.admin.patch(path, {field: text}))
    expect(200, scene.admin.delete(path))
    assert person[field] == text


def send_password(scene, text, *, change=False):
    password = _long_enough(text)
    person = _add(scene, **({} if change else {"password": password}))
    path = f"{STAFF}/{person['staff_id']}"
    if change:
        expect(200, scene.admin.patch(path, {"password": password}))
    _log_in(scene, person, password)
    expect(200, scene.admin.delete(path))


def send_role(scene, text, *, change):
    values = {"username": secrets.token_hex(8), "display_name": "김민지", "role": text, "password": PASSWORD}
    answer = scene.admin.patch(f"{STAFF}/1", {"role": text}) if change else scene.admin.post(STAFF, values)
    refused(400, "validation_failed", answer)


def send_own_password(scene, text):
    person, password = _add(scene), _long_enough(text)
    change = {"current_password": PASSWORD, "new_password": password}
    expect(200, _log_in(scene, person, PASSWORD).put("/auth/password", change))
    _log_in(scene, person, password)
    expect(200, scene.admin.delete(f"{STAFF}/{person['staff_id']}"))


def send_wrong_password(scene, text):
    person = _add(scene)
    change = {"current_password": text, "new_password": PASSWORD}
    refused(401, "credentials_invalid", _log_in(scene, person, PASSWORD).put("/auth/password", change))
    expect(200, scene.admin.delete(f"{STAFF}/{person['staff_id']}"))


CHANGES = ("_ChangeableSchema", "_ChangeableChangeSchema")  # the first is what the second is derived from
TEXTS = {
    **{("PersonSchema", field): partial(send_text, field=field) for field in ("username", "display_name")},
    ("PersonSchema", "password"): send_password,
    ("PersonSchema", "role"): partial(send_role, change=False),
    **{(schema, "display_name"): partial(send_text, field="display_name", change=True) for schema in CHANGES},
    **{(schema, "password"): partial(send_password, change=True) for schema in CHANGES},
    **{(schema, "role"): partial(send_role, change=True) for schema in CHANGES},
    ("PasswordSchema", "new_password"): send_own_password,
    ("PasswordSchema", "current_password"): send_wrong_password,
}
NEVER_KEPT = {(schema, "role"): "it is one of a few words" for schema in ("PersonSchema", *CHANGES)}
