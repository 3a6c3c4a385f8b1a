"""A store's tablets: an admin makes a code for a table, a tablet exchanges it for a token of its own."""

import hmac
from typing import Any

from tableorder.domain.devices import CODE_LIFETIME, DeviceToken, new_code, new_key, typed_code
from tableorder.domain.errors import DeviceNotFound, EnrolmentInvalid, LimitReached, TableNotFound, TooManyFailures
from tableorder.domain.identities import AdminIdentity
from tableorder.repositories.devices import DeviceRepository
from tableorder.schemas.devices import (
    Device,
    DeviceChangeSchema,
    DeviceDeleted,
    Devices,
    EnrolledDevice,
    Enrolment,
    EnrolSchema,
)
from tableorder.web.authentication import requires_admin
from tableorder.web.client_address import client_address
from tableorder.web.context import config, connect, writing
from tableorder.web.middleware import note
from tableorder.web.nouns import Noun
from tableorder.web.operations import may_refuse
from tableorder.web.requests import takes_body
from tableorder.web.responses import answers

blueprint = Noun("devices", __name__, heading="Devices")


@blueprint.get("/admin/devices")
@requires_admin
@answers(Devices, "The devices")
def list_devices(admin: AdminIdentity) -> str:
    """List the devices."""
    with connect(admin.store_id) as connection:
        return DeviceRepository(connection).list(store_id=admin.store_id)


@blueprint.post("/admin/tables/<id:table_id>/enrolments")
@requires_admin
@answers(Enrolment, "The code", 201)
@may_refuse(TableNotFound, LimitReached)
def add_enrolment(admin: AdminIdentity, table_id: int) -> dict[str, Any]:
    """Make a code that enrols a tablet at the table.

    It is good once, for ten minutes.
    """
    code = new_code()
    with connect(admin.store_id) as connection:
        expires_at = DeviceRepository(connection).add_enrolment(
            table_id=table_id, code_hash=_code_hash(code), limits=config().limits
        )
    return {
        "code": code,
        "url": f"/tablet#code={code}",  # behind the #, so that no server and no log sees it
        "table_id": table_id,
        "expires_in": CODE_LIFETIME,
        "expires_at": expires_at.isoformat(),
    }


@blueprint.post("/auth/device/enrol")
@takes_body(EnrolSchema)
@answers(EnrolledDevice, "The device and its token", 201)
@may_refuse(EnrolmentInvalid, TooManyFailures, LimitReached)
def enrol_device(body: dict[str, Any]) -> dict[str, Any]:
    """Enrol a tablet.

    The tablet gets a permanent token and logs in to its table with that. An unknown, a used and an expired code get the
    same refusal. By default, an address may have 100 such refusals in 5 minutes.
    """
    note(address=client_address())
    key = new_key()
    with connect(None) as connection:
        device = DeviceRepository(connection).enrol(
            code_hash=_code_hash(typed_code(body["code"])),
            key=key,
            device_name=body["device_name"],
            address=client_address(),
            login_limits=config().login_limits,
            limits=config().limits,
        )
    note(account={"store_id": device["store_id"], "device_id": device["device_id"]})
    return device | {"device_token": str(DeviceToken(device["store_id"], key))}


@blueprint.patch("/admin/devices/<id:device_id>")
@requires_admin
@takes_body(DeviceChangeSchema)
@answers(Device, "The device")
@may_refuse(DeviceNotFound, TableNotFound)
def update_device(admin: AdminIdentity, device_id: int, body: dict[str, Any]) -> str:
    """Give a device another table, or another name.

    At another table it has to log in again, which it does by itself: its own token stays.
    """
    with writing(admin.store_id) as connection:
        return DeviceRepository(connection).update(device_id=device_id, changes=body)


@blueprint.delete("/admin/devices/<id:device_id>")
@requires_admin
@answers(DeviceDeleted, "The device is revoked")
@may_refuse(DeviceNotFound)
def delete_device(admin: AdminIdentity, device_id: int) -> dict[str, Any]:
    """Revoke a device.

    Its token and those of its logins are revoked, and its feeds end.
    """
    with writing(admin.store_id) as connection:
        DeviceRepository(connection).delete(device_id=device_id)
    return {"message": "the device is revoked", "device_id": device_id}


def _code_hash(code: str) -> bytes:
    """Keyed: a code is too short for a hash that anybody could make of all of them."""
    return hmac.digest(config().jwt_secret_key.encode(), f"enrolment {code}".encode(), "sha256")
