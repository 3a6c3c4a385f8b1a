"""Every error leaves through here, as a problem document (RFC 9457, application/problem+json)."""

import json
import logging
import math
from http import HTTPStatus

from flask import Flask, Response
from gunicorn.http.errors import ParseException
from werkzeug.exceptions import BadRequest, HTTPException

from tableorder.domain.errors import (
    Conflict,
    DomainError,
    Forbidden,
    Invalid,
    KeyReused,
    NotFound,
    Throttled,
    Unauthorized,
    Unavailable,
)
from tableorder.http.exchange import current_request_id

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
    KeyReused: HTTPStatus.UNPROCESSABLE_ENTITY,
    Throttled: HTTPStatus.TOO_MANY_REQUESTS,
    Unavailable: HTTPStatus.SERVICE_UNAVAILABLE,
}


def register_error_handlers(app: Flask) -> None:
    """Answer domain errors, HTTP errors and crashes in one form."""
    app.register_error_handler(DomainError, _answer_domain_error)
    app.register_error_handler(HTTPException, _answer_http_error)
    app.register_error_handler(ParseException, _answer_broken_body)
    app.register_error_handler(Exception, _answer_crash)


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


def _problem(status: int, code: str, detail: str) -> Response:
    """A problem of this request."""
    return Response(problem_document(status, code, detail, current_request_id()), status, mimetype=MEDIA_TYPE)


def _answer_domain_error(error: DomainError) -> Response:
    status, headers, document = describe(error, current_request_id())
    return Response(document, status, headers)


def _answer_http_error(error: HTTPException) -> Response:
    """Werkzeug's own: unknown paths, wrong methods, bodies too large. Its headers (Allow) are kept.

    The code is of Werkzeug's name for the status: Python's own has changed from one version to another.
    """
    status = error.code or HTTPStatus.INTERNAL_SERVER_ERROR
    code = error.name.lower().replace(" ", "_")
    response = _problem(status, code, error.description or error.name)
    for name, value in error.get_headers():
        if name.lower() not in ("content-type", "content-length"):
            response.headers[name] = value
    return response


def _answer_broken_body(error: ParseException) -> Response:
    """gunicorn's own, for chunks that are none; nothing more can be read from the connection."""
    return _answer_http_error(BadRequest("the body is not in the form that its headers announce"))


def _answer_crash(error: Exception) -> Response:
    logger.error("crash in request %s", current_request_id(), exc_info=error)
    return _problem(HTTPStatus.INTERNAL_SERVER_ERROR, *CRASH)
