"""docs/architecture.md draws the imports as they are."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.management.running import CHECKOUT

PACKAGE = CHECKOUT / "tableorder"
LEFT_OUT = {
    "domain",
    "commands",
    "config",
    "environment",
    "logs",
    "metric_files",
    "metrics",
    "progress",
    "settings",
    "standing",
}


def imports() -> Iterator[tuple[str, str]]:
    """Which room imports from which."""
    for file in PACKAGE.rglob("*.py"):
        room = file.relative_to(PACKAGE).parts[0].removesuffix(".py")
        for name in imported(file):
            parts = name.split(".")
            if parts[0] == "tableorder" and len(parts) > 1 and parts[1] != room:
                yield room, parts[1]


def imported(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module == "tableorder":
            yield from (f"tableorder.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


def test_the_drawing_is_what_the_imports_are():
    drawn = set(re.findall(r"^    (\w+) --> (\w+)$", (CHECKOUT / "docs" / "architecture.md").read_text(), re.MULTILINE))
    assert drawn == {edge for edge in imports() if not LEFT_OUT & set(edge)}


def test_the_domain_imports_nobody():
    assert [target for room, target in imports() if room == "domain"] == []


def test_the_stream_process_loads_no_framework():
    """It needs none, and each would cost it memory and a slower start."""
    program = "import sys, tableorder.stream.app; print({'flask', 'werkzeug', 'marshmallow'} & {*sys.modules})"
    done = subprocess.run([sys.executable, "-c", program], cwd=CHECKOUT, capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


def test_the_protocol_knows_neither_flask_nor_the_database():
    loaded = {name.split(".")[0] for file in (PACKAGE / "http").glob("*.py") for name in imported(file)}
    assert loaded & {"flask", "werkzeug", "marshmallow", "psycopg2", "gunicorn"} == set()
    assert {target for room, target in imports() if room == "http"} == {"domain"}


def test_a_handler_loads_calls_and_answers():
    """In 15 lines at most, besides its docstring and its comments."""
    handlers = [node for file in (PACKAGE / "blueprints").glob("*.py") for node in handlers_of(file)]
    assert len(handlers) > 30
    assert [node.name for node in handlers if len(ast.unparse(node.body[1:]).splitlines()) > 15] == []


def test_a_handler_that_changes_something_writes():
    """`writing` notifies the feed. Tickets, approvals, codes and enrolments are no events: nobody looks for them."""
    changing = re.compile(r"blueprint\.(post|put|patch|delete)\b")
    silent = set()
    for file in (PACKAGE / "blueprints").glob("*.py"):
        for node in handlers_of(file):
            if changing.search(" ".join(map(ast.unparse, node.decorator_list))) and calls(node, "connect", "reading"):
                silent.add(node.name)
    assert silent == {"add_admin_ticket", "add_table_ticket", "add_approval", "add_enrolment", "enrol_device"}


def calls(function: ast.FunctionDef, *names: str) -> bool:
    found = {
        node.func.id for node in ast.walk(function) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }
    return not found.isdisjoint(names)


def handlers_of(file: Path) -> Iterator[ast.FunctionDef]:
    """The functions with a route, each of which has a docstring."""
    for node in ast.parse(file.read_text()).body:
        if isinstance(node, ast.FunctionDef) and "blueprint." in "".join(map(ast.unparse, node.decorator_list)):
            assert ast.get_docstring(node), node.name
            yield node


def test_every_room_is_described():
    described = set(re.findall(r"^\| `(\w+)` \|", (CHECKOUT / "docs" / "architecture.md").read_text(), re.MULTILINE))
    rooms = {path.name for path in PACKAGE.iterdir() if (path / "__init__.py").exists()}
    assert rooms - LEFT_OUT <= described
