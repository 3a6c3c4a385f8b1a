"""Answers: JSON that PostgreSQL built, handed on as it is, or a few fields of ours."""

import json
from collections.abc import Mapping

from flask import Response


def document(text: str | bytes, status: int = 200) -> Response:
    """An answer whose JSON is already written."""
    return Response(text, status, content_type="application/json")


def fields(values: Mapping[str, object], status: int = 200) -> Response:
    """An answer of a few fields."""
    return document(json.dumps(values, ensure_ascii=False), status)
