"""What there is to say about a route, besides what the URL map knows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from marshmallow import Schema

from tableorder.schemas.base import QuerySchema

Document = Mapping[str, Any]


@dataclass(frozen=True)
class Answer:
    """An answer that is no problem: mostly a JSON document; without a media type it has no body.

    `headers` names those of parts.HEADERS that come with it, besides X-Request-ID. `links` says which operations take
    the id in the field of that name.
    """

    description: str
    schema: type[Schema] | Document | None = None
    example: Any = None
    headers: tuple[str, ...] = ()
    media_type: str = "application/json"
    links: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Body:
    """A request's JSON body, with examples by name."""

    schema: type[Schema]
    examples: Mapping[str, Document]
    required: bool = True


@dataclass(frozen=True)
class Operation:
    """One method of one path.

    `headers` names request headers of parts.PARAMETERS; `problems` are the codes of problems.PROBLEMS that are this
    operation's own, those that all such operations share are added. Of a live feed, `events` are what the data of each
    type of event is.
    """

    summary: str
    answers: Mapping[int, Answer]
    description: str = ""
    body: Body | None = None
    query: type[QuerySchema] | None = None
    headers: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    uses_database: bool = True
    events: Mapping[str, type[Schema]] = field(default_factory=dict)
