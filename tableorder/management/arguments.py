"""What the commands of `bin/tableorder` share: how they are declared, ask for a password, and answer."""

from __future__ import annotations

import argparse
import getpass
import json
import os
import sys
import textwrap
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tableorder.commands import SetupError
from tableorder.config import bcrypt_cost
from tableorder.domain.errors import ValidationFailed
from tableorder.domain.limits import MAX_INTEGER
from tableorder.domain.passwords import hash_password
from tableorder.domain.text import clean

Options = argparse.Namespace

WIDTH = 100  # characters of a line of help


def add_noun(parsers, name: str, help_: str):  # type: ignore[no-untyped-def] # argparse's own type has no public name
    return parsers.add_parser(name, help=help_, description=f"Manage {help_}.").add_subparsers(
        title="commands", metavar="COMMAND", required=True
    )


def add_command(  # type: ignore[no-untyped-def]
    parsers,
    name: str,
    run: Callable[..., None],
    help_: str,
    *,
    examples: Sequence[str],
    about: str = "",
    json_: bool = True,
    password: bool = False,
    is_offline: bool = False,
) -> argparse.ArgumentParser:
    """Declare a command. `examples` are whole lines for a shell, `about` is what else one should know."""
    parser = parsers.add_parser(
        name,
        help=help_,
        description=textwrap.fill(f"{help_[0].upper()}{help_[1:]}. {about}", WIDTH),
        epilog="\n".join(["examples:", *(f"  {example}" for example in examples)]),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(run=run, is_offline=is_offline)
    if json_:
        parser.add_argument("--json", action="store_true", help="answer in JSON")
    if password:
        parser.add_argument("--password-stdin", action="store_true", help="read the password from standard input")
    return parser


def text(most: int) -> Callable[[str], str]:
    def parse(text: str) -> str:
        try:
            return clean(text, most=most)
        except ValidationFailed as refusal:
            raise argparse.ArgumentTypeError(refusal.detail) from None

    return parse


def number(text: str, least: int = 1) -> int:
    if not text.isascii() or not text.isdigit() or not least <= int(text) <= MAX_INTEGER:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from {least} to {MAX_INTEGER}")
    return int(text)


def ask_password(options: Options, prompt: str) -> str:
    """A password, asked for twice, or a line of standard input with --password-stdin. Raises SetupError."""
    if options.password_stdin:
        return sys.stdin.readline().rstrip("\n")
    if not sys.stdin.isatty():
        raise SetupError("there is no terminal to ask for the password; use --password-stdin")
    password = getpass.getpass(f"{prompt}: ")
    if getpass.getpass("The same again: ") != password:
        raise SetupError("the passwords differ")
    return password


def ask_hash(options: Options, prompt: str, *, least: int) -> str:
    """The hash of a new password of `least` characters or more. Raises SetupError, ValidationFailed, ConfigError."""
    cost = bcrypt_cost(os.environ)
    return hash_password(ask_password(options, prompt), cost=cost, least=least)


def answer(options: Options, values: object, text: str) -> None:
    """Print the values in JSON if that is asked for, else the text."""
    print(json.dumps(values, ensure_ascii=False, indent=2) if options.json else text)


def answer_rows(
    options: Options,
    rows: Sequence[Mapping[str, Any]],
    titles: Mapping[str, str],
    styles: Mapping[str, str] | None = None,
) -> None:
    """Print rows: in JSON, in a table on a terminal, in aligned columns elsewhere.

    `titles` names the columns to be shown, by key; `styles` are rich's, by what is in a cell.
    """
    if options.json:
        answer(options, rows, "")
        return
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = sys.maxsize  # no line is to be broken
    table = Table(box=box.ROUNDED if console.is_terminal else None, pad_edge=console.is_terminal)
    for key, title in titles.items():
        is_number = any(isinstance(row[key], int) for row in rows)
        table.add_column(title, justify="right" if is_number else "left", overflow="fold")
    for row in rows:
        cells = ["" if row[key] is None else str(row[key]) for key in titles]
        table.add_row(*(Text(cell, (styles or {}).get(cell, "")) for cell in cells))
    with console.capture() as shown:
        console.print(table)
    print("\n".join(line.rstrip() for line in shown.get().splitlines()))
