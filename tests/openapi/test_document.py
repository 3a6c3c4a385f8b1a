"""The OpenAPI document: valid, whole, and with nothing in it that is not there."""

from __future__ import annotations

import re

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from tableorder.blueprints import find_nouns
from tableorder.config import Config
from tableorder.domain.errors import errors_by_code
from tableorder.openapi.document import build_document
from tableorder.openapi.problems import PROBLEMS
from tableorder.stream.app import PATHS
from tableorder.web.app import create_app


@pytest.fixture(scope="module")
def app():
    config = Config.from_environment({"DATABASE_URL": "postgresql:///x", "JWT_SECRET_KEY": "x" * 32})
    return create_app(config, find_nouns())


@pytest.fixture(scope="module")
def document(app):
    return build_document(app)


def operations(document):
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield path, method.upper(), operation


def test_it_is_valid(document):
    assert [error.message for error in OpenAPIV31SpecValidator(document).iter_errors()] == []


def test_it_has_every_route_and_no_other(app, document):
    routes = {
        (re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule), method)
        for rule in app.url_map.iter_rules()
        for method in rule.methods - {"HEAD", "OPTIONS"}
        if not rule.endpoint.endswith(".static")  # the files of the page
    }
    assert len(routes) > 30
    described = {(path, method) for path, method, _ in operations(document)}
    assert described == routes | {(path, "GET") for path in PATHS}


def test_each_operation_says_what_it_is_for_and_what_it_answers(document):
    for path, method, operation in operations(document):
        assert operation["summary"] and not operation["summary"].endswith("."), (method, path)
        assert [status for status in operation["responses"] if status < "400"], (method, path)


def test_each_operation_has_a_name_of_its_own_and_says_who_may_call_it(document):
    names = [operation["operationId"] for _, _, operation in operations(document)]
    assert len(set(names)) == len(names)
    for path, _, operation in operations(document):
        wanted = {"/api/v1/admin/": ["adminToken"], "/api/v1/customer/": ["tableToken"]}
        schemes = next((scheme for prefix, scheme in wanted.items() if path.startswith(prefix)), [])
        if path in ("/api/v1/auth/logout", "/api/v1/auth/password", "/api/v1/auth/pin"):  # one's own
            schemes = ["adminToken"]
        if path.endswith("/sse"):
            schemes = [*schemes, "streamTicket"]
        assert [name for scheme in operation["security"] for name in scheme] == schemes, path


def test_it_has_every_problem_and_no_other(document):
    used = {code for code in PROBLEMS if f"#/components/examples/{code}" in str(document)}
    assert used == set(PROBLEMS) - {"method_not_allowed"}  # of no operation
    assert set(errors_by_code()) - set(PROBLEMS) == {"store_not_found"}  # the commands' alone
    assert set(PROBLEMS) == set(document["components"]["examples"])


def test_every_example_is_one(document):
    checked = 0
    for content in contents(document):
        alone = [{"value": content["example"]}] if "example" in content else []
        for example in [*content.get("examples", {}).values(), *alone]:
            if "$ref" in example:
                example = document["components"]["examples"][example["$ref"].split("/")[-1]]
            schema = content["schema"] | {"components": document["components"]}
            Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER).validate(example["value"])
            checked += 1
    assert checked > 100


def contents(node):
    """Every media type object in the document."""
    if isinstance(node, dict):
        for name, member in node.items():
            if name == "content":
                yield from member.values()
            else:
                yield from contents(member)
    elif isinstance(node, list):
        for member in node:
            yield from contents(member)


def test_a_feeds_description_names_every_event(document):
    """The page shows descriptions, and no extensions such as x-events."""
    feeds = [operation for _, _, operation in operations(document) if "x-events" in operation]
    assert len(feeds) == len(PATHS)
    for feed in feeds:
        for event, schema in feed["x-events"].items():
            assert f"| `{event}` | {schema['$ref'].split('/')[-1]} |" in feed["description"]


def test_it_is_built_once(app):
    client = app.test_client()
    first = client.get("/openapi.json")
    built = app.extensions["tableorder.openapi"]
    assert client.get("/openapi.json").data == first.data == built
    assert app.extensions["tableorder.openapi"] is built
