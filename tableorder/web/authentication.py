"""Who may call a handler: a table or an admin, by the request's bearer token."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from http import HTTPStatus
from typing import Concatenate, ParamSpec, TypeVar

from flask import Response, request

from tableorder.domain.errors import ApprovalInvalid, ApprovalRequired, RoleNotAllowed
from tableorder.domain.identities import AdminIdentity, Role, TableIdentity
from tableorder.domain.roles import EVERYBODY, FLOOR, MANAGEMENT
from tableorder.http.money import without_money
from tableorder.http.request_logs import printable
from tableorder.http.tokens import Bearer, read_authorization, require_admin, require_table
from tableorder.web.client_address import client_address
from tableorder.web.context import config
from tableorder.web.middleware import GRANT, READS_BOOKS, STORE_ID, note
from tableorder.web.operations import operation_of
from tableorder.web.requests import APPROVAL

P = ParamSpec("P")
R = TypeVar("R")

_FIRST_ID = re.compile(rb'^\{"(\w+_id)" ?: ?([0-9]+)', re.ASCII)


def requires_table(handler: Callable[Concatenate[TableIdentity, P], R]) -> Callable[P, R]:
    """Call `handler` with the table first. Raises Unauthorized, or Forbidden for an admin's token."""

    operation_of(handler).caller = "table"

    @functools.wraps(handler)
    def checked(*args: P.args, **kwargs: P.kwargs) -> R:
        return handler(require_table(bearer()), *args, **kwargs)

    return checked


def requires_role(
    *roles: Role,
) -> Callable[[Callable[Concatenate[AdminIdentity, P], R]], Callable[P, R]]:
    """Call a handler with the admin first, who has one of these roles.

    Raises Unauthorized, Forbidden for a table's token, RoleNotAllowed. What is not only read has a line in the log that
    says who did it, to what, and from where. The kitchen gets its answers without money.
    """

    def decorate(handler: Callable[Concatenate[AdminIdentity, P], R]) -> Callable[P, R]:
        operation = operation_of(handler)
        operation.caller, operation.roles = "admin", roles
        if len(roles) < len(EVERYBODY):
            operation.problems.append(RoleNotAllowed)

        @functools.wraps(handler)
        def checked(*args: P.args, **kwargs: P.kwargs) -> R:
            admin = require_admin(bearer())
            if admin.role not in roles:
                raise RoleNotAllowed(roles=[*roles])
            is_read = request.method == "GET" or request.method == "HEAD"
            if not is_read:
                note(actor=printable(admin.username), address=client_address(), object=dict(kwargs))
            answer = handler(admin, *args, **kwargs)
            if not is_read:
                note(object={**kwargs, **_made(answer)})
            if admin.role == "kitchen" and isinstance(answer, Response) and answer.is_json and answer.data:
                answer.set_data(without_money(answer.get_data()))
            return answer

        return checked

    return decorate


requires_admin = requires_role(*MANAGEMENT)


def requires_books(handler: Callable[Concatenate[AdminIdentity, P], R]) -> Callable[P, R]:
    """Call a handler with the admin first: an owner, a manager, or one of the staff with an approval to read the books.

    Raises what requires_role raises. Each round trip checks the approval: ApprovalRequired, ApprovalInvalid.
    """
    operation = operation_of(handler)
    operation.headers.append(APPROVAL)
    operation.problems.extend((ApprovalRequired, ApprovalInvalid))

    @functools.wraps(handler)
    def approved(admin: AdminIdentity, /, *args: P.args, **kwargs: P.kwargs) -> R:
        if admin.role not in MANAGEMENT:
            request.environ[READS_BOOKS] = request.headers.get(APPROVAL)
        return handler(admin, *args, **kwargs)

    return requires_role(*FLOOR)(approved)


def _made(answer: object) -> dict[str, int]:
    """The id of what a 201 has made, which the path could not say. Each document begins with its own."""
    if not isinstance(answer, Response) or answer.status_code != HTTPStatus.CREATED:
        return {}
    found = _FIRST_ID.search(answer.get_data())
    return {found[1].decode(): int(found[2])} if found else {}


def bearer() -> Bearer:
    """The identity of the request's sender. Raises Unauthorized."""
    environ = request.environ
    bearer = read_authorization(environ.get("HTTP_AUTHORIZATION", ""), config().jwt_secret_key)
    environ[STORE_ID] = bearer.identity.store_id  # for the log
    environ[GRANT] = bearer.identity.grant  # for each round trip
    return bearer
