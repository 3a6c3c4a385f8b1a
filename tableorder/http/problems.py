"""Problem documents (RFC 9457, application/problem+json): what every error is answered with."""

import json
import logging
import math
from http import HTTPStatus

from tableorder.domain.errors import (
    Conflict,
    DomainError,
    Forbidden,
    Invalid,
    KeyReused,
    NotFound,
    PreconditionFailed,
    PreconditionRequired,
    Throttled,
    Unauthorized,
    Unavailable,
)

logger = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"

CRASH = "internal_error", "Something went wrong on our side."

# By kind of error.
STATUS: dict[type[DomainError], HTTPStatus] = {
    Invalid: HTTPStatus.BAD_REQUEST,
    Unauthorized: HTTPStatus.UNAUTHORIZED,
    Forbidden: HTTPStatus.FORBIDDEN,
    NotFound: HTTPStatus.NOT_FOUND,
    Conflict: HTTPStatus.CONFLICT,
    PreconditionFailed: HTTPStatus.PRECONDITION_FAILED,
    PreconditionRequired: HTTPStatus.PRECONDITION_REQUIRED,
    KeyReused: HTTPStatus.UNPROCESSABLE_ENTITY,
    Throttled: HTTPStatus.TOO_MANY_REQUESTS,
    Unavailable: HTTPStatus.SERVICE_UNAVAILABLE,
}


def problem_members(
    status: int, code: str, detail: str, request_id: str | None, **members: object
) -> dict[str, object]:
    """A problem's members; `type` is about:blank, so `title` is the status's own phrase (RFC 9457, 4.2.1)."""
    return {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": int(status),
        "detail": detail,
        "code": code,
        "request_id": request_id,
        **members,
    }


def problem_document(status: int, code: str, detail: str, request_id: str | None, **members: object) -> str:
    """A problem's JSON."""
    return json.dumps(problem_members(status, code, detail, request_id, **members))


def status_of(error: DomainError) -> HTTPStatus:
    """The status that errors of its kind are answered with."""
    return next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)


def describe(error: DomainError, request_id: str | None) -> tuple[int, dict[str, str], str]:
    """The status, the headers and the problem's JSON that `error` is answered with."""
    status = status_of(error)
    headers = {"Content-Type": MEDIA_TYPE}
    if isinstance(error, Throttled | Unavailable):
        headers["Retry-After"] = str(math.ceil(error.retry_after))
    if isinstance(error, Unauthorized):
        headers["WWW-Authenticate"] = "Bearer"
    if isinstance(error, Unavailable):
        logger.warning("%s: %s (request %s)", error.code, error.__cause__ or error.detail, request_id)
    return status, headers, problem_document(status, error.code, error.detail, request_id, **error.told())
