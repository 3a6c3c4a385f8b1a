"""`bin/tableorder`: what an operator does to an installation from the command line."""

from __future__ import annotations

import argparse
import getpass
import json
import sys
from collections.abc import Callable
from urllib.parse import urlsplit

import psycopg2
from psycopg2 import extensions

from tableorder.database.connection import Connection
from tableorder.database.migrations import applied_migrations, apply_pending, pending_migrations
from tableorder.domain.errors import DomainError, NotFound
from tableorder.domain.limits import MAX_INTEGER
from tableorder.domain.passwords import hash_password
from tableorder.management import demo
from tableorder.management.environment import SetupError, administer, database
from tableorder.repositories.stores import StoreRepository
from tableorder.repositories.tables import TableRepository

Options = argparse.Namespace


def main() -> int:
    """Run one command. 0 if it did what was asked, 1 if it was refused or failed, 2 for wrong usage."""
    options = _parser().parse_args()
    try:
        with database() as url:
            options.run(url, options)
        return 0
    except (SetupError, DomainError) as error:
        message = str(error)
    except psycopg2.errors.UndefinedTable:
        message = "the database is not migrated; run bin/tableorder migrate"
    except psycopg2.Error as error:
        message = str(error).strip()
    except KeyboardInterrupt:
        message = "interrupted"
    print(f"tableorder: {message}", file=sys.stderr)
    return 1


def add_store(url: str, options: Options) -> None:
    password_hash = hash_password(_read_password(options, f"Password of {options.username}"))
    with administer(url) as connection:
        store_id = StoreRepository(connection).add(
            store_name=options.name, admin_username=options.username, admin_password_hash=password_hash
        )
    store = {"store_id": store_id, "store_name": options.name, "admin_username": options.username}
    _answer(options, store, f"Added store {store_id}, {options.name}, with the admin {options.username}.")


def list_stores(url: str, options: Options) -> None:
    with administer(url) as connection:
        stores = StoreRepository(connection).list()
    lines = [f"{s['store_id']:>6}  {s['table_count']:>6}  {s['admin_username']:<20}  {s['store_name']}" for s in stores]
    stores = [store | {"created_at": store["created_at"].isoformat()} for store in stores]
    _answer(options, stores, "\n".join([f"{'store':>6}  {'tables':>6}  {'admin':<20}  name", *lines]))


def change_password(url: str, options: Options) -> None:
    with administer(url) as connection:
        _require_store(connection, options.username)
    password_hash = hash_password(_read_password(options, f"New password of {options.username}"))
    with administer(url) as connection:
        StoreRepository(connection).set_password(admin_username=options.username, admin_password_hash=password_hash)
    print(f"Changed the password of {options.username}.")


def add_table(url: str, options: Options) -> None:
    with administer(url) as connection:
        store_id = _require_store(connection, options.username)
    password_hash = hash_password(_read_password(options, f"Password of table {options.number}'s tablet"))
    with administer(url) as connection:
        table = TableRepository(connection).add(
            store_id=store_id, table_number=options.number, table_password_hash=password_hash
        )
    _answer(options, json.loads(table), f"Added table {options.number} to store {store_id}.")


def load_demo(url: str, options: Options) -> None:
    with administer(url) as connection:
        loaded = demo.load_demo(connection)
    print(
        f"Loaded the demo restaurant: admin {demo.USERNAME} / {demo.ADMIN_PASSWORD}, tables 1 to 8 / "
        f"{demo.TABLE_PASSWORD}."
        if loaded
        else "The demo restaurant is there already."
    )


def migrate(url: str, options: Options) -> None:
    applied = apply_pending(url, lambda name: print(f"Applied {name}", flush=True))
    print(f"{len(applied)} applied." if applied else "Nothing to apply.")


def show_status(url: str, options: Options) -> None:
    applied = applied_migrations(url)
    with administer(url) as connection:
        server_version = connection.fetch_value("SHOW server_version")
    status = {
        "database_url": _masked(url),
        "migration": max(applied, default=None),
        "pending": pending_migrations(url),
        "server_version": server_version,
    }
    text = "\n".join(f"{name:<15}{', '.join(v) if isinstance(v, list) else v}" for name, v in status.items())
    _answer(options, status, text)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="bin/tableorder",
        description="Manage an installation: its restaurants, its tables, its database.",
        epilog="It works on DATABASE_URL, or else on the embedded server of bin/serve, whether or not that runs. "
        "Passwords are asked for, or read from standard input with --password-stdin.",
    )
    nouns = parser.add_subparsers(metavar="COMMAND", required=True)
    stores = _noun(nouns, "store", "restaurants")
    command = _command(stores, "add", add_store, "add a restaurant and its admin", json_=True, password=True)
    command.add_argument("--name", required=True, type=_text(100), help="the restaurant's name")
    command.add_argument("--username", required=True, type=_text(50), help="its admin's username")
    _command(stores, "list", list_stores, "list the restaurants", json_=True)
    command = _command(stores, "passwd", change_password, "change an admin's password", password=True)
    command.add_argument("--username", required=True, type=_text(50), help="the admin's username")
    tables = _noun(nouns, "table", "a restaurant's tables")
    command = _command(tables, "add", add_table, "add a table", json_=True, password=True)
    command.add_argument("--username", required=True, type=_text(50), help="the username of the restaurant's admin")
    command.add_argument("--number", required=True, type=_number, help="the table's number")
    _command(_noun(nouns, "demo", "the demo restaurant"), "load", load_demo, "load the demo restaurant")
    _command(nouns, "migrate", migrate, "apply the migrations that are not applied yet")
    _command(nouns, "status", show_status, "show the database, its version and its migrations", json_=True)
    return parser


def _noun(parsers, name: str, help_: str):  # type: ignore[no-untyped-def] # argparse's own type has no public name
    return parsers.add_parser(name, help=help_, description=f"Manage {help_}.").add_subparsers(
        metavar="COMMAND", required=True
    )


def _command(  # type: ignore[no-untyped-def]
    parsers, name: str, run: Callable[[str, Options], None], help_: str, *, json_: bool = False, password: bool = False
) -> argparse.ArgumentParser:
    parser = parsers.add_parser(name, help=help_, description=help_[0].upper() + help_[1:] + ".")
    parser.set_defaults(run=run)
    if json_:
        parser.add_argument("--json", action="store_true", help="answer in JSON")
    if password:
        parser.add_argument("--password-stdin", action="store_true", help="read the password from standard input")
    return parser


def _text(most: int) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if not text.strip() or len(text) > most or not text.isprintable():
            raise argparse.ArgumentTypeError(f"must be 1 to {most} printable characters")
        return text

    return parse


def _number(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= MAX_INTEGER:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1 to {MAX_INTEGER}")
    return int(text)


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


def _masked(url: str) -> str:
    """The URL without its password, wherever that is."""
    password = extensions.parse_dsn(url).get("password")
    return url.replace(urlsplit(url).password or password, "***") if password else url


def _answer(options: Options, values: object, text: str) -> None:
    print(json.dumps(values, ensure_ascii=False, indent=2) if options.json else text)


if __name__ == "__main__":
    sys.exit(main())
