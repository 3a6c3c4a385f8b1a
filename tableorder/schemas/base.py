"""What all schemas share."""

import copy
from collections.abc import Mapping
from itertools import islice
from typing import Any, ClassVar

from marshmallow import EXCLUDE, RAISE, Schema, ValidationError, fields, missing, pre_load, validates_schema

MAX_ERRORS = 20  # listed at once


class BodySchema(Schema):
    """A request's JSON body. A field that is neither its own nor its `answer`'s is refused: it may be a misspelt one.

    `answer` is what the same thing is answered as. Its other fields are ignored, so that a client may send back what it
    was given. `examples`, by name, are for the description of the API. A body has no more than `most_bytes`, or than
    MAX_BODY_BYTES if pictures may come with it, or than MAX_DOCUMENT_BYTES if it is a whole document. What is wrong
    with a document is told by JSON pointers (RFC 6901).
    """

    answer: ClassVar[type[Schema] | None] = None
    takes_pictures: ClassVar[bool] = False
    is_document: ClassVar[bool] = False
    most_bytes: ClassVar[int] = 16 * 1024
    examples: ClassVar[Mapping[str, Any]] = {}

    class Meta:
        unknown = RAISE

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._ignored = self.answer().fields.keys() - self.fields.keys() if self.answer else frozenset()

    @pre_load
    def drop_ignored(self, data: Any, **kwargs: Any) -> Any:
        """The body without what is ignored, and with no more unknown fields than are listed."""
        if not isinstance(data, Mapping) or data.keys() <= self.fields.keys():
            return data
        unknown = (name for name in data if name not in self.fields and name not in self._ignored)
        kept = {*self.fields, *islice(unknown, MAX_ERRORS)}
        return {name: value for name, value in data.items() if name in kept}


class ChangeSchema(BodySchema):
    """The body of a PATCH: any of its fields, one at least."""

    @validates_schema
    def require_a_change(self, data: dict[str, Any], **kwargs: Any) -> None:
        if not data:
            raise ValidationError(f"Give at least one of: {', '.join(self.fields)}.")


def changes_of(schema: type[BodySchema], *, examples: Mapping[str, Any]) -> type[ChangeSchema]:
    """The body of the PATCH that goes with a POST: any of its fields, one at least, none with a default."""
    members = {name: left_out(field) for name, field in schema._declared_fields.items()}
    name = schema.__name__.removesuffix("Schema") + "ChangeSchema"
    inherited = {"answer": schema.answer, "takes_pictures": schema.takes_pictures, "__module__": schema.__module__}
    return type(name, (ChangeSchema,), {**members, **inherited, "examples": examples})


def left_out(field: fields.Field[Any]) -> fields.Field[Any]:
    """A copy of the field that may be left out."""
    optional = copy.copy(field)
    optional.required, optional.load_default = False, missing
    return optional


class QuerySchema(Schema):
    """A request's query string; unknown parameters are ignored, as caches and proxies add their own."""

    class Meta:
        unknown = EXCLUDE
