"""Reading a request's body, query and headers. Mistakes raise a kind of Invalid, or an HTTP error."""

import functools
import json
from collections import Counter
from collections.abc import Callable
from typing import Any, NoReturn, cast

from flask import request
from marshmallow import Schema, ValidationError
from werkzeug.exceptions import RequestEntityTooLarge, UnsupportedMediaType

from tableorder.domain.errors import (
    ApprovalInvalid,
    ApprovalRequired,
    IdempotencyKeyInvalid,
    JsonInvalid,
    KeyReused,
    PreconditionRequired,
    ValidationFailed,
)
from tableorder.domain.orders import MAX_KEY_LENGTH
from tableorder.schemas.base import MAX_ERRORS, BodySchema, QuerySchema
from tableorder.schemas.pointers import MAX_NAME, by_pointer
from tableorder.web.context import config
from tableorder.web.operations import Handler, operation_of

APPROVAL = "X-Approval"


def takes_body(
    schema: type[BodySchema], *, required: bool = True, raw: str | None = None
) -> Callable[[Handler], Handler]:
    """Call the handler with `body`, the JSON body loaded by `schema`; one that is not required may be empty.

    A body of the media type `raw` comes as bytes.
    """

    def decorate(handler: Handler) -> Handler:
        operation = operation_of(handler)
        operation.body, operation.is_body_required = schema, required
        read = read_body if required else read_optional_body

        @functools.wraps(handler)
        def loaded(*args: Any, **kwargs: Any) -> Any:
            is_raw = raw is not None and request.mimetype == raw
            return handler(*args, body=_read_bytes(schema) if is_raw else read(schema), **kwargs)

        return cast("Handler", loaded)

    return decorate


def takes_query(schema: type[QuerySchema]) -> Callable[[Handler], Handler]:
    """Call the handler with `query`, the query string loaded by `schema`."""

    def decorate(handler: Handler) -> Handler:
        operation_of(handler).query = schema

        @functools.wraps(handler)
        def loaded(*args: Any, **kwargs: Any) -> Any:
            return handler(*args, query=read_query(schema), **kwargs)

        return cast("Handler", loaded)

    return decorate


def takes_idempotency_key(handler: Handler) -> Handler:
    """Call the handler with `key`, the Idempotency-Key header or None."""
    operation = operation_of(handler)
    operation.headers.append("Idempotency-Key")
    operation.problems[:0] = [IdempotencyKeyInvalid, KeyReused]

    @functools.wraps(handler)
    def loaded(*args: Any, **kwargs: Any) -> Any:
        return handler(*args, key=read_idempotency_key(), **kwargs)

    return cast("Handler", loaded)


def takes_versions(handler: Handler) -> Handler:
    """Call the handler with `versions`, those that the If-Match header names; * stands for any.

    They may be weak, since a cache or a proxy that compresses may have weakened them. Raises PreconditionRequired.
    """
    operation = operation_of(handler)
    operation.headers.append("If-Match")
    operation.problems[:0] = [PreconditionRequired]

    @functools.wraps(handler)
    def loaded(*args: Any, **kwargs: Any) -> Any:
        if not request.headers.get("If-Match", "").strip():
            raise PreconditionRequired
        named = request.if_match
        versions = ["*"] if named.star_tag else [*named.as_set(include_weak=True)]
        return handler(*args, versions=versions, **kwargs)

    return cast("Handler", loaded)


def takes_approval(handler: Handler) -> Handler:
    """Call the handler with `approval`, the X-Approval header or None."""
    operation = operation_of(handler)
    operation.headers.append(APPROVAL)
    operation.problems.extend((ApprovalRequired, ApprovalInvalid))

    @functools.wraps(handler)
    def loaded(*args: Any, **kwargs: Any) -> Any:
        return handler(*args, approval=request.headers.get(APPROVAL), **kwargs)

    return cast("Handler", loaded)


