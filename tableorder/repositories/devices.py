"""Tablets that were enrolled, and the codes by which others may be."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from tableorder.database.connection import Connection
from tableorder.database.statements import load_statements
from tableorder.domain.devices import CODE_LIFETIME
from tableorder.domain.errors import (
    DatabaseBusy,
    DeviceNotFound,
    DeviceUnknown,
    EnrolmentInvalid,
    LimitReached,
    TableNotFound,
    TooManyFailures,
)
from tableorder.domain.identities import TableIdentity
from tableorder.domain.limits import DEFAULT_LIMITS, Limits
from tableorder.domain.logins import LoginLimits
from tableorder.repositories.sessions import JOIN_ATTEMPTS

_SQL = load_statements(__file__)


class DeviceRepository:
    """The devices of a store; documents come as JSON text. Of codes and tokens only the hashes are kept."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def list(self, *, store_id: int) -> str:
        """All devices by their ids."""
        return self._connection.fetch_value(_SQL["list_devices"], {"store_id": store_id})

    def add_enrolment(self, *, table_id: int, code_hash: bytes, limits: Limits = DEFAULT_LIMITS) -> datetime:
        """Let a code enrol one device at the table; when it expires. Raises TableNotFound, LimitReached."""
        parameters = {
            "table_id": table_id,
            "code_hash": code_hash,
            "lifetime": CODE_LIFETIME,
            "limit": limits.table_enrolments,
        }
        found, expires_at = self._connection.find_one(_SQL["add_enrolment"], parameters) or (None, None)
        if found is None:
            raise TableNotFound(table_id=table_id)
        if expires_at is None:
            raise LimitReached(limit=limits.table_enrolments, noun="codes of a table that are not used yet")
        return expires_at

    def enrol(
        self,
        *,
        code_hash: bytes,
        key: str,
        device_name: str,
        address: str,
        login_limits: LoginLimits,
        limits: Limits = DEFAULT_LIMITS,
    ) -> dict[str, Any]:
        """Exchange a code for a device whose token has this key, on a connection that is bound to no store.

        The device: device_id, device_name, store_id, store_name, table_id, table_number. Raises EnrolmentInvalid for a
        code that is unknown, used or expired, TooManyFailures for too many of them from one address, LimitReached.
        """
        parameters = {
            "code_hash": code_hash,
            "token_hash": _hash(key),
            "device_name": device_name,
            "limit": limits.devices,
            "address": address,
            "guesses": login_limits.address_failures,
            "window": login_limits.window,
        }
        barred, device = self._connection.fetch_one(_SQL["enrol"], parameters)
        if barred is not None:
            raise TooManyFailures(retry_after=max(1, barred))
        if device is None:
            raise EnrolmentInvalid
        if device.pop("is_full"):
            raise LimitReached(limit=limits.devices, noun="devices")
        return device

    def log_in(self, *, key: str) -> tuple[TableIdentity, str]:
        """Whom the token with this key is of, in its table's session, and the store's name.

        The session is started now if none is active. Raises DeviceUnknown.
        """
        for _ in range(JOIN_ATTEMPTS):
            row = self._connection.find_one(_SQL["log_in"], {"token_hash": _hash(key)})
            if row is None:
                raise DeviceUnknown
            store_id, table_id, table_number, session_id, device_id, epoch, store_name = row
            if session_id is not None:
                return TableIdentity(store_id, table_id, table_number, session_id, epoch, device_id), store_name
        raise DatabaseBusy("this table's session keeps ending")

    def update(self, *, device_id: int, changes: Mapping[str, object]) -> str:
        """Change what is given (device_name, table_id) and return the device. Raises DeviceNotFound, TableNotFound.

        Another table revokes the tokens that name the old one. The device's own token stays.
        """
        parameters = {"device_id": device_id, "device_name": None, "table_id": None, **changes}
        document = self._connection.fetch_value(_SQL["change_device"], parameters)
        if document is None:
            raise DeviceNotFound(device_id=device_id)
        return document

    def delete(self, *, device_id: int) -> None:
        """Revoke a device: its own token and those of its logins are good no longer. Raises DeviceNotFound."""
        deleted = self._connection.fetch_value(
            "DELETE FROM devices WHERE device_id = %(device_id)s RETURNING true", {"device_id": device_id}
        )
        if not deleted:
            raise DeviceNotFound(device_id=device_id)


def _hash(key: str) -> bytes:
    return hashlib.sha256(key.encode()).digest()
