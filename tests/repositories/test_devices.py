"""Devices, and what happens to them at the same moment, held there step by step."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from psycopg2.extensions import connection as Psycopg2Connection

from tableorder.database.connection import Connection
from tableorder.domain.errors import DeviceUnknown, EnrolmentInvalid, TableInUse
from tableorder.domain.identities import TableIdentity
from tableorder.domain.logins import LoginLimits
from tableorder.repositories.devices import DeviceRepository
from tableorder.repositories.stores import StoreRepository
from tableorder.repositories.tables import TableRepository
from tests.interleaving import Stage, opened_stage

# Where a hold stops an operation.
AT_THE_SESSION = "LOCK TABLE table_sessions IN SHARE MODE"  # a login, which has locked its device
AT_THE_COUNT = "SELECT pg_advisory_xact_lock(7283468, %(store_id)s)"  # an enrolment, which has locked its code
AT_THE_COMMIT = "SELECT pg_advisory_xact_lock(7283461, %(store_id)s)"  # whoever revokes


@pytest.fixture(scope="module")
def stage(make_database: Callable[[], str]) -> Iterator[Stage]:
    with opened_stage(make_database()) as opened:
        yield opened


@dataclass
class Scene:
    """A new restaurant with two tables, a device of the first one, and a code for another one."""

    stage: Stage
    store_id: int
    owner: str
    table_id: int
    other_table_id: int
    device_id: int
    key: str
    code: bytes

    def hold(self, statement: str) -> Any:
        return self.stage.hold(statement, {"store_id": self.store_id})

    def start(self, work: Callable[[Connection], Any]) -> Any:
        return self.stage.start(self.store_id, work)

    def log_in(self, connection: Connection) -> TableIdentity:
        return DeviceRepository(connection).log_in(key=self.key)[0]

    def revoke(self, connection: Connection) -> None:
        DeviceRepository(connection).delete(device_id=self.device_id)

    def move(self, connection: Connection) -> None:
        DeviceRepository(connection).update(device_id=self.device_id, changes={"table_id": self.other_table_id})

    def delete_table(self, connection: Connection) -> None:
        TableRepository(connection).delete(table_id=self.table_id)

    def enrol(self, connection: Connection) -> dict[str, Any]:
        return enrol(connection, self.code, secrets.token_urlsafe(32))

    def sessions(self) -> list[int]:
        """The tables that have guests."""
        rows = self.stage.query("SELECT table_id FROM table_sessions WHERE store_id = %s", (self.store_id,))
        return [table_id for (table_id,) in rows]

    def devices(self) -> list[tuple[int, int]]:
        """The device's table and epoch, and those of others."""
        return self.stage.query(
            "SELECT table_id, token_epoch FROM devices WHERE store_id = %s ORDER BY device_id", (self.store_id,)
        )


def enrol(connection: Connection, code: bytes, key: str) -> dict[str, Any]:
    return DeviceRepository(connection).enrol(
        code_hash=code, key=key, device_name="창가", address=secrets.token_hex(8), login_limits=LoginLimits()
    )


def as_operator(raw: Psycopg2Connection) -> Connection:
    """Who sees all stores."""
    return Connection(raw, prefix="", seconds=60)


@pytest.fixture
def scene(stage: Stage) -> Scene:
    owner, key = secrets.token_hex(8), secrets.token_urlsafe(32)
    codes = [secrets.token_bytes(32) for _ in range(2)]

    def set_up(connection: Connection) -> tuple[int, int, int, int]:
        store_id = StoreRepository(connection).add(store_name="온달", admin_username=owner, admin_password_hash="-")
        first, second = (
            json.loads(TableRepository(connection).add(store_id=store_id, table_number=n, table_password_hash="-"))
            for n in (1, 2)
        )
        for code in codes:
            DeviceRepository(connection).add_enrolment(table_id=first["table_id"], code_hash=code)
        device = enrol(connection, codes[0], key)
        return store_id, first["table_id"], second["table_id"], device["device_id"]

    store_id, table_id, other_table_id, device_id = set_up(as_operator(stage.superuser))
    return Scene(stage, store_id, owner, table_id, other_table_id, device_id, key, codes[1])


