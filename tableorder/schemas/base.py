"""What all schemas share."""

from typing import Any

from marshmallow import EXCLUDE, RAISE, Schema, ValidationError, validates_schema


class BodySchema(Schema):
    """A request's JSON body; unknown fields are refused, so that a misspelt one is not silently ignored."""

    class Meta:
        unknown = RAISE


class ChangeSchema(BodySchema):
    """The body of a PATCH: any of its fields, one at least."""

    @validates_schema
    def require_a_change(self, data: dict[str, Any], **kwargs: Any) -> None:
        if not data:
            raise ValidationError(f"Give at least one of: {', '.join(self.fields)}.")


class QuerySchema(Schema):
    """A request's query string; unknown parameters are ignored, as caches and proxies add their own."""

    class Meta:
        unknown = EXCLUDE
