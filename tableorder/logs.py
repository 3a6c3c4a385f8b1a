"""What a line of the log looks like: a JSON object, or on a terminal a readable line in colour.

A record may carry fields (see `fields`). Neither the fields nor the messages may have a secret in them: so they name
routes and statements, never paths, queries, bodies or parameters.
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Mapping
from datetime import datetime
from traceback import extract_tb
from typing import Any

FORMATS = ("auto", "json", "text")
LEVELS = ("debug", "info", "warning", "error")

_encode = json.JSONEncoder(ensure_ascii=False, default=str).encode
_COLOURS = {"WARNING": "\033[33m", "ERROR": "\033[31m", "CRITICAL": "\033[31m"}
_DIM, _PLAIN = "\033[2m", "\033[0m"


def fields(**values: object) -> dict[str, Any]:
    """Fields of a record: `logger.info("a request", extra=fields(status=200))`."""
    return {"fields": values}


def configuration(environment: Mapping[str, str]) -> dict[str, Any]:
    """The logging of a process (https://docs.python.org/3/library/logging.config.html), by LOG_FORMAT and LOG_LEVEL.

    What they cannot mean is left to tableorder.config to refuse.
    """
    wanted, level = environment.get("LOG_FORMAT", ""), environment.get("LOG_LEVEL", "")
    text = wanted == "text" or (wanted != "json" and sys.stderr.isatty())
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": {"()": TextFormatter if text else JsonFormatter}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"level": level.upper() if level in LEVELS else "INFO", "handlers": ["stderr"]},
        "loggers": {"gunicorn.error": {"handlers": [], "propagate": True}},
    }


class JsonFormatter(logging.Formatter):
    """A JSON object a line: `time` with its offset, `level`, `logger`, `message`, and the record's fields."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": _time(record).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": _message(record),
            **getattr(record, "fields", {}),
        }
        if record.exc_info and record.exc_info[1]:
            line["exception"] = _describe(record.exc_info[1])
        return _encode(line)


class TextFormatter(logging.Formatter):
    """A line for people: the time, the message and the record's fields, in colour by its level."""

    def format(self, record: logging.LogRecord) -> str:
        colour = _COLOURS.get(record.levelname, "")
        values = " ".join(f"{name}={_short(value)}" for name, value in getattr(record, "fields", {}).items())
        line = f"{_DIM}{_time(record):%H:%M:%S}{_PLAIN} {colour}{_message(record)}{_PLAIN} {_DIM}{values}{_PLAIN}"
        return f"{line}\n{_describe(record.exc_info[1])}" if record.exc_info and record.exc_info[1] else line


def _message(record: logging.LogRecord) -> str:
    """Without the request that gunicorn quotes if it does not understand it."""
    if record.name == "gunicorn.error" and str(record.msg).startswith("Invalid request"):
        return "Invalid request"
    return record.getMessage()


def _describe(error: BaseException) -> str:
    """The kinds of an exception and of its causes, and where they were raised; no messages, in which values may be."""
    lines: list[str] = []
    told: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in told:  # one that was raised from itself is its own cause
        told.add(id(current))
        lines.append(f"{type(current).__module__}.{type(current).__qualname__}")
        lines += [f"  {frame.filename}:{frame.lineno} {frame.name}" for frame in extract_tb(current.__traceback__)]
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)
    return "\n".join(lines)


def _time(record: logging.LogRecord) -> datetime:
    return datetime.fromtimestamp(record.created).astimezone()


def _short(value: object) -> str:
    return f"{value:.4f}" if isinstance(value, float) else str(value)
