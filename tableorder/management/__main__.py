"""`bin/tableorder`: what an operator does to an installation from the command line."""

from __future__ import annotations

import argparse
import io
import os
import re
import sys

from tableorder.commands import stop_when_told
from tableorder.database.administration import administer
from tableorder.database.migrations import applied_migrations, pending_migrations
from tableorder.environment import database
from tableorder.management import (
    check,
    demo,
    devices,
    menus,
    migrations,
    pictures,
    server_config,
    staff,
    stores,
    tables,
)
from tableorder.management.arguments import Options, add_command, answer
from tableorder.management.reasons import FORESEEN, reason

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
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # what the locale cannot show
    try:
        try:
            _run(_parser().parse_args())
        finally:
            sys.stdout.flush()  # here, where a closed pipe and a full disk are known
        return 0
    except (KeyboardInterrupt, EOFError) as error:  # Ctrl-C and Ctrl-D
        message = "interrupted" if isinstance(error, KeyboardInterrupt) else "nothing was entered, and nothing was done"
        if sys.stderr.isatty():
            print(file=sys.stderr)  # below the question
    except BrokenPipeError:  # who read our output has had enough
        _forget_output()
        return 1
    except FORESEEN as error:
        if isinstance(error, OSError):
            _forget_output()
        message = reason(error)
    print(f"tableorder: {message}", file=sys.stderr)
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
    for group in (stores, staff, tables, devices, menus, pictures, demo, migrations, server_config, check):
        group.add_commands(nouns)
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


def masked(url: str) -> str:
    """A libpq URL without its passwords, which are before the first @ and in parameters."""
    url = re.sub(r"^(\w+://[^/@:]*):[^/@]*@", r"\1:***@", url)
    return re.sub(r"([?&]\w*password=)[^&]*", r"\1***", url)


if __name__ == "__main__":
    sys.exit(main())
