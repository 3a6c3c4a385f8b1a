"""`bin/tableorder demo …`: the demo restaurant."""

from __future__ import annotations

from typing import Any

from tableorder.commands import CHECKOUT
from tableorder.database.administration import administer
from tableorder.database.connection import Connection
from tableorder.management.arguments import Options, add_command, add_noun, answer

USERNAME = "demo"
ADMIN_PASSWORD = "demo-admin"  # noqa: S105 - public, it is printed and in the README
TABLE_PASSWORD = "demo-table"  # noqa: S105
TABLE_NUMBER = 3


def add_commands(nouns: Any) -> None:
    """Declare the command."""
    add_command(
        add_noun(nouns, "demo", "the demo restaurant"),
        "load",
        load_demo,
        "load the demo restaurant",
        about="Its passwords are public, so not where others can reach it.",
        examples=["bin/tableorder demo load"],
    )


def load_demo(url: str, options: Options) -> None:
    with administer(url) as connection:
        loaded = load(connection)
    answer(
        options,
        {"loaded": loaded, "admin_username": USERNAME},
        f"Loaded the demo restaurant: admin {USERNAME} / {ADMIN_PASSWORD}, tables 1 to 8 / {TABLE_PASSWORD}."
        if loaded
        else "The demo restaurant is there already.",
    )


def load(connection: Connection) -> bool:
    """Load the demo restaurant; False if it is there already."""
    before = _count(connection)
    connection.fetch_all((CHECKOUT / "sql" / "demo.sql").read_text(encoding="utf-8"))
    return _count(connection) > before


def _count(connection: Connection) -> int:
    return connection.fetch_value("SELECT count(*) FROM stores")
