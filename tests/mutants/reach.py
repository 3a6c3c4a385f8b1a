"""Which tests run which lines: coverage measures it once, in the tests' process and in those that they start."""

from __future__ import annotations

import ast
import os
import re
import time
from collections import defaultdict
from pathlib import Path

from coverage import CoverageData

from tableorder.progress import say
from tests.management.running import CHECKOUT
from tests.mutants.trial import Copy

LONGEST = 600.0  # seconds for one test file

SITE = "import coverage\ncoverage.process_startup()\n"  # begins the measuring in each process of Python's
RULES = """\
[run]
data_file = {folder}/data
source = tableorder
parallel = true
sigterm = true
dynamic_context = test_function
"""


class Reach:
    """By source and line, the tests that run it: a file as a whole, if a process does that the file has started."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self.tried: set[str] = set()
        self._tests: dict[str, dict[int, set[str]]] = defaultdict(lambda: defaultdict(set))

    def measure(self, copy: Copy, test_file: str) -> None:
        """Run one test file. One that fails without any mistake is not asked."""
        self.tried.add(test_file)
        folder = copy.folder / "coverage" / test_file.replace("/", "-")
        folder.mkdir(parents=True)
        (folder / "sitecustomize.py").write_text(SITE)
        (folder / "rules").write_text(RULES.format(folder=folder))
        began = time.monotonic()
        path = os.pathsep.join(filter(None, [str(folder), os.environ.get("PYTHONPATH")]))
        passed, said = copy.test([test_file], LONGEST, PYTHONPATH=path, COVERAGE_PROCESS_START=str(folder / "rules"))
        if not passed:
            say(f"{test_file} fails without a mistake, so it is not asked:\n{said[-1000:]}")
            return
        self.seconds[test_file] = time.monotonic() - began
        measured = list(folder.glob("data.*"))
        assert measured, f"coverage measured nothing of {test_file}"
        for file in measured:
            self._add(copy, test_file, file)

    def _add(self, copy: Copy, test_file: str, file: Path) -> None:
        data = CoverageData(str(file))
        data.read()
        module = test_file.removesuffix(".py").replace("/", ".")
        for measured in data.measured_files():
            source = os.path.relpath(measured, copy.tree)
            for line, contexts in data.contexts_by_lineno(measured).items():
                for context in contexts:
                    name = context.removeprefix(f"{module}.")
                    self._tests[source][line].add(f"{test_file}::{name}" if name != context else test_file)

    def tests(self, path: str, line: int, source: str) -> list[str]:
        """Those that run the line or what names it, those of the quickest files first."""
        file, lines = reaching(path, line, source)
        reached: set[str] = set().union(*(self._tests[file].get(number, set()) for number in lines))
        whole = {test for test in reached if "::" not in test}
        kept = whole | {test for test in reached if test.partition("::")[0] not in whole}
        return sorted(kept, key=lambda test: (self.seconds[test.partition("::")[0]], test))


def reaching(path: str, line: int, source: str) -> tuple[str, set[int]]:
    """The lines of Python that run a line: its statement, or the functions that name what it stands in."""
    if path.endswith(".sql"):
        path = path.removesuffix(".sql") + ".py"
        *_, name = re.findall(r"^-- name: (\w+)$", "\n".join(source.splitlines()[:line]), re.MULTILINE)
        return path, _lines_naming((CHECKOUT / path).read_text(encoding="utf-8"), {name})
    tree = ast.parse(source)
    for node in tree.body:
        if _has(node, line) and isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            return path, _lines_naming(source, _names(*targets))
    statements = [node for node in ast.walk(tree) if isinstance(node, ast.stmt) and _has(node, line)]
    innermost = min(statements, key=lambda node: (node.end_lineno or 0) - node.lineno, default=None)
    return path, {line, *([innermost.lineno] if innermost else [])}


def _has(node: ast.stmt, line: int) -> bool:
    return node.lineno <= line <= (node.end_lineno or 0)


def _lines_naming(source: str, names: set[str]) -> set[int]:
    """The bodies of the functions that name one of these, or a constant that is made of one."""
    tree = ast.parse(source)
    for node in tree.body:
        if isinstance(node, ast.Assign) and _names(node.value) & names:
            names = names | _names(*node.targets)
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    return {
        number
        for function in functions
        if _names(*function.body) & names
        for number in range(function.body[0].lineno, (function.end_lineno or 0) + 1)
    }


def _names(*nodes: ast.AST) -> set[str]:
    """The names in them, and the texts, by which a file's statements are called."""
    inside = [each for node in nodes for each in ast.walk(node)]
    names = {each.id for each in inside if isinstance(each, ast.Name)}
    return names | {each.value for each in inside if isinstance(each, ast.Constant) and isinstance(each.value, str)}
