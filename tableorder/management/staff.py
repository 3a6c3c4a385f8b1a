"""`bin/tableorder staff …`: the people of a restaurant besides its owner."""

from __future__ import annotations

import json
import os
from typing import Any

from tableorder.commands import SetupError
from tableorder.config import limits
from tableorder.database.administration import administer
from tableorder.database.connection import Connection
from tableorder.domain.passwords import LEAST_OF_PERSON
from tableorder.domain.roles import KEEPS
from tableorder.management.arguments import (
    Options,
    add_command,
    add_noun,
    answer,
    answer_rows,
    ask_hash,
    text,
)
from tableorder.management.stores import require_store
from tableorder.repositories.staff import StaffRepository

ROLES = KEEPS["owner"]


def add_commands(nouns: Any) -> None:
    """Declare the commands."""
    staff = add_noun(nouns, "staff", "a restaurant's staff")
    addition = add_command(
        staff,
        "add",
        add_person,
        "add a person",
        about="Asks for the person's password. They log in with the restaurant's number, which `store list` shows.",
        examples=["bin/tableorder staff add --username owner --person minji --name 김민지 --role staff"],
        password=True,
    )
    listing = add_command(
        staff,
        "list",
        list_staff,
        "list the staff",
        examples=[
            "bin/tableorder staff list --username owner",
            "bin/tableorder staff list --username owner --json | jq -r .[].username",
        ],
    )
    change = add_command(
        staff,
        "passwd",
        change_password,
        "change a person's password",
        about="The person has to log in again.",
        examples=["bin/tableorder staff passwd --username owner --person minji"],
        password=True,
    )
    revocation = add_command(
        staff,
        "revoke",
        revoke_person,
        "revoke a person's tokens",
        about="The person has to log in again. The password and the account stay.",
        examples=["bin/tableorder staff revoke --username owner --person minji"],
    )
    for command in (addition, listing, change, revocation):
        command.add_argument("--username", required=True, type=text(50), help="the username of the restaurant's admin")
    for command in (addition, change, revocation):
        command.add_argument("--person", required=True, type=text(50), help="the person's username")
    addition.add_argument("--name", required=True, type=text(50), help="the person's name, as it is shown")
    addition.add_argument("--role", required=True, choices=ROLES, help="what the person may do")


def add_person(url: str, options: Options) -> None:
    with administer(url) as connection:
        store_id = require_store(connection, options.username)
    values = {"username": options.person, "display_name": options.name, "role": options.role}
    values["password_hash"] = ask_hash(options, f"Password of {options.person}", least=LEAST_OF_PERSON)
    with administer(url) as connection:
        person = _staff(connection).add(store_id=store_id, values=values, limits=limits(os.environ))
    answer(options, json.loads(person), f"Added {options.person} to the staff of store {store_id}.")


def list_staff(url: str, options: Options) -> None:
    with administer(url) as connection:
        people = _list(connection, require_store(connection, options.username))
    titles = {
        "staff_id": "person",
        "role": "role",
        "is_active": "active",
        "last_login_at": "last login",
        "username": "username",
        "display_name": "name",
    }
    answer_rows(options, people, titles)


def change_password(url: str, options: Options) -> None:
    with administer(url) as connection:
        store_id, staff_id = _find(connection, options)
    changes = {"password_hash": ask_hash(options, f"New password of {options.person}", least=LEAST_OF_PERSON)}
    with administer(url) as connection:
        person = _staff(connection).update(store_id=store_id, staff_id=staff_id, changes=changes)
    answer(options, json.loads(person), f"Changed the password of {options.person}.")


def revoke_person(url: str, options: Options) -> None:
    with administer(url) as connection:
        store_id, staff_id = _find(connection, options)
        person = _staff(connection).revoke(store_id=store_id, staff_id=staff_id)
    answer(options, json.loads(person), f"Revoked the tokens of {options.person}.")


def _find(connection: Connection, options: Options) -> tuple[int, int]:
    """The ids of the store and of the person. Raises StoreNotFound, SetupError."""
    store_id = require_store(connection, options.username)
    for person in _list(connection, store_id):
        if person["username"] == options.person:
            return store_id, person["staff_id"]
    raise SetupError(f"there is no person {options.person} on the staff")


def _list(connection: Connection, store_id: int) -> list[dict[str, Any]]:
    people: list[dict[str, Any]] = json.loads(_staff(connection).list(store_id=store_id))["staff"]
    return people


def _staff(connection: Connection) -> StaffRepository:
    return StaffRepository(connection, roles=ROLES)
