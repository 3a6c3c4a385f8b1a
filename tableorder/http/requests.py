"""Reading a request's body, query and headers. What is not as it should be raises Invalid or an HTTP error."""

import functools
import json
from typing import Any, NoReturn

from flask import request
from marshmallow import Schema, ValidationError
from werkzeug.exceptions import UnsupportedMediaType

from tableorder.domain.errors import Invalid
from tableorder.domain.orders import MAX_KEY_LENGTH


def read_body(schema: type[Schema]) -> Any:
    """The JSON body, loaded by `schema`. Raises Invalid, UnsupportedMediaType, RequestEntityTooLarge."""
    if not request.is_json:
        raise UnsupportedMediaType("the body must be JSON; send Content-Type: application/json")
    return _load(schema, _parse(request.get_data(cache=False)), "the body is not as it should be")


def read_optional_body(schema: type[Schema]) -> Any:
    """The JSON body, or what `schema` makes of an empty one. Raises what read_body raises."""
    return read_body(schema) if request.get_data() else _load(schema, {}, "the body is not as it should be")


def read_query(schema: type[Schema]) -> Any:
    """The query string, loaded by `schema`; of a repeated parameter the first counts. Raises Invalid."""
    if not request.query_string:
        return dict(_defaults(schema))
    return _load(schema, request.args.to_dict(), "the query is not as it should be")


def read_idempotency_key() -> str | None:
    """The Idempotency-Key header, or None without one. Raises Invalid."""
    key = request.headers.get("Idempotency-Key")
    if key is not None and not 1 <= len(key) <= MAX_KEY_LENGTH:
        raise Invalid(f"Idempotency-Key must have 1 to {MAX_KEY_LENGTH} characters", code="idempotency_key_invalid")
    return key


def _parse(body: bytes) -> Any:
    try:
        return json.loads(body.decode("utf-8"), parse_constant=_refuse_constant)
    except RecursionError:
        raise Invalid("the body is nested too deeply", code="json_invalid") from None
    except ValueError:  # not UTF-8, not JSON, NaN, or an integer of thousands of digits
        raise Invalid("the body is not valid JSON in UTF-8", code="json_invalid") from None


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _load(schema: type[Schema], data: Any, detail: str) -> Any:
    try:
        return _instance(schema).load(data)
    except ValidationError as error:
        errors = error.normalized_messages()  # type: ignore[no-untyped-call]
        raise Invalid(f"{detail}; see errors", errors=errors) from None


@functools.cache
def _defaults(schema: type[Schema]) -> dict[str, Any]:
    """What an empty query is loaded as, which most are."""
    return _load(schema, {}, "the query is not as it should be")


@functools.cache
def _instance(schema: type[Schema]) -> Schema:
    """The one that all requests share: making one copies every field, and loading leaves no trace in it."""
    return schema()
