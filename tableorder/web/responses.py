"""Answers: JSON that PostgreSQL built, handed on as it is, or a few fields of ours."""

import functools
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

from flask import Response
from marshmallow import Schema

from tableorder.web.operations import Handler, may_answer


def answers(
    schema: type[Schema] | Mapping[str, Any],
    description: str,
    status: int = 200,
    *,
    media_type: str = "application/json",
    headers: Sequence[str] = (),
    links: Sequence[str] = (),
    other_types: Sequence[str] = (),
) -> Callable[[Handler], Handler]:
    """Answer `status` with what the handler returns: JSON, or fields of it. A response of its own stays as it is."""
    declare = may_answer(
        status, description, schema, headers=headers, media_type=media_type, links=links, other_types=other_types
    )

    def decorate(handler: Handler) -> Handler:
        @functools.wraps(declare(handler))
        def answered(*args: Any, **kwargs: Any) -> Response:
            content = handler(*args, **kwargs)
            return content if isinstance(content, Response) else answer(content, status)

        return cast("Handler", answered)

    return decorate


def answer(content: str | bytes | Mapping[str, object], status: int = 200) -> Response:
    """An answer of JSON that is already written, or of a few fields."""
    text = json.dumps(content, ensure_ascii=False) if isinstance(content, Mapping) else content
    return Response(text, status, content_type="application/json")
