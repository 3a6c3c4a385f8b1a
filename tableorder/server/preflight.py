"""Checks that gunicorn's master makes before it starts a worker."""

import os
import sys


def text(name: str, default: str) -> str:
    """A setting for gunicorn's configuration; an empty one counts as not set."""
    return os.environ.get(name, "").strip() or default


def whole_number(name: str, default: int) -> int:
    """The same for a number. One that is none is refused below, before anything is made of it."""
    given = text(name, "")
    return int(given) if given.isascii() and given.isdigit() else default


def address() -> str:
    """HOST and PORT in one; an IPv6 address is in brackets there."""
    host = text("HOST", "127.0.0.1")
    return f"{f'[{host}]' if ':' in host else host}:{text('PORT', '8000')}"


def refuse_unusable_settings() -> None:
    """End with a line that says which setting is missing or unusable; gunicorn would start such workers for ever.

    The same if a database can be reached and would not keep the stores apart.

    It is found out in a child, so that the master keeps none of the code: the workers that it starts after
    a reload would have that instead of the new version's.
    """
    child = os.fork()
    if child == 0:
        status = 1
        try:
            from tableorder.config import config_or_exit
            from tableorder.server.isolation import refuse_unsafe_databases

            refuse_unsafe_databases(config_or_exit(os.environ))
            status = 0
        except SystemExit as end:
            print(end, file=sys.stderr, flush=True)
        finally:
            os._exit(status)
    if os.waitpid(child, 0)[1]:
        sys.exit(1)
