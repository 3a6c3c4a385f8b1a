"""The whole document, derived from the routes and from what the decorators of their handlers say."""

from __future__ import annotations

import inspect
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from importlib.metadata import version
from typing import Any, cast

from apispec import APISpec
from flask import Flask

from tableorder.http.problems import MEDIA_TYPE
from tableorder.openapi import components, feeds, problems
from tableorder.openapi.schemas import SchemaPlugin, name_of
from tableorder.schemas.base import BodySchema, ChangeSchema
from tableorder.web.nouns import Noun
from tableorder.web.operations import Answer, Operation, operation_of

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

# Which headings come first, in this order; the others follow by name.
FIRST = ("Logging in", "Orders", "Live feeds", "Menus", "Categories", "Tables and their sessions", "The books")


@dataclass(frozen=True)
class Route:
    """An operation at its place, with what its handler's docstring says."""

    path: str
    method: str
    name: str
    heading: str
    needs_database: bool
    operation: Operation
    summary: str
    description: str

    @property
    def ids(self) -> list[str]:
        """The names of the ids in the path."""
        return re.findall(r"{(\w+)}", self.path)


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


def build_document(app: Flask) -> dict[str, Any]:
    """The OpenAPI document of the application's routes and of the live feeds. None may lack a docstring."""
    routes = [*_routes(app), *_feeds()]
    plugin = SchemaPlugin()
    spec = APISpec(
        title="tableorder",
        version=version("tableorder"),
        openapi_version="3.1.0",
        plugins=[plugin],
        info={"description": DESCRIPTION, "license": {"name": "MIT", "identifier": "MIT"}},
        servers=[{"url": "/"}],
        tags=[{"name": heading} for heading in sorted({route.heading for route in routes}, key=_place)],
    )
    _add_components(spec, routes)
    paths: dict[str, dict[str, Any]] = defaultdict(dict)
    for route in routes:
        paths[route.path][route.method] = _describe(route, plugin, routes)
    for path, operations in sorted(paths.items()):
        spec.path(path, operations=operations)
    return spec.to_dict()


def _routes(app: Flask) -> Iterator[Route]:
    for rule in app.url_map.iter_rules():
        blueprint, _, name = rule.endpoint.rpartition(".")
        noun = cast("Noun", app.blueprints[blueprint])
        if name == "static":
            continue
        path = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule)
        suffix = blueprint.removeprefix(noun.name)
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            yield _route(app.view_functions[rule.endpoint], path, method, noun.heading, noun.needs_database, suffix)


def _feeds() -> Iterator[Route]:
    """Those of the stream process, which are not among the application's routes."""
    for path, handler in feeds.PATHS.items():
        yield _route(handler, path, "GET", feeds.HEADING, True)


def _route(
    handler: Callable[..., Any], path: str, method: str, heading: str, needs_database: bool, suffix: str = ""
) -> Route:
    summary, _, description = inspect.cleandoc(handler.__doc__ or "").partition("\n\n")
    operation = operation_of(handler)
    return Route(
        path=path,
        method=method.lower(),
        name=handler.__name__ + suffix,
        heading=heading,
        needs_database=needs_database,
        operation=operation,
        summary=summary.removesuffix("."),
        description="\n\n".join(filter(None, [description, *operation.notes])),
    )


def _place(heading: str) -> tuple[int, str]:
    return (FIRST.index(heading) if heading in FIRST else len(FIRST)), heading


def _add_components(spec: APISpec, routes: Sequence[Route]) -> None:
    for name, scheme in components.SECURITY_SCHEMES.items():
        spec.components.security_scheme(name, scheme)
    for name, header in components.HEADERS.items():
        spec.components.header(name, header)
    for name, parameter in components.PARAMETERS.items():
        spec.components.parameter(name, "header", {"name": name, **parameter})
    spec.components.schema("Problem", schema=problems.Problem)
    for route in routes:
        if (schema := route.operation.body) and issubclass(schema, ChangeSchema):
            spec.components.schema(name_of(schema), {"minProperties": 1}, schema=schema)
    for code, (_, detail, _) in problems.PROBLEMS.items():
        spec.components.example(code, {"summary": detail, "value": problems.example(code)})
    for codes, name in SHARED.items():
        spec.components.response(name, _problem(codes))


def _describe(route: Route, plugin: SchemaPlugin, routes: Sequence[Route]) -> dict[str, Any]:
    operation = route.operation
    described: dict[str, Any] = {
        "operationId": route.name,
        "tags": [route.heading],
        "summary": route.summary,
        "security": _security(operation),
        "parameters": _parameters(route, plugin),
        "responses": {
            **{str(status): _answer(status, answer, routes) for status, answer in sorted(operation.answers.items())},
            **_problems(route),
        },
    }
    if route.description:
        described["description"] = route.description
    if operation.body:
        described["requestBody"] = _body(operation.body, operation.is_body_required)
    if operation.events:
        described["x-events"] = {name: plugin.refer(schema) for name, schema in operation.events.items()}
    return described


def _security(operation: Operation) -> list[dict[str, list[str]]]:
    schemes = ([components.TOKENS[operation.caller]] if operation.caller else []) + (
        [components.TICKET] if operation.events else []
    )
    return [{name: []} for name in schemes]


def _parameters(route: Route, plugin: SchemaPlugin) -> list[Any]:
    operation = route.operation
    in_path = [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": components.SHA256 if name == "sha256" else components.ID,
        }
        for name in route.ids
    ]
    in_query = plugin.query_parameters(operation.query) if operation.query else []
    return [*in_path, *in_query, *operation.headers, "X-Request-ID"]


def _body(schema: type[BodySchema], is_required: bool) -> dict[str, Any]:
    examples = {name: {"value": value} for name, value in schema.examples.items()}
    return {"required": is_required, "content": {"application/json": {"schema": schema, "examples": examples}}}


def _answer(status: int, answer: Answer, routes: Sequence[Route]) -> dict[str, Any]:
    described: dict[str, Any] = {"description": answer.description, "headers": _headers(answer.headers)}
    if answer.media_type:
        content: dict[str, Any] = {"schema": answer.schema}
        if answer.example is not None:
            content["example"] = answer.example
        texts = {media_type: {"schema": {"type": "string"}} for media_type in answer.other_types}
        described["content"] = {answer.media_type: content, **texts}
    if links := {route.name: route.ids[-1] for route in _next(status, answer, routes)}:
        described["links"] = {
            name: {"operationId": name, "parameters": {identifier: f"$response.body#/{identifier}"}}
            for name, identifier in links.items()
        }
    return described


def _next(status: int, answer: Answer, routes: Sequence[Route]) -> Iterator[Route]:
    """The operations that an answer leads to: those it names, and all that take the id of what was made."""
    made = None
    if status == HTTPStatus.CREATED and isinstance(answer.schema, type):
        made = next(iter(answer.schema().fields))
    for route in routes:
        if route.name in answer.links or (route.ids and route.ids[-1] == made):
            yield route


def _problems(route: Route) -> dict[str, Any]:
    """By status, the problems of the operation: those that it shares with others of its kind, and its own."""
    operation = route.operation
    codes = [
        *problems.OF_ANY,
        *(problems.OF_DATABASE if route.needs_database else ()),
        *(problems.OF_TOKEN if operation.caller else ()),
        *(problems.OF_PATH_ID if route.ids else ()),
        *(problems.OF_BODY if operation.body else ()),
        *(problems.OF_QUERY if operation.query and not operation.events else ()),
        *(error.code for error in operation.problems),
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
