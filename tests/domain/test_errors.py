"""The errors: each has a code of its own, can be made from its values, and is raised somewhere, with all of them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from string import Formatter

import pytest

from tableorder.domain import errors
from tableorder.domain.errors import DomainError, errors_by_code, refusal
from tests.management.running import CHECKOUT

TREES = [
    ast.parse(path.read_text())
    for path in (CHECKOUT / "tableorder").rglob("*.py")
    if path.relative_to(CHECKOUT).parts[1:] != ("domain", "errors.py")
]
STATEMENTS = {path.name: path.read_text() for path in (CHECKOUT / "tableorder" / "repositories").glob("*.sql")}
ERRORS = {kind.__name__: kind for kind in errors_by_code().values()}


def test_each_has_a_code_of_its_own():
    own = {
        kind
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, DomainError) and "code" in vars(kind)
    }
    assert set(errors_by_code().values()) == own
    assert len(own) > 30


@pytest.mark.parametrize("code", errors_by_code())
def test_each_is_made_of_its_example(code):
    error = refusal(code, errors_by_code()[code].example)
    assert error.code == code and error.detail and "{" not in error.detail
    assert set(error.told()) <= set(error.members)


def test_what_a_statement_tells_besides_is_left_out():
    error = refusal("menu_sold_out", {"menu_id": 7, "item": 2, "wait": 3})
    assert (error.detail, error.told()) == ("menu 7 is sold out", {"menu_id": 7, "item": 2})


def calls() -> Iterator[tuple[type[DomainError], ast.Call]]:
    for tree in TREES:
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ERRORS:
                yield ERRORS[node.func.id], node


def test_each_is_made_with_the_values_of_its_text():
    """Or with another text. A value that is missing would be found out only when somebody is refused."""
    made = list(calls())
    assert len(made) > 20
    for kind, call in made:
        given = {keyword.arg for keyword in call.keywords}
        needed = {name for _, name, _, _ in Formatter().parse(kind.detail) if name}
        assert given <= needed | {*kind.members, "retry_after"}, ast.unparse(call)
        assert call.args or needed <= given, ast.unparse(call)


def test_none_is_without_use():
    named = {node.id for tree in TREES for node in ast.walk(tree) if isinstance(node, ast.Name)}
    refused = {word for text in STATEMENTS.values() for word in re.findall(r"'(\w+)'", text)}
    assert {name for name, kind in ERRORS.items() if name not in named and kind.code not in refused} == set()


@pytest.mark.parametrize("name", STATEMENTS)
def test_each_refusal_of_a_statement_is_one(name):
    cases = re.findall(r"CASE\b.*?\bEND AS refusal", STATEMENTS[name], re.DOTALL)
    assert {word for case in cases for word in re.findall(r"THEN\s+'(\w+)'", case)} <= {*errors_by_code()}
    assert len(cases) == STATEMENTS[name].count("END AS refusal")
