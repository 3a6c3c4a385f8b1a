"""Every problem that the API answers with, by its code: the status, and a detail as an example."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from marshmallow import fields

from tableorder.domain.errors import DomainError, StoreNotFound, errors_by_code
from tableorder.http.problems import CRASH, problem_members, status_of
from tableorder.schemas.values import Document

# What is no error of the domain: HTTP's own, a crash, and what nginx refuses.
OF_HTTP: dict[str, tuple[int, str]] = {
    "not_found": (404, "there is nothing here"),
    "method_not_allowed": (405, "The method is not allowed for the requested URL."),
    "request_entity_too_large": (413, "The data value transmitted exceeds the capacity limit."),
    "unsupported_media_type": (415, "the body must be JSON; send Content-Type: application/json"),
    CRASH[0]: (500, CRASH[1]),
    "overloaded": (503, "too many requests at once; try again"),
}

# These are the commands' alone.
NEVER_ANSWERED = {StoreNotFound.code}

PROBLEMS: dict[str, tuple[int, str, dict[str, Any]]] = {
    code: (status_of(error), error.detail, error.told())
    for code, kind in errors_by_code().items()
    if code not in NEVER_ANSWERED
    for error in [kind(**kind.example)]
} | {code: (*problem, {}) for code, problem in OF_HTTP.items()}

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
OF_TOKEN = ("token_missing", "token_invalid", "token_expired", "token_revoked", "forbidden")
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


class _Problem(Document):
    type = fields.String(required=True, metadata={"description": "about:blank: `title` is the status's own phrase"})
    title = fields.String(required=True)
    status = fields.Integer(required=True)
    detail = fields.String(required=True, metadata={"description": "a sentence for a person; may change"})
    code = fields.String(required=True, metadata={"description": "a word for programs; never changes"})
    request_id = fields.String(required=True, metadata={"description": "as in X-Request-ID; it is in our logs"})


def _members() -> dict[str, fields.Field[Any]]:
    """What some errors tell besides: the members that their classes name, of the type that their examples have."""
    kinds: dict[str, list[type[DomainError]]] = defaultdict(list)
    for kind in errors_by_code().values():
        for name in kind.members:
            kinds[name].append(kind)
    return {name: _member(name, of) for name, of in kinds.items()}


def _member(name: str, kinds: list[type[DomainError]]) -> fields.Field[Any]:
    value = next((kind.example[name] for kind in kinds if name in kind.example), 0)
    codes = ", ".join(kind.code for kind in kinds)
    told: dict[str, Any] = {"allow_none": True, "metadata": {"description": f"of {codes}"}}
    if isinstance(value, list) and all(isinstance(part, str) for part in value):
        return fields.List(fields.String(), **told)
    if isinstance(value, list):
        return fields.List(fields.Dict(), **told)
    return {int: fields.Integer, str: fields.String, dict: fields.Dict}[type(value)](**told)


# RFC 9457. Programs go by `code`, people by `detail`.
Problem = type("Problem", (_Problem,), _members())


def example(code: str) -> dict[str, Any]:
    """The problem document of `code`."""
    status, detail, members = PROBLEMS[code]
    return problem_members(status, code, detail, "5f0c1c1e6b0b4b0f9d1c7a1f6a0e3c52", **members)
