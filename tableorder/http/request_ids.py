"""Every request has an id: the caller's if it is sane, else one of ours; it is returned, logged, put in problems."""

import random
import re

from flask import Flask, Response, g, request

HEADER = "X-Request-ID"

_SANE = re.compile(r"[A-Za-z0-9._:/+=@-]{1,128}", re.ASCII)


def register_request_ids(app: Flask) -> None:
    """Give each request its id before anything else happens to it."""
    app.before_request(_take_or_make)
    app.after_request(_return)


def choose_request_id(given: str) -> str:
    """The caller's id, if it is sane, else a new one."""
    return given if _SANE.fullmatch(given) else f"{random.getrandbits(128):032x}"


def _take_or_make() -> None:
    g.request_id = choose_request_id(request.headers.get(HEADER, ""))


def _return(response: Response) -> Response:
    response.headers[HEADER] = g.request_id
    return response
