"""Flask's error handlers: every error leaves the API as a problem document."""

import logging
from http import HTTPStatus

from flask import Flask, Response
from gunicorn.http.errors import ParseException
from werkzeug.exceptions import BadRequest, HTTPException

from tableorder.domain.errors import DomainError
from tableorder.http.problems import CRASH, MEDIA_TYPE, describe, problem_document
from tableorder.web.middleware import current_request_id

logger = logging.getLogger(__name__)


def register_error_handlers(app: Flask) -> None:
    """Answer domain errors, HTTP errors and crashes in one form."""
    app.register_error_handler(DomainError, _answer_domain_error)
    app.register_error_handler(HTTPException, _answer_http_error)
    app.register_error_handler(ParseException, _answer_broken_body)
    app.register_error_handler(Exception, _answer_crash)


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
