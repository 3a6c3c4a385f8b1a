"""Every request has an id: the caller's if it is sane, else one of ours; it is returned, logged, put in problems."""

import random
import re

HEADER = "X-Request-ID"

_SANE = re.compile(r"[A-Za-z0-9._:/+=@-]{1,128}", re.ASCII)


def choose_request_id(given: str) -> str:
    """The caller's id, if it is sane, else a new one."""
    return given if _SANE.fullmatch(given) else f"{random.getrandbits(128):032x}"
