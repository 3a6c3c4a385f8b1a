"""A handler's record: its decorators write down what it takes and answers. All records make /openapi.json."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

from marshmallow import Schema

from tableorder.domain.errors import DomainError
from tableorder.schemas.base import BodySchema, QuerySchema

Handler = TypeVar("Handler", bound=Callable[..., Any])


@dataclass(frozen=True)
class Answer:
    """An answer that is no problem: mostly a JSON document; without a media type it has no body.

    `headers` come with it, besides X-Request-ID. `links` names operations that take the answer's id in their path.
    `other_types` are media types of text in which it comes if that is asked for.
    """

    description: str
    schema: type[Schema] | Mapping[str, Any] | None = None
    example: Any = None
    headers: Sequence[str] = ()
    media_type: str = "application/json"
    links: Sequence[str] = ()
    other_types: Sequence[str] = ()


@dataclass
class Operation:
    """The record of one handler."""

    caller: Literal["admin", "table"] | None = None
    roles: Sequence[str] = ()  # of an admin
    body: type[BodySchema] | None = None
    is_body_required: bool = True
    query: type[QuerySchema] | None = None
    headers: list[str] = field(default_factory=list)
    answers: dict[int, Answer] = field(default_factory=dict)
    problems: list[type[DomainError]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    events: Mapping[str, type[Schema]] = field(default_factory=dict)


def operation_of(handler: Callable[..., Any]) -> Operation:
    """The handler's record, made by its first decorator. functools.wraps hands it on from one to the next."""
    return vars(handler).setdefault("operation", Operation())


def may_answer(
    status: int,
    description: str,
    schema: type[Schema] | Mapping[str, Any] | None = None,
    *,
    example: Any = None,
    headers: Sequence[str] = (),
    media_type: str = "application/json",
    links: Sequence[str] = (),
    other_types: Sequence[str] = (),
) -> Callable[[Handler], Handler]:
    """Say that the handler may answer so. Without an example, the schema's own is shown."""
    if example is None:
        example = getattr(schema, "example", None)
    answer = Answer(description, schema, example, headers, media_type if schema else "", links, other_types)

    def decorate(handler: Handler) -> Handler:
        operation_of(handler).answers[status] = answer
        return handler

    return decorate


def may_refuse(*errors: type[DomainError]) -> Callable[[Handler], Handler]:
    """Say which problems the handler raises itself. Those that its other decorators raise are known."""

    def decorate(handler: Handler) -> Handler:
        operation_of(handler).problems.extend(errors)
        return handler

    return decorate


def reads_header(name: str) -> Callable[[Handler], Handler]:
    """Say that the handler reads this header of the request."""

    def decorate(handler: Handler) -> Handler:
        operation_of(handler).headers.append(name)
        return handler

    return decorate


def described_by(*paragraphs: str) -> Callable[[Handler], Handler]:
    """Add paragraphs, which several operations share, to the description in the handler's docstring."""

    def decorate(handler: Handler) -> Handler:
        operation_of(handler).notes.extend(paragraphs)
        return handler

    return decorate
