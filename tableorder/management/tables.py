"""`bin/tableorder table …`: a restaurant's tables."""

from __future__ import annotations

import json
import os
from typing import Any

from tableorder.config import limits
from tableorder.database.administration import administer
from tableorder.domain.passwords import LEAST_OF_TABLE
from tableorder.management.arguments import (
    Options,
    add_command,
    add_noun,
    answer,
    ask_hash,
    number,
    text,
)
from tableorder.management.stores import require_store
from tableorder.repositories.tables import TableRepository


def add_commands(nouns: Any) -> None:
    """Declare the command."""
    tables = add_noun(nouns, "table", "a restaurant's tables")
    command = add_command(
        tables,
        "add",
        add_table,
        "add a table",
        about="Asks for the password that the table's tablet logs in with.",
        examples=["bin/tableorder table add --username owner --number 3"],
        password=True,
    )
    command.add_argument("--username", required=True, type=text(50), help="the username of the restaurant's admin")
    command.add_argument("--number", required=True, type=number, help="the table's number")


def add_table(url: str, options: Options) -> None:
    with administer(url) as connection:
        store_id = require_store(connection, options.username)
    password_hash = ask_hash(options, f"Password of table {options.number}'s tablet", least=LEAST_OF_TABLE)
    with administer(url) as connection:
        table = TableRepository(connection).add(
            store_id=store_id,
            table_number=options.number,
            table_password_hash=password_hash,
            limits=limits(os.environ),
        )
    answer(options, json.loads(table), f"Added table {options.number} to store {store_id}.")
