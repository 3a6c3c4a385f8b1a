"""From marshmallow's schemas to JSON Schema, for the fields that are our own."""

from __future__ import annotations

from typing import Any, cast

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from apispec.ext.marshmallow.common import resolve_schema_cls
from apispec.ext.marshmallow.openapi import OpenAPIConverter
from apispec.ext.marshmallow.schema_resolver import SchemaResolver
from marshmallow import Schema, fields

from tableorder.domain.orders import MAX_ITEMS
from tableorder.domain.passwords import MAX_BYTES
from tableorder.schemas.base import BodySchema, QuerySchema
from tableorder.schemas.cursors import Cursor
from tableorder.schemas.fields import Boolean, ImageDataUrl, Integer, OptionalText, Password, SessionId, Text
from tableorder.schemas.history import Day
from tableorder.schemas.menus import MAX_MENUS, MenuIds
from tableorder.schemas.orders import Items

NO_NUL = "^[^\\u0000]*$"
NOT_BLANK = "^[^\\u0000]*[^\\s\\u0000][^\\u0000]*$"

TYPES: dict[type[fields.Field[Any]], tuple[str, str | None]] = {
    Integer: ("integer", None),
    Boolean: ("boolean", None),
    Text: ("string", "visible-text"),
    OptionalText: ("string", "visible-text"),
    Password: ("string", "password"),
    ImageDataUrl: ("string", "image-data-url"),
    Day: ("string", "date"),
    SessionId: ("string", "uuid"),
    Cursor: ("string", "cursor"),
}

RULES: dict[type[fields.Field[Any]], dict[str, Any]] = {
    Password: {
        "maxLength": MAX_BYTES,
        "pattern": NO_NUL,
        "description": f"at most {MAX_BYTES} bytes in UTF-8",
    },
    ImageDataUrl: {"description": "a real picture of at most 2 MiB: `data:image/png;base64,…`, or jpeg, webp or gif"},
    SessionId: {"pattern": "^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$"},
    Cursor: {"description": "the `next_cursor` of the page before"},
    MenuIds: {"minItems": 1, "maxItems": MAX_MENUS, "uniqueItems": True},
    Items: {"minItems": 1, "maxItems": MAX_ITEMS},
}


class SchemaPlugin(MarshmallowPlugin):
    """apispec's plugin, which knows our fields and how our schemas are named."""

    converter: OpenAPIConverter
    resolver: SchemaResolver

    def __init__(self) -> None:
        super().__init__(schema_name_resolver=name_of)

    def init_spec(self, spec: APISpec) -> None:
        super().init_spec(spec)
        for kind, type_and_format in TYPES.items():
            self.map_to_openapi_type(kind, *type_and_format)  # type: ignore[no-untyped-call]
        self.converter.add_attribute_function(_rules_of)  # type: ignore[no-untyped-call]

    def query_parameters(self, schema: type[QuerySchema]) -> list[dict[str, Any]]:
        """The parameters of a query. One that is left out loads as None; none can be given as null."""
        parameters = self.converter.schema2parameters(schema, location="query")
        for parameter in parameters:
            values = parameter["schema"]
            if isinstance(values["type"], list):
                values["type"] = values["type"][0]
            if values.get("default", ...) is None:
                del values["default"]
        return parameters

    def refer(self, schema: type[Schema]) -> Any:
        """A reference to the component of `schema`, which is made if need be."""
        return self.resolver.resolve_schema_dict(schema)  # type: ignore[no-untyped-call]


def name_of(schema: type[Schema] | Schema | str) -> str:
    """What a schema is called: a body is not to be confused with the document that answers it."""
    kind = cast("type[Schema]", resolve_schema_cls(schema))
    name = kind.__name__
    return name.removesuffix("Schema") + "Body" if issubclass(kind, BodySchema) else name


def _rules_of(converter: object, field: fields.Field[Any], *, ret: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
    if isinstance(field, OptionalText):
        return {"maxLength": field.most, "pattern": NO_NUL}
    if isinstance(field, Text):
        return {} if "enum" in ret else {"minLength": 1, "maxLength": field.most, "pattern": NOT_BLANK}
    if isinstance(field, Password):
        return RULES[Password] | {"minLength": field.least}
    return RULES.get(type(field), {})
