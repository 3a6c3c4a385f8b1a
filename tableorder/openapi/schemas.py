"""From marshmallow's schemas to JSON Schema, for the fields that are our own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from apispec.ext.marshmallow.common import resolve_schema_cls
from apispec.ext.marshmallow.openapi import OpenAPIConverter
from apispec.ext.marshmallow.schema_resolver import SchemaResolver
from marshmallow import Schema, fields

from tableorder.schemas.base import BodySchema, QuerySchema


class SchemaPlugin(MarshmallowPlugin):
    """apispec's plugin, which knows our fields and how our schemas are named."""

    converter: OpenAPIConverter
    resolver: SchemaResolver

    def __init__(self) -> None:
        super().__init__(schema_name_resolver=name_of)

    def init_spec(self, spec: APISpec) -> None:
        super().init_spec(spec)
        for kind in _own_fields(fields.Field):
            self.map_to_openapi_type(kind, *kind.json_type)  # type: ignore[no-untyped-call]
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
    if not field.allow_none and ret.get("default", ...) is None:
        del ret["default"]  # what is left out loads as None, and cannot be sent
    return getattr(field, "json_rules", {})


def _own_fields(kind: type[fields.Field[Any]]) -> Iterator[Any]:
    """The classes of fields below `kind` that say how JSON Schema calls them (schemas/fields.py)."""
    for child in kind.__subclasses__():
        if "json_type" in vars(child):
            yield child
        yield from _own_fields(child)
