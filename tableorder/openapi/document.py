"""The whole document: what each noun's file says of its routes, put together with what the URL map knows of them."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from importlib.metadata import version
from typing import Any

from apispec import APISpec
from werkzeug.routing import Map

from tableorder.http.problems import MEDIA_TYPE
from tableorder.openapi import (
    categories,
    docs,
    health,
    history,
    logins,
    menus,
    metrics,
    orders,
    parts,
    problems,
    screens,
    sessions,
    streams,
    tables,
    voids,
)
from tableorder.openapi.operations import Answer, Body, Operation
from tableorder.openapi.schemas import SchemaPlugin, name_of
from tableorder.schemas.base import ChangeSchema

DESCRIPTION = """\
The backend of in-restaurant table ordering. A tablet logs in to its table and orders; the counter follows the orders,
moves them along and ends the table's session.

Money is in won, whole. Times have an offset. An id of another restaurant is unknown: 404. Errors are problem documents
(RFC 9457, `application/problem+json`), with a stable `code`. Every answer has an `X-Request-ID`. After a 503 or 429 try
again, not before `Retry-After`.

Texts and passwords are normalised (NFC) and trimmed, and their lengths are counted then. What nobody sees is refused:
control characters, fillers, marks that turn the direction of text. Lines may be broken in a description alone.

