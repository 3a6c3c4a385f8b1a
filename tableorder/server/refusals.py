"""Lets gunicorn refuse what is not valid HTTP, before any route, in the form of every other problem."""

from typing import Any

import gunicorn.util

from tableorder.http.refusals import refusal


def write_refusal(client: object, status: int, reason: str, message: str) -> None:
    """In place of gunicorn.util.write_error, whose page of HTML repeats parts of the request."""
    gunicorn.util.write_nonblock(client, refusal(status))


def send_refusal(protocol: Any, status: int, message: str, extra_headers: object = ()) -> None:
    """In place of the method of gunicorn's ASGI worker, whose text repeats parts of the request."""
    protocol._safe_write(refusal(status))
