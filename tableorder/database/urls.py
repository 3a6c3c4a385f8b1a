"""Checks and changes URLs of databases. A refusal shows nothing of the URL, which has a password."""

from __future__ import annotations

import re
from urllib.parse import quote, urlencode

import psycopg2
from psycopg2 import extensions

FORM = "postgresql://user:password@host:5432/database"

# Two of them before the host, or one after what should be the host and the port, and is the user and half a password.
_UNENCODED = re.compile(r"[^?]*@[^?]*@|[^/?@:]*:(?![0-9]*[/?])[^/?@]*[/?].*@")
_PORT = re.compile(r"[0-9]{1,5}", re.ASCII)


def check_url(text: str) -> str:
    """Return the URL. Raises ValueError; the message shows no part of a password."""
    if not text.startswith(("postgresql://", "postgres://")):
        raise ValueError(f"cannot be read; it must be like {FORM}")
    query = text.partition("?")[2]
    if _UNENCODED.match(text.partition("://")[2]):
        raise ValueError(
            f"cannot be read; it must be like {FORM}; in the password, @ is written %40, / is %2F and ? is %3F"
        )
    try:
        parameters = extensions.parse_dsn(text)
    except psycopg2.ProgrammingError:
        unknown = [name for name in re.findall(r"(?:^|&)(\w+)=", query) if not _is_known(name)]
        reason = f"; libpq knows no parameter {unknown[0]!r}" if unknown else ""
        raise ValueError(f"cannot be read; it must be like {FORM}{reason}") from None
    if not all(_is_port(port) for port in parameters.get("port", "").split(",")):
        raise ValueError(f"cannot be read; it must be like {FORM}; the port is not one")
    return text


def as_role(database_url: str, role: str) -> str:
    """The URL with another role, which has no password."""
    parameters = {key: value for key, value in extensions.parse_dsn(database_url).items() if "password" not in key}
    return "postgresql:///?" + urlencode({**parameters, "user": role}, quote_via=quote)


def other_database(database_url: str, name: str) -> str:
    """The URL of another database of the same server."""
    parameters = {**extensions.parse_dsn(database_url), "dbname": name}
    return "postgresql:///?" + urlencode(parameters, quote_via=quote)


def _is_known(parameter: str) -> bool:
    try:
        extensions.parse_dsn(f"postgresql:///?{parameter}=")
    except psycopg2.ProgrammingError:
        return False
    return True


def _is_port(text: str) -> bool:
    return text == "" or (_PORT.fullmatch(text) is not None and 1 <= int(text) <= 65535)