def read_body(schema: type[BodySchema]) -> Any:
    """The JSON body, loaded by `schema`.

    Raises JsonInvalid, ValidationFailed, UnsupportedMediaType, RequestEntityTooLarge.
    """
    if not request.is_json:
        raise UnsupportedMediaType("the body must be JSON; send Content-Type: application/json")
    return load_body(schema, _parse(_read_bytes(schema)))


def load_body(schema: type[BodySchema], data: Any) -> Any:
    """The request's data, read from JSON or another format, loaded by `schema`. Raises ValidationFailed."""
    return _load(schema, data, "body")


def read_optional_body(schema: type[BodySchema]) -> Any:
    """The JSON body, or what `schema` makes of an empty one. Raises what read_body raises."""
    return read_body(schema) if request.get_data() else _load(schema, {}, "body")


def read_query(schema: type[Schema]) -> Any:
    """The query string, loaded by `schema`; of a repeated parameter the first counts. Raises ValidationFailed."""
    if not request.query_string:
        return dict(_defaults(schema))
    return _load(schema, request.args.to_dict(), "query")


def read_idempotency_key() -> str | None:
    """The Idempotency-Key header, or None without one. Raises IdempotencyKeyInvalid."""
    key = request.headers.get("Idempotency-Key")
    if key is not None and not 1 <= len(key) <= MAX_KEY_LENGTH:
        raise IdempotencyKeyInvalid
    return key


def _read_bytes(schema: type[BodySchema]) -> bytes:
    most = _most_bytes(schema)
    if schema.is_document:
        request.max_content_length = most + 1
    body = request.get_data(cache=False)
    if len(body) > most:  # only now, since who is still sending may not see an answer
        raise RequestEntityTooLarge(f"the body must not have more than {most} bytes")
    return body


def _most_bytes(schema: type[BodySchema]) -> int:
    if schema.is_document:
        return config().max_document_bytes
    return config().max_body_bytes if schema.takes_pictures else schema.most_bytes


def _parse(body: bytes) -> Any:
    try:
        return json.loads(body.decode("utf-8"), object_pairs_hook=_object, parse_constant=_refuse_constant)
    except RecursionError:
        raise JsonInvalid("the body is nested too deeply") from None
    except ValueError:  # not UTF-8, not JSON, NaN, or an integer of thousands of digits
        raise JsonInvalid from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The object of these members. Which of two of the same name was meant, nobody knows (RFC 8259, 4)."""
    members = dict(pairs)
    if len(members) != len(pairs):
        counts = Counter(name for name, _ in pairs)
        [(name, _)] = counts.most_common(1)
        raise JsonInvalid(f"the body has the key {name[:MAX_NAME]!r} twice in one object")
    return members


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _load(schema: type[Schema], data: Any, part: str) -> Any:
    try:
        return _instance(schema).load(data)
    except ValidationError as error:
        messages = error.normalized_messages()  # type: ignore[no-untyped-call]
        is_document = issubclass(schema, BodySchema) and schema.is_document
        errors = by_pointer(messages) if is_document else _first(messages, MAX_ERRORS)
        raise ValidationFailed(f"the {part} is not as it should be; see errors", errors=errors) from None


def _first(errors: dict[Any, Any], most: int) -> dict[Any, Any]:
    """The first `most` messages, by field; in the place of a message there may be those of a field's own fields."""
    first: dict[Any, Any] = {}
    for name, messages in errors.items():
        if most == 0:
            break
        kept = _first(messages, most) if isinstance(messages, dict) else messages[:most]
        first[name[:MAX_NAME] if isinstance(name, str) else name] = kept
        most -= _count(kept)
    return first


def _count(errors: dict[Any, Any] | list[str]) -> int:
    return sum(map(_count, errors.values())) if isinstance(errors, dict) else len(errors)


@functools.cache
def _defaults(schema: type[Schema]) -> dict[str, Any]:
    """The values of an empty query. Most queries are empty."""
    return _load(schema, {}, "query")


@functools.cache
def _instance(schema: type[Schema]) -> Schema:
    """The one that all requests share: making one copies every field, and loading leaves no trace in it."""
    return schema()
