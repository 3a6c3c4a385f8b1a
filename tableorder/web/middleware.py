"""WSGI middleware: request id, log line, metrics, headers.

Flask's hooks could do the same, but each costs more.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from flask import request

from tableorder.database.usage import usage
from tableorder.http.request_ids import HEADER, choose_request_id
from tableorder.http.request_logs import log_request
from tableorder.http.security_headers import SECURITY_HEADERS
from tableorder.metrics import observe_request

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

REQUEST_ID = "tableorder.request_id"
STORE_ID = "tableorder.store_id"
GRANT = "tableorder.grant"
READS_BOOKS = "tableorder.reads_books"  # by an approval, which is the value
NOTES = "tableorder.notes"


def with_middleware(app: WSGIApplication, *, slow: float) -> WSGIApplication:
    """Wrap `app`, a Flask application. A request that took `slow` seconds is logged as a warning."""

    def call(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        began = time.perf_counter()
        usage.reset()
        request_id = environ[REQUEST_ID] = choose_request_id(environ.get("HTTP_X_REQUEST_ID", ""))

        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            own = {name for name, _ in headers}
            headers += [header for header in SECURITY_HEADERS.items() if header[0] not in own]
            headers.append((HEADER, request_id))
            _record(environ, int(status[:3]), time.perf_counter() - began, slow)
            return start_response(status, headers, exc_info)

        return app(environ, start)

    return call


def current_request_id() -> str:
    """The id of the request under way."""
    return request.environ[REQUEST_ID]


def note(**values: object) -> None:
    """Have the line of the log for the request under way say this, too. Never a secret."""
    request.environ.setdefault(NOTES, {}).update(values)


def _record(environ: WSGIEnvironment, status: int, duration: float, slow: float) -> None:
    rule = environ["werkzeug.request"].url_rule
    route = rule.rule if rule else None
    method = environ["REQUEST_METHOD"]
    observe_request(method, route, status, duration, usage.slow_statements)
    log_request(
        slow=slow,
        request_id=environ[REQUEST_ID],
        method=method,
        route=route,
        status=status,
        duration=duration,
        store_id=environ.get(STORE_ID),
        database_time=round(usage.seconds, 6),
        statements=usage.statements,
        **environ.get(NOTES, {}),
    )
