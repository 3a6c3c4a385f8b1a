"""A client that knows nothing but what /openapi.json says, and holds each answer against it."""

from __future__ import annotations

import copy
import re
from typing import Any

import requests
from jsonschema import Draft202012Validator

from tests.api.client import TIMEOUT, Client


class OpenApiClient:
    """Calls operations by name. An answer must be as described, with no field more; `called` are those that were."""

    def __init__(self, base: str) -> None:
        self.base = base
        self.document = requests.get(f"{base}/openapi.json", timeout=TIMEOUT).json()
        self.components = copy.deepcopy(self.document["components"])
        for schema in self.components["schemas"].values():
            schema.setdefault("additionalProperties", False)
        self.operations = {
            operation["operationId"]: (method, path, operation)
            for path, methods in self.document["paths"].items()
            for method, operation in methods.items()
        }
        self.called: set[str] = set()

    def call(
        self,
        name: str,
        status: int,
        body: Any = None,
        *,
        by: Client | None = None,
        headers: dict[str, str] | None = None,
        query: dict[str, Any] | None = None,
        **ids: int,
    ) -> Any:
        """The answer's JSON, or None without a body."""
        method, path, operation = self.operations[name]
        sent = dict(headers or {}) | ({"Authorization": f"Bearer {by.token}"} if by else {})
        url = self.base + path.format(**ids)
        response = requests.request(method, url, json=body, headers=sent, params=query, timeout=TIMEOUT)
        assert response.status_code == status, response.text
        self.called.add(name)
        return self.judge(operation, response)

    def name_of(self, method: str, path: str) -> str:
        """The operation of a path, whatever the ids in it are called."""
        wanted = method.lower(), _without_names(path)
        [name] = [name for name, (by, at, _) in self.operations.items() if (by, _without_names(at)) == wanted]
        return name

    def check(self, schema: Any, value: Any) -> None:
        """Raises if `value` is not as `schema`, part of the document, says."""
        whole = schema | {"components": self.components}
        Draft202012Validator(whole, format_checker=Draft202012Validator.FORMAT_CHECKER).validate(value)

    def judge(self, operation: Any, response: requests.Response) -> Any:
        """The answer's JSON, or None without a body. Raises if it is not as described."""
        answer = operation["responses"][str(response.status_code)]
        if "$ref" in answer:
            answer = self.components["responses"][answer["$ref"].split("/")[-1]]
        for header in answer["headers"]:
            assert header in response.headers
        if "content" not in answer:
            assert not response.content
            return None
        content = answer["content"][response.headers["Content-Type"].split(";")[0]]
        value = response.json() if "json" in response.headers["Content-Type"] else response.text
        self.check(content["schema"], value)
        return value


def _without_names(path: str) -> str:
    return re.sub(r"{\w+}", "{}", path)
