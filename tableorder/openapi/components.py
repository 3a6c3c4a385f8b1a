"""Components of the document that many operations share: headers, security schemes and parameters."""

from __future__ import annotations

from typing import Any

from tableorder.domain.limits import MAX_INTEGER
from tableorder.domain.orders import MAX_KEY_LENGTH

TEXT = {"type": "string"}

# Of answers.
HEADERS: dict[str, dict[str, Any]] = {
    "X-Request-ID": {
        "description": "the request's own id if it had a sane one, else a new one; it is in our logs",
        "required": True,
        "schema": TEXT,
    },
    "ETag": {"description": "for If-None-Match, or for If-Match", "schema": TEXT},
    "Retry-After": {
        "description": "seconds to wait before the next try",
        "required": True,
        "schema": {"type": "integer", "minimum": 1},
    },
    "WWW-Authenticate": {"description": "RFC 6750", "required": True, "schema": {"const": "Bearer"}},
}

# Of requests.
PARAMETERS: dict[str, dict[str, Any]] = {
    "X-Request-ID": {
        "description": "an id of your own, 1 to 128 of `A-Z a-z 0-9 . _ : / + = @ -`; another is not taken",
        "schema": TEXT,
    },
    "Idempotency-Key": {
        "description": "makes it safe to send the request again; any text, a new one for each order, such as a UUID",
        "schema": {"type": "string", "minLength": 1, "maxLength": MAX_KEY_LENGTH},
    },
    "If-Match": {"description": "the ETag of the answer that this was made from", "schema": TEXT},
    "X-Approval": {
        "description": "for staff: the `approval_token` of `POST /api/v1/admin/approvals`",
        "schema": TEXT,
    },
    "If-None-Match": {"description": "the ETag of an earlier answer", "schema": TEXT},
    "Last-Event-ID": {"description": "the id of the last event that you have", "schema": TEXT},
}

ADMIN_TOKEN, TABLE_TOKEN, TICKET = "adminToken", "tableToken", "streamTicket"

TOKENS = {"admin": ADMIN_TOKEN, "table": TABLE_TOKEN}  # by who may call

SECURITY_SCHEMES: dict[str, dict[str, Any]] = {
    ADMIN_TOKEN: {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "The `access_token` of `POST /api/v1/auth/admin/login`, good for 16 hours.",
    },
    TABLE_TOKEN: {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "The `access_token` of `POST /api/v1/auth/table/login`, good for 16 hours.",
    },
    TICKET: {
        "type": "apiKey",
        "in": "query",
        "name": "ticket",
        "description": "For one live feed, once: from `POST …/orders/sse/ticket`.",
    },
}

ID = {"type": "integer", "minimum": 1, "maximum": MAX_INTEGER}
SHA256 = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
