"""`bin/tableorder store …`: the restaurants of an installation."""

from __future__ import annotations

from typing import Any

from tableorder.database.administration import administer
from tableorder.database.connection import Connection
from tableorder.domain.errors import StoreNotFound
from tableorder.domain.passwords import LEAST_OF_PERSON
from tableorder.management.arguments import (
    Options,
    add_command,
    add_noun,
    answer,
    answer_rows,
    ask_hash,
    text,
)
from tableorder.repositories.stores import StoreRepository


def add_commands(nouns: Any) -> None:
    """Declare the commands."""
    stores = add_noun(nouns, "store", "restaurants")
    command = add_command(
        stores,
        "add",
        add_store,
        "add a restaurant and its admin",
        about="Asks for the admin's password. Categories, menus and further tables are the admin API's.",
        examples=[
            "bin/tableorder store add --name '우리 식당' --username owner",
            "bin/tableorder store add --name '우리 식당' --username owner --json --password-stdin < password",
        ],
        password=True,
    )
    command.add_argument("--name", required=True, type=text(100), help="the restaurant's name")
    command.add_argument("--username", required=True, type=text(50), help="its admin's username")
    add_command(
        stores,
        "list",
        list_stores,
        "list the restaurants",
        examples=["bin/tableorder store list", "bin/tableorder store list --json | jq -r .[].admin_username"],
    )
    command = add_command(
        stores,
        "passwd",
        change_password,
        "change an admin's password",
        examples=[
            "bin/tableorder store passwd --username owner",
            "bin/tableorder store passwd --username owner --password-stdin < password",
        ],
        password=True,
    )
    command.add_argument("--username", required=True, type=text(50), help="the admin's username")
    for name, run, help_, about in (
        ("disable", disable_store, "close a restaurant", "Nobody logs in, and who is logged in is served no longer."),
        ("enable", enable_store, "open a restaurant again", "Everybody logs in anew."),
    ):
        examples = [f"bin/tableorder store {name} --username owner"]
        command = add_command(stores, name, run, help_, about=about, examples=examples)
        command.add_argument("--username", required=True, type=text(50), help="the admin's username")


def add_store(url: str, options: Options) -> None:
    password_hash = ask_hash(options, f"Password of {options.username}", least=LEAST_OF_PERSON)
    with administer(url) as connection:
        store_id = StoreRepository(connection).add(
            store_name=options.name, admin_username=options.username, admin_password_hash=password_hash
        )
    store = {"store_id": store_id, "store_name": options.name, "admin_username": options.username}
    answer(options, store, f"Added store {store_id}, {options.name}, with the admin {options.username}.")


def list_stores(url: str, options: Options) -> None:
    with administer(url) as connection:
        stores = StoreRepository(connection).list()
    stores = [store | {"created_at": store["created_at"].isoformat()} for store in stores]
    titles = {
        "store_id": "store",
        "table_count": "tables",
        "is_active": "active",
        "admin_username": "admin",
        "store_name": "name",
    }
    answer_rows(options, stores, titles)


def change_password(url: str, options: Options) -> None:
    with administer(url) as connection:
        require_store(connection, options.username)
    password_hash = ask_hash(options, f"New password of {options.username}", least=LEAST_OF_PERSON)
    with administer(url) as connection:
        StoreRepository(connection).set_password(admin_username=options.username, admin_password_hash=password_hash)
    answer(options, {"admin_username": options.username}, f"Changed the password of {options.username}.")


def disable_store(url: str, options: Options) -> None:
    _set_active(url, options, is_active=False)
    answer(options, {"admin_username": options.username, "is_active": False}, f"Disabled {options.username}'s store.")


def enable_store(url: str, options: Options) -> None:
    _set_active(url, options, is_active=True)
    answer(options, {"admin_username": options.username, "is_active": True}, f"Enabled {options.username}'s store.")


def _set_active(url: str, options: Options, *, is_active: bool) -> None:
    with administer(url) as connection:
        StoreRepository(connection).set_active(admin_username=options.username, is_active=is_active)


def require_store(connection: Connection, username: str) -> int:
    """The id of the store with this admin. Raises StoreNotFound."""
    store_id = StoreRepository(connection).find_id(admin_username=username)
    if store_id is None:
        raise StoreNotFound(username=username)
    return store_id