def test_of_two_with_one_code_the_second_waits_and_finds_it_used(scene):
    with scene.hold(AT_THE_COUNT) as hold:
        first = scene.start(scene.enrol)
        assert first.is_held_up()
        second = scene.start(scene.enrol)
        assert second.is_held_up()
        hold.release()
        assert first.outcome()["table_id"] == scene.table_id
        assert isinstance(second.outcome(), EnrolmentInvalid)
    assert len(scene.devices()) == 2


@pytest.mark.parametrize("how", ["revoke", "move"])
def test_who_revokes_waits_for_a_login_that_was_first(scene, how):
    """So its token is of the epoch before."""
    with scene.hold(AT_THE_SESSION) as hold:
        login = scene.start(scene.log_in)
        assert login.is_held_up()
        revocation = scene.start(getattr(scene, how))
        assert revocation.is_held_up()
        hold.release()
        table = login.outcome()
        assert revocation.outcome() is None
    assert (table.table_id, table.epoch, table.device_id) == (scene.table_id, 1, scene.device_id)
    assert all(epoch == 2 for _, epoch in scene.devices()) and scene.sessions() == [scene.table_id]


@pytest.mark.parametrize("how", ["revoke", "move"])
def test_a_login_waits_for_who_revokes_first_and_starts_no_session_of_before(scene, how):
    with scene.hold(AT_THE_COMMIT) as hold:
        revocation = scene.start(getattr(scene, how))
        assert revocation.is_held_up()
        login = scene.start(scene.log_in)
        assert login.is_held_up()
        hold.release()
        assert revocation.outcome() is None
        outcome = login.outcome()
    if how == "move":
        assert (outcome.table_id, outcome.epoch) == (scene.other_table_id, 2)
        assert scene.sessions() == [scene.other_table_id]
    else:
        assert isinstance(outcome, DeviceUnknown) and scene.sessions() == []


def test_a_login_waits_for_who_disables_the_store(scene):
    with scene.hold("SELECT") as hold:
        StoreRepository(as_operator(hold.connection)).set_active(admin_username=scene.owner, is_active=False)
        login = scene.start(scene.log_in)
        assert login.is_held_up()
        hold.connection.commit()
        assert isinstance(login.outcome(), DeviceUnknown)
    assert scene.devices() == [(scene.table_id, 2)] and scene.sessions() == []


def test_a_table_is_not_deleted_under_a_device_that_logs_in(scene):
    with scene.hold(AT_THE_SESSION) as hold:
        login = scene.start(scene.log_in)
        assert login.is_held_up()
        deletion = scene.start(scene.delete_table)
        assert deletion.is_held_up()
        hold.release()
        assert login.outcome().table_id == scene.table_id
        assert isinstance(deletion.outcome(), TableInUse)


def test_a_device_does_not_log_in_to_a_table_that_is_being_deleted(scene):
    with scene.hold(AT_THE_COMMIT) as hold:
        deletion = scene.start(scene.delete_table)
        assert deletion.is_held_up()
        login = scene.start(scene.log_in)
        enrolment = scene.start(scene.enrol)
        assert login.is_held_up() and enrolment.is_held_up()
        hold.release()
        assert deletion.outcome() is None
        assert isinstance(login.outcome(), DeviceUnknown) and isinstance(enrolment.outcome(), EnrolmentInvalid)
    assert scene.devices() == [] and scene.sessions() == []


def test_a_table_that_is_deleted_takes_a_device_along_that_was_enrolled_meanwhile(scene):
    with scene.hold(AT_THE_COUNT) as hold:
        enrolment = scene.start(scene.enrol)
        assert enrolment.is_held_up()
        deletion = scene.start(scene.delete_table)
        assert deletion.is_held_up()
        hold.release()
        assert enrolment.outcome()["table_id"] == scene.table_id and deletion.outcome() is None
    assert scene.devices() == []
