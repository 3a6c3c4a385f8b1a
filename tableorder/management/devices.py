"""`bin/tableorder device …`: the tablets of a restaurant that were enrolled."""

from __future__ import annotations

import json
from typing import Any

from tableorder.database.administration import administer
from tableorder.database.connection import Connection
from tableorder.domain.errors import DeviceNotFound
from tableorder.management.arguments import Options, add_command, add_noun, answer, answer_rows, number, text
from tableorder.management.stores import require_store
from tableorder.repositories.devices import DeviceRepository


def add_commands(nouns: Any) -> None:
    """Declare the commands."""
    devices = add_noun(nouns, "device", "a restaurant's enrolled tablets")
    listing = add_command(
        devices,
        "list",
        list_devices,
        "list the devices",
        examples=["bin/tableorder device list --username owner"],
    )
    revocation = add_command(
        devices,
        "revoke",
        revoke_device,
        "revoke a device",
        about="It is served no longer, and needs a new code. `device list` shows its number.",
        examples=["bin/tableorder device revoke --username owner --device 5"],
    )
    for command in (listing, revocation):
        command.add_argument("--username", required=True, type=text(50), help="the username of the restaurant's admin")
    revocation.add_argument("--device", required=True, type=number, help="the device's number")


def list_devices(url: str, options: Options) -> None:
    with administer(url) as connection:
        devices = _list(connection, options)
    titles = {
        "device_id": "device",
        "table_number": "table",
        "created_at": "enrolled",
        "last_seen_at": "last seen",
        "device_name": "name",
    }
    answer_rows(options, devices, titles)


def revoke_device(url: str, options: Options) -> None:
    with administer(url) as connection:
        found = [device for device in _list(connection, options) if device["device_id"] == options.device]
        if not found:
            raise DeviceNotFound(device_id=options.device)
        DeviceRepository(connection).delete(device_id=options.device)
    [device] = found
    answer(options, device, f"Revoked device {options.device}, {device['device_name']}.")


def _list(connection: Connection, options: Options) -> list[dict[str, Any]]:
    """The devices of the admin's store. Raises StoreNotFound."""
    store_id = require_store(connection, options.username)
    devices: list[dict[str, Any]] = json.loads(DeviceRepository(connection).list(store_id=store_id))["devices"]
    return devices
