"""Who may call a handler: a table or an admin, by the request's bearer token."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Concatenate, ParamSpec, TypeVar

from flask import request

from tableorder.domain.errors import Forbidden
from tableorder.domain.identities import AdminIdentity, TableIdentity
from tableorder.http.context import config
from tableorder.http.exchange import STORE_ID
from tableorder.http.tokens import Bearer, read_authorization

P = ParamSpec("P")
R = TypeVar("R")


def requires_table(handler: Callable[Concatenate[TableIdentity, P], R]) -> Callable[P, R]:
    """Call `handler` with the table first. Raises Unauthorized, or Forbidden for an admin's token."""

    @functools.wraps(handler)
    def checked(*args: P.args, **kwargs: P.kwargs) -> R:
        return handler(require_table(bearer()), *args, **kwargs)

    return checked


def requires_admin(handler: Callable[Concatenate[AdminIdentity, P], R]) -> Callable[P, R]:
    """Call `handler` with the admin first. Raises Unauthorized, or Forbidden for a table's token."""

    @functools.wraps(handler)
    def checked(*args: P.args, **kwargs: P.kwargs) -> R:
        return handler(require_admin(bearer()), *args, **kwargs)

    return checked


def bearer() -> Bearer:
    """Whoever sends this request. Raises Unauthorized."""
    environ = request.environ
    bearer = read_authorization(environ.get("HTTP_AUTHORIZATION", ""), config().jwt_secret_key)
    environ[STORE_ID] = bearer.identity.store_id  # for the log
    return bearer


def require_table(bearer: Bearer) -> TableIdentity:
    """The table. Raises Forbidden for anybody else."""
    if not isinstance(bearer.identity, TableIdentity):
        raise Forbidden("this is for tables; the token is an admin's")
    return bearer.identity


def require_admin(bearer: Bearer) -> AdminIdentity:
    """The admin. Raises Forbidden for anybody else."""
    if not isinstance(bearer.identity, AdminIdentity):
        raise Forbidden("this is for admins; the token is a table's")
    return bearer.identity
