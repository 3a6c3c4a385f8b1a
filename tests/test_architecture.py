"""docs/architecture.md draws the imports as they are."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.management.running import CHECKOUT

PACKAGE = CHECKOUT / "tableorder"
LEFT_OUT = {"domain", "config", "environment", "logs", "metric_files", "metrics", "progress", "settings", "standing"}


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


def test_every_room_is_described():
    described = set(re.findall(r"^\| `(\w+)` \|", (CHECKOUT / "docs" / "architecture.md").read_text(), re.MULTILINE))
    rooms = {path.name for path in PACKAGE.iterdir() if (path / "__init__.py").exists() or (path / "app.py").exists()}
    assert rooms - LEFT_OUT <= described
