"""Every problem that the API answers with, by its code: the status, and a detail as an example."""

from __future__ import annotations

from typing import Any

from marshmallow import fields

from tableorder.domain.orders import MAX_KEY_LENGTH
from tableorder.http.problems import problem_members
from tableorder.schemas.values import Document

PROBLEMS: dict[str, tuple[int, str]] = {
    "json_invalid": (400, "the body is not valid JSON in UTF-8"),
    "validation_failed": (400, "the body is not as it should be; see errors"),
    "value_out_of_range": (400, "a value is out of range"),
    "idempotency_key_invalid": (400, f"Idempotency-Key must have 1 to {MAX_KEY_LENGTH} characters"),
    "total_too_large": (400, "the order's total is too large"),
    "several_categories": (400, "the menus are of several categories"),
    "token_missing": (401, "a bearer token is needed"),
    "token_invalid": (401, "the token is not valid; log in again"),
    "token_expired": (401, "the token has expired; log in again"),
    "ticket_invalid": (401, "the ticket is unknown, used or expired; ask for another"),
    "credentials_invalid": (401, "the credentials are wrong"),
    "forbidden": (403, "this is for admins; the token is a table's"),
    "not_found": (404, "there is nothing here"),
    "order_not_found": (404, "there is no order 7"),
    "menu_not_found": (404, "there is no menu 7"),
    "category_not_found": (404, "there is no category 7"),
    "table_not_found": (404, "there is no table 7"),
    "method_not_allowed": (405, "The method is not allowed for the requested URL."),
    "session_ended": (409, "this table's session is over"),
    "menu_sold_out": (409, "menu 4 is sold out"),
    "status_backwards": (409, "order 31 is 완료 and does not go back to 준비중"),
    "table_number_taken": (409, "that table number is taken"),
    "table_in_use": (409, "table 3 has an active session"),
    "session_changed": (409, "table 3 has another session by now"),
    "no_active_session": (409, "table 3 has no active session"),
    "category_name_taken": (409, "that category name is taken"),
    "category_not_empty": (409, "category 1 has menus in it"),
    "menu_in_use": (409, "orders that are still open refer to it"),
    "limit_reached": (409, "the store has 1000 tables, which is the limit"),
    "menus_missing": (409, "the category has 4 menus; name each of them"),
    "request_entity_too_large": (413, "The data value transmitted exceeds the capacity limit."),
    "unsupported_media_type": (415, "the body must be JSON; send Content-Type: application/json"),
    "idempotency_key_reused": (422, "this idempotency key was used for another order"),
    "too_many_failures": (429, "too many failed logins; try again later"),
    "too_many_orders": (429, "this table has ordered 20 times in 60 s; try again later"),
    "internal_error": (500, "Something went wrong on our side."),
    "unavailable": (503, "the service is starting or stopping"),
    "overloaded": (503, "too many requests at once; try again"),
    "database_unavailable": (503, "the database is not available"),
    "database_timeout": (503, "the database did not answer in time"),
    "database_busy": (503, "this collided with another request"),
    "pool_exhausted": (503, "all connections to the database are in use"),
    "too_many_logins": (503, "too many passwords are being checked at once; try again"),
    "too_many_streams": (503, "as many live feeds are open as are allowed; try again later"),
}

# What operations have in common.
OF_ANY = ("internal_error",)
OF_DATABASE = (
    "unavailable",
    "overloaded",
    "database_unavailable",
    "database_timeout",
    "database_busy",
    "pool_exhausted",
)
OF_TOKEN = ("token_missing", "token_invalid", "token_expired", "forbidden")
OF_PATH_ID = ("not_found",)
OF_BODY = (
    "json_invalid",
    "validation_failed",
    "value_out_of_range",
    "request_entity_too_large",
    "unsupported_media_type",
)
OF_QUERY = ("validation_failed",)

# Which headers come with a status.
HEADERS: dict[int, tuple[str, ...]] = {401: ("WWW-Authenticate",), 429: ("Retry-After",), 503: ("Retry-After",)}


class Problem(Document):
    """RFC 9457. Programs go by `code`, people by `detail`."""

    type = fields.String(required=True, metadata={"description": "about:blank: `title` is the status's own phrase"})
    title = fields.String(required=True)
    status = fields.Integer(required=True)
    detail = fields.String(required=True, metadata={"description": "a sentence for a person; may change"})
    code = fields.String(required=True, metadata={"description": "a word for programs; never changes"})
    request_id = fields.String(required=True, metadata={"description": "as in X-Request-ID; it is in our logs"})
    limit = fields.Integer(metadata={"description": "of limit_reached: how many there may be"})
    errors = fields.Dict(metadata={"description": "of validation_failed: each field's messages"})


# What else is in the example of a code.
EXAMPLES: dict[str, dict[str, Any]] = {
    "validation_failed": {"errors": {"quantity": ["Must be an integer."]}},
    "limit_reached": {"limit": 1000},
}


def example(code: str) -> dict[str, Any]:
    """The problem document of `code`."""
    status, detail = PROBLEMS[code]
    return problem_members(status, code, detail, "5f0c1c1e6b0b4b0f9d1c7a1f6a0e3c52", **EXAMPLES.get(code, {}))
