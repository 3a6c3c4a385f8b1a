"""One line of the log for each request that was answered, which is counted for the metrics, too."""

from __future__ import annotations

import logging
import time

from flask import Flask, Response, g, request

from tableorder.database.usage import usage
from tableorder.metrics import observe_request

logger = logging.getLogger("tableorder.requests")


def register_request_logs(app: Flask, *, slow: float) -> None:
    """Log each request, as a warning if it took `slow` seconds. To be registered first: it sees all the rest then."""

    def begin() -> None:
        g.began = time.perf_counter()
        usage.reset()

    def end(response: Response) -> Response:
        seen = g._get_current_object()  # once, and not for each look at it
        duration = time.perf_counter() - seen.began
        method, rule = request.method, request.url_rule
        route = rule.rule if rule else None
        observe_request(method, route, response.status_code, duration, usage.slow_statements)
        log_request(
            slow=slow,
            request_id=seen.request_id,
            method=method,
            route=route,
            status=response.status_code,
            duration=duration,
            store_id=seen.get("store_id"),
            database_time=usage.seconds,
            statements=usage.statements,
        )
        return response

    app.before_request(begin)
    app.after_request(end)


def log_request(*, slow: float, method: str, route: str | None, status: int, duration: float, **others: object) -> None:
    """Log one request. Times are in seconds; the route is the pattern that the path matched, None for none."""
    is_slow = duration >= slow
    level = logging.ERROR if status == 500 else logging.WARNING if status > 500 or is_slow else logging.INFO
    if not logger.isEnabledFor(level):
        return
    times = {name: round(value, 6) for name, value in others.items() if isinstance(value, float)}
    # As logger.log does, but for the search for the line that calls it, which is a fifth of the work.
    record = logging.LogRecord(logger.name, level, __file__, 0, "slow request" if is_slow else "request", None, None)
    record.fields = {
        "method": method,
        "route": route,
        "status": status,
        "duration": round(duration, 6),
        **others,
        **times,
    }
    logger.handle(record)
