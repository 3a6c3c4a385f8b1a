"""Which other origins' pages may call us (https://fetch.spec.whatwg.org/#http-cors-protocol); none, by default.

Tokens travel in a header that a page must set by itself, so cookies and credentials play no part.
"""

from __future__ import annotations

from collections.abc import Set

ALLOWED_HEADERS = "Authorization, Content-Type, Idempotency-Key, If-None-Match, Last-Event-ID, X-Approval, X-Request-ID"
EXPOSED_HEADERS = "Allow, ETag, Retry-After, X-Request-ID"
MAX_AGE = "7200"  # seconds that a browser remembers a preflight; Chromium takes no more


def cors_headers(origins: Set[str], origin: str, methods: str = "") -> dict[str, str]:
    """The headers for an answer to a page of `origin`; for a preflight, `methods` are those that the path knows."""
    headers = {"Vary": "Origin"} if origins else {}
    if origin not in origins:
        return headers
    headers["Access-Control-Allow-Origin"] = origin
    if not methods:
        return headers | {"Access-Control-Expose-Headers": EXPOSED_HEADERS}
    return headers | {
        "Access-Control-Allow-Methods": methods,
        "Access-Control-Allow-Headers": ALLOWED_HEADERS,
        "Access-Control-Max-Age": MAX_AGE,
    }
