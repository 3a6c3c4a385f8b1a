"""Bearer tokens (RFC 6750): JWTs signed with HS256 that say which table or admin is calling, for 16 hours."""

from __future__ import annotations

import functools
import time
import uuid
from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec, TypeVar

import jwt
from flask import request

from tableorder.domain.errors import Forbidden, Unauthorized
from tableorder.domain.identities import AdminIdentity, TableIdentity
from tableorder.http.context import config

LIFETIME = 57_600  # seconds
ALGORITHM = "HS256"

P = ParamSpec("P")
R = TypeVar("R")


def issue_table_token(table: TableIdentity) -> str:
    """A token for the tablet at `table`."""
    return _sign(
        {
            "sub": f"table_{table.table_id}",
            "user_type": "table",
            "store_id": table.store_id,
            "table_id": table.table_id,
            "table_number": table.table_number,
            "session_id": table.session_id,
        }
    )


def issue_admin_token(admin: AdminIdentity) -> str:
    """A token for `admin`."""
    return _sign({"sub": admin.username, "user_type": "admin", "store_id": admin.store_id})


def requires_table(handler: Callable[Concatenate[TableIdentity, P], R]) -> Callable[P, R]:
    """Call `handler` with the table first. Raises Unauthorized, or Forbidden for an admin's token."""

    @functools.wraps(handler)
    def checked(*args: P.args, **kwargs: P.kwargs) -> R:
        identity = _identify()
        if not isinstance(identity, TableIdentity):
            raise Forbidden("this is for tables; the token is an admin's")
        return handler(identity, *args, **kwargs)

    return checked


def requires_admin(handler: Callable[Concatenate[AdminIdentity, P], R]) -> Callable[P, R]:
    """Call `handler` with the admin first. Raises Unauthorized, or Forbidden for a table's token."""

    @functools.wraps(handler)
    def checked(*args: P.args, **kwargs: P.kwargs) -> R:
        identity = _identify()
        if not isinstance(identity, AdminIdentity):
            raise Forbidden("this is for admins; the token is a table's")
        return handler(identity, *args, **kwargs)

    return checked


def _sign(claims: dict[str, Any]) -> str:
    now = int(time.time())
    return jwt.encode(claims | {"iat": now, "exp": now + LIFETIME}, _secret(), algorithm=ALGORITHM)


def _identify() -> TableIdentity | AdminIdentity:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Unauthorized("a bearer token is needed", code="token_missing")
    try:
        claims = jwt.decode(
            token.strip(), _secret(), algorithms=[ALGORITHM], options={"require": ["sub", "iat", "exp"]}
        )
        return _read(claims)
    except jwt.ExpiredSignatureError:
        raise Unauthorized("the token has expired; log in again", code="token_expired") from None
    except (jwt.InvalidTokenError, KeyError, TypeError, ValueError):
        raise Unauthorized("the token is not valid; log in again", code="token_invalid") from None


def _read(claims: dict[str, Any]) -> TableIdentity | AdminIdentity:
    if claims["user_type"] == "table":
        return TableIdentity(
            store_id=int(claims["store_id"]),
            table_id=int(claims["table_id"]),
            table_number=int(claims["table_number"]),
            session_id=str(uuid.UUID(claims["session_id"])),
        )
    if claims["user_type"] == "admin":
        return AdminIdentity(store_id=int(claims["store_id"]), username=str(claims["sub"]))
    raise ValueError(claims["user_type"])


def _secret() -> str:
    return config().jwt_secret_key
