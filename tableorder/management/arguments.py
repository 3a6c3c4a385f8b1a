"""What the commands of `bin/tableorder` share: how they are declared, and how they answer."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable

from tableorder.domain.limits import MAX_INTEGER

Options = argparse.Namespace


def add_noun(parsers, name: str, help_: str):  # type: ignore[no-untyped-def] # argparse's own type has no public name
    return parsers.add_parser(name, help=help_, description=f"Manage {help_}.").add_subparsers(
        metavar="COMMAND", required=True
    )


def add_command(  # type: ignore[no-untyped-def]
    parsers,
    name: str,
    run: Callable[..., None],
    help_: str,
    *,
    json_: bool = False,
    password: bool = False,
    is_offline: bool = False,
) -> argparse.ArgumentParser:
    parser = parsers.add_parser(name, help=help_, description=help_[0].upper() + help_[1:] + ".")
    parser.set_defaults(run=run, is_offline=is_offline)
    if json_:
        parser.add_argument("--json", action="store_true", help="answer in JSON")
    if password:
        parser.add_argument("--password-stdin", action="store_true", help="read the password from standard input")
    return parser


def text(most: int) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if not text.strip() or len(text) > most or not text.isprintable():
            raise argparse.ArgumentTypeError(f"must be 1 to {most} printable characters")
        return text

    return parse


def number(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= MAX_INTEGER:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1 to {MAX_INTEGER}")
    return int(text)


def answer(options: Options, values: object, text: str) -> None:
    print(json.dumps(values, ensure_ascii=False, indent=2) if options.json else text)