A request may carry the fields of the answer for the same thing: they are ignored. Any other unknown field is refused,
and so is a key that comes twice. A body has 16 kB at most, unless it may hold a picture."""

# By the blueprint's name: the operations, the tag and what it is about.
NOUNS: dict[str, tuple[Mapping[str, Operation], str]] = {
    "logins": (logins.OPERATIONS, "Logging in"),
    "orders": (orders.OPERATIONS, "Orders"),
    "streams": (streams.OPERATIONS, "Live feeds"),
    "menus": (menus.OPERATIONS, "Menus"),
    "categories": (categories.OPERATIONS, "Categories"),
    "tables": (tables.OPERATIONS, "Tables and their sessions"),
    "sessions": (sessions.OPERATIONS, "Tables and their sessions"),
    "history": (history.OPERATIONS, "The books"),
    "voids": (voids.OPERATIONS, "The books"),
    "health": (health.OPERATIONS, "Health"),
    "health_v1": (health.OPERATIONS, "Health"),
    "metrics": (metrics.OPERATIONS, "Health"),
    "docs": (docs.OPERATIONS, "Documentation"),
    "screens": (screens.OPERATIONS, "Screens"),
}


@dataclass(frozen=True)
class Route:
    """An operation at its place."""

    path: str
    method: str
    name: str
    tag: str
    operation: Operation


# The answers that are the same for many operations, by the codes of their problems.
SHARED: dict[tuple[str, ...], str] = {
    problems.OF_ANY: "Crash",
    problems.OF_DATABASE: "Unavailable",
    problems.OF_QUERY: "BadQuery",
    ("json_invalid", "validation_failed", "value_out_of_range"): "BadBody",
    ("request_entity_too_large",): "TooLarge",
    ("unsupported_media_type",): "NotJson",
    ("token_missing", "token_invalid", "token_expired"): "NoToken",
    ("forbidden",): "WrongRole",
    ("not_found",): "NoSuchPath",
}


def build_document(url_map: Map) -> dict[str, Any]:
    """The OpenAPI document of the routes in `url_map` and of the live feeds. Raises KeyError for an unknown route."""
    plugin = SchemaPlugin()
    spec = APISpec(
        title="tableorder",
        version=version("tableorder"),
        openapi_version="3.1.0",
        plugins=[plugin],
        info={"description": DESCRIPTION, "license": {"name": "MIT", "identifier": "MIT"}},
        servers=[{"url": "/"}],
        tags=[{"name": name} for name in dict.fromkeys(tag for _, tag in NOUNS.values())],
    )
    _add_components(spec)
    paths: dict[str, dict[str, Any]] = defaultdict(dict)
    for route in [*_routes(url_map), *_streams()]:
        paths[route.path][route.method] = _describe(route, plugin)
    for path, operations in sorted(paths.items()):
        spec.path(path, operations=operations)
    return spec.to_dict()


def _routes(url_map: Map) -> Iterator[Route]:
    for rule in url_map.iter_rules():
        noun, _, name = rule.endpoint.partition(".")
        if name == "static":
            continue
        operations, tag = NOUNS[noun]
        path = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule)
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            suffix = "_v1" if noun.endswith("_v1") else ""
            yield Route(path, method.lower(), name + suffix, tag, operations[name])


def _streams() -> Iterator[Route]:
    for path, operation in streams.STREAMS.items():
        name = "follow_store" if "/admin/" in path else "follow_session"
        yield Route(path, "get", name, NOUNS["streams"][1], operation)


def _operations() -> Iterator[Operation]:
    for operations, _ in NOUNS.values():
        yield from operations.values()


def _add_components(spec: APISpec) -> None:
    for name, scheme in parts.SECURITY_SCHEMES.items():
        spec.components.security_scheme(name, scheme)
    for name, header in parts.HEADERS.items():
        spec.components.header(name, header)
    for name, parameter in parts.PARAMETERS.items():
        spec.components.parameter(name, "header", {"name": name, **parameter})
    spec.components.schema("Problem", schema=problems.Problem)
    for operation in _operations():
        if operation.body and issubclass(operation.body.schema, ChangeSchema):
            schema = operation.body.schema
            spec.components.schema(name_of(schema), {"minProperties": 1}, schema=schema)
    for code, (_, detail) in problems.PROBLEMS.items():
        spec.components.example(code, {"summary": detail, "value": problems.example(code)})
    for codes, name in SHARED.items():
        spec.components.response(name, _problem(codes))


def _describe(route: Route, plugin: SchemaPlugin) -> dict[str, Any]:
    operation = route.operation
    described: dict[str, Any] = {
        "operationId": route.name,
        "tags": [route.tag],
        "summary": operation.summary,
        "security": _security(route),
        "parameters": _parameters(route, plugin),
        "responses": {
            **{str(status): _answer(answer) for status, answer in operation.answers.items()},
            **_problems(route),
        },
    }
    if operation.description:
        described["description"] = operation.description
    if operation.body:
        described["requestBody"] = _body(operation.body)
    if operation.events:
        described["x-events"] = {name: plugin.refer(schema) for name, schema in operation.events.items()}
    return described


def _security(route: Route) -> list[dict[str, list[str]]]:
    scheme = parts.scheme_of(route.path)
    schemes = ([scheme] if scheme else []) + ([parts.TICKET] if route.operation.events else [])
    return [{name: []} for name in schemes]


def _parameters(route: Route, plugin: SchemaPlugin) -> list[Any]:
    operation = route.operation
    in_path = [
        {"name": name, "in": "path", "required": True, "schema": parts.ID}
        for name in re.findall(r"{(\w+)}", route.path)
    ]
    in_query = plugin.query_parameters(operation.query) if operation.query else []
    return [*in_path, *in_query, *operation.headers, "X-Request-ID"]


def _body(body: Body) -> dict[str, Any]:
    examples = {name: {"value": value} for name, value in body.examples.items()}
    return {"required": body.required, "content": {"application/json": {"schema": body.schema, "examples": examples}}}


def _answer(answer: Answer) -> dict[str, Any]:
    described: dict[str, Any] = {"description": answer.description, "headers": _headers(answer.headers)}
    if answer.media_type:
        content: dict[str, Any] = {"schema": answer.schema}
        if answer.example is not None:
            content["example"] = answer.example
        described["content"] = {answer.media_type: content}
    if answer.links:
        described["links"] = {
            name: {"operationId": name, "parameters": {identifier: f"$response.body#/{identifier}"}}
            for identifier, names in answer.links.items()
            for name in names
        }
    return described


def _problems(route: Route) -> dict[str, Any]:
    """By status, the problems of the operation: those that it shares with others of its kind, and its own."""
    operation = route.operation
    codes = [
        *problems.OF_ANY,
        *(problems.OF_DATABASE if operation.uses_database else ()),
        *(problems.OF_TOKEN if parts.scheme_of(route.path) else ()),
        *(problems.OF_PATH_ID if "{" in route.path else ()),
        *(problems.OF_BODY if operation.body else ()),
        *(problems.OF_QUERY if operation.query and not operation.events else ()),
        *operation.problems,
    ]
    by_status: dict[int, list[str]] = defaultdict(list)
    for code in codes:
        by_status[problems.PROBLEMS[code][0]].append(code)
    return {str(status): SHARED.get(tuple(codes)) or _problem(codes) for status, codes in sorted(by_status.items())}


def _problem(codes: Sequence[str]) -> dict[str, Any]:
    """The answer with a problem of one of these codes, all of one status."""
    status = HTTPStatus(problems.PROBLEMS[codes[0]][0])
    narrowed = {"type": "object", "properties": {"code": {"enum": [*codes]}}}
    content = {
        "schema": {"allOf": [{"$ref": "#/components/schemas/Problem"}, narrowed]},
        "examples": {code: {"$ref": f"#/components/examples/{code}"} for code in codes},
    }
    return {
        "description": f"{status.phrase}: {', '.join(codes)}",
        "headers": _headers(problems.HEADERS.get(status, ())),
        "content": {MEDIA_TYPE: content},
    }


def _headers(names: Sequence[str]) -> dict[str, Any]:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in ("X-Request-ID", *names)}
