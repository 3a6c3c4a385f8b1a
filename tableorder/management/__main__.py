"""`bin/tableorder`: what an operator does to an installation from the command line."""

from __future__ import annotations

import argparse
import getpass
import json
import os
import re
import sys

import psycopg2

from tableorder.backups import BackupError
from tableorder.config import ConfigError
from tableorder.database.connection import Connection
from tableorder.database.migrations import MigrationError, applied_migrations, pending_migrations
from tableorder.database.programs import ProgramNotFound
from tableorder.domain.errors import DomainError, NotFound
from tableorder.domain.passwords import hash_password
from tableorder.environment import SetupError, administer, database, stop_when_told
from tableorder.management import check, demo, migrations, server_config
from tableorder.management.arguments import Options, add_command, add_noun, answer, answer_rows, number, text
from tableorder.repositories.stores import StoreRepository
from tableorder.repositories.tables import TableRepository

EPILOG = """\
a restaurant of your own:
  bin/tableorder migrate
  bin/tableorder store add --name '우리 식당' --username owner
  bin/tableorder table add --username owner --number 1
  bin/tableorder check

Each command explains itself with --help. Exit status: 0 done, 1 failed or refused, 2 wrong usage.
"""


def main() -> int:
    """Run one command. 0 if it did what was asked, 1 if it was refused or failed, 2 for wrong usage."""
    stop_when_told()
    try:
        try:
            _run(_parser().parse_args())
        finally:
            sys.stdout.flush()  # here, where a closed pipe and a full disk are known
        return 0
    except (SetupError, DomainError, MigrationError, BackupError, ConfigError, ProgramNotFound) as error:
        message = str(error)
    except psycopg2.errors.UndefinedTable:
        message = "the database is not migrated; run bin/tableorder migrate"
    except psycopg2.errors.InsufficientPrivilege as error:
        sees_all = "it takes a role that sees every store, such as a member of tableorder_owner"
        message = f"{error.diag.message_primary}; {sees_all}"
    except psycopg2.Error as error:
        message = str(error).strip() or "the connection to the database was lost"
    except (KeyboardInterrupt, EOFError) as error:  # Ctrl-C and Ctrl-D
        message = "interrupted" if isinstance(error, KeyboardInterrupt) else "nothing was entered, and nothing was done"
        if sys.stderr.isatty():
            print(file=sys.stderr)  # below the question
    except BrokenPipeError:  # who read our output has had enough
        _forget_output()
        return 1
    except OSError as error:
        _forget_output()
        message = f"{error.filename}: {error.strerror}" if error.filename else str(error.strerror)
    print(f"tableorder: {' '.join(message.split())}", file=sys.stderr)
    return 1


def _run(options: Options) -> None:
    if options.is_offline:
        options.run(options)
        return
    with database() as url:
        options.run(url, options)


def _forget_output() -> None:
    """Keep Python from trying again, as it exits, to print what could not be printed."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def add_store(url: str, options: Options) -> None:
    password_hash = hash_password(_read_password(options, f"Password of {options.username}"))
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
    titles = {"store_id": "store", "table_count": "tables", "admin_username": "admin", "store_name": "name"}
    answer_rows(options, stores, titles)


def change_password(url: str, options: Options) -> None:
    with administer(url) as connection:
        _require_store(connection, options.username)
    password_hash = hash_password(_read_password(options, f"New password of {options.username}"))
    with administer(url) as connection:
        StoreRepository(connection).set_password(admin_username=options.username, admin_password_hash=password_hash)
    answer(options, {"admin_username": options.username}, f"Changed the password of {options.username}.")


def add_table(url: str, options: Options) -> None:
    with administer(url) as connection:
        store_id = _require_store(connection, options.username)
    password_hash = hash_password(_read_password(options, f"Password of table {options.number}'s tablet"))
    with administer(url) as connection:
        table = TableRepository(connection).add(
            store_id=store_id, table_number=options.number, table_password_hash=password_hash
        )
    answer(options, json.loads(table), f"Added table {options.number} to store {store_id}.")


def load_demo(url: str, options: Options) -> None:
    with administer(url) as connection:
        loaded = demo.load_demo(connection)
    answer(
        options,
        {"loaded": loaded, "admin_username": demo.USERNAME},
        f"Loaded the demo restaurant: admin {demo.USERNAME} / {demo.ADMIN_PASSWORD}, tables 1 to 8 / "
        f"{demo.TABLE_PASSWORD}."
        if loaded
        else "The demo restaurant is there already.",
    )


def show_status(url: str, options: Options) -> None:
    applied = applied_migrations(url)
    with administer(url) as connection:
        server_version = connection.fetch_value("SHOW server_version")
    status = {
        "database_url": masked(url),
        "migration": max(applied, default=None),
        "pending": pending_migrations(url),
        "server_version": server_version,
    }
    told = {name: ", ".join(value) if isinstance(value, list) else value for name, value in status.items()}
    text = "\n".join(f"{name:<15}{value or 'none'}" for name, value in told.items())
    answer(options, status, text)


def print_completion(options: Options) -> None:
    import shtab

    parser = _parser()
    parser.prog = "tableorder"  # a shell looks for the name after the last slash
    print(shtab.complete(parser, options.shell))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="bin/tableorder",
        description="Manage an installation: its restaurants, its tables, its database.\n\n"
        "It works on DATABASE_URL, or else on the embedded server of bin/serve, whether or not that runs.\n"
        "Passwords are asked for, or read from standard input with --password-stdin.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    nouns = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
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
    add_command(
        add_noun(nouns, "demo", "the demo restaurant"),
        "load",
        load_demo,
        "load the demo restaurant",
        about="Its passwords are public, so not where others can reach it.",
        examples=["bin/tableorder demo load"],
    )
    migrations.add_commands(nouns)
    server_config.add_commands(nouns)
    check.add_commands(nouns)
    add_command(
        nouns,
        "status",
        show_status,
        "show the database, its version and its migrations",
        examples=["bin/tableorder status", "bin/tableorder status --json | jq -r .pending[]"],
    )
    command = add_command(
        nouns,
        "completion",
        print_completion,
        "print what lets a shell complete the commands",
        about="The lines below are for ~/.bashrc and ~/.zshrc; for zsh after compinit.",
        examples=['eval "$(bin/tableorder completion bash)"', 'eval "$(bin/tableorder completion zsh)"'],
        json_=False,
        is_offline=True,
    )
    command.add_argument("shell", choices=["bash", "zsh"])
    return parser


def _read_password(options: Options, prompt: str) -> str:
    if options.password_stdin:
        return sys.stdin.readline().rstrip("\n")
    if not sys.stdin.isatty():
        raise SetupError("there is no terminal to ask for the password; use --password-stdin")
    password = getpass.getpass(f"{prompt}: ")
    if getpass.getpass("The same again: ") != password:
        raise SetupError("the passwords differ")
    return password


def _require_store(connection: Connection, username: str) -> int:
    store_id = StoreRepository(connection).find_id(admin_username=username)
    if store_id is None:
        raise NotFound(f"there is no store with the admin {username}")
    return store_id


def masked(url: str) -> str:
    """A libpq URL without its passwords, which are before the first @ and in parameters."""
    url = re.sub(r"^(\w+://[^/@:]*):[^@]*@", r"\1:***@", url)
    return re.sub(r"([?&]\w*password=)[^&]*", r"\1***", url)


if __name__ == "__main__":
    sys.exit(main())
