"""One line of the log for each request that was answered."""

from __future__ import annotations

import logging
import time

logger = logging.getLogger("tableorder.requests")

LONGEST = 50  # characters of a client's text

# What all records of a request have in common; filling in a new one each time is a fifth of the work.
_RECORD = vars(logging.LogRecord(logger.name, logging.INFO, __file__, 0, "request", None, None))


def printable(text: str) -> str:
    """A client's short text as a line of the log may have it: on a terminal, too, it is read and not obeyed."""
    return "".join(
        character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text[:LONGEST]
    )


def log_request(*, slow: float, method: str, route: str | None, status: int, duration: float, **others: object) -> None:
    """Log one request. Times are in seconds; the route is the pattern that the path matched, None for none."""
    is_slow = duration >= slow
    level = logging.ERROR if status == 500 else logging.WARNING if status > 500 or is_slow else logging.INFO
    if not logger.isEnabledFor(level):
        return
    record = logging.LogRecord.__new__(logging.LogRecord)
    record.__dict__ |= _RECORD
    record.created = time.time()
    record.fields = {"method": method, "route": route, "status": status, "duration": round(duration, 6), **others}
    if level != logging.INFO:
        record.levelno, record.levelname = level, logging.getLevelName(level)
        record.msg = "slow request" if is_slow else "request"
    logger.handle(record)
