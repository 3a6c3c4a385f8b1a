"""Small mistakes, such as a tired engineer makes: in Python by cosmic-ray's operators, elsewhere by rewriting rules."""

from __future__ import annotations

import ast
import difflib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.plugins import get_operator

# Those of cosmic-ray's that somebody could write by mistake. It replaces each operator by each other one, too.
OPERATORS = (
    *(f"ReplaceComparisonOperator_{a}_{b}" for a, b in (("Lt", "LtE"), ("LtE", "Lt"), ("Gt", "GtE"), ("GtE", "Gt"))),
    *(f"ReplaceComparisonOperator_{a}_{b}" for a, b in (("Eq", "NotEq"), ("NotEq", "Eq"))),
    *(f"ReplaceComparisonOperator_{a}_{b}" for a, b in (("Is", "IsNot"), ("IsNot", "Is"))),
    *(f"ReplaceBinaryOperator_{a}_{b}" for a, b in (("Add", "Sub"), ("Sub", "Add"), ("Mul", "Div"), ("Div", "Mul"))),
    *(f"ReplaceBinaryOperator_{a}_{b}" for a, b in (("FloorDiv", "Mul"), ("Mod", "Mul"), ("Pow", "Mul"))),
    *(f"ReplaceBinaryOperator_{a}_{b}" for a, b in (("BitOr", "BitAnd"), ("BitAnd", "BitOr"))),
    *("ReplaceUnaryOperator_Delete_Not", "ReplaceUnaryOperator_USub_UAdd", "AddNot"),
    *("ReplaceTrueWithFalse", "ReplaceFalseWithTrue", "ReplaceAndWithOr", "ReplaceOrWithAnd"),
    *("ReplaceBreakWithContinue", "ReplaceContinueWithBreak", "ZeroIterationForLoop"),
    *("ExceptionReplacer", "NumberReplacer", "RemoveDecorator"),
)

SQL_RULES = (
    (r"\s+FOR (?:NO KEY UPDATE|UPDATE|KEY SHARE|SHARE)(?: OF \w+)?(?: SKIP LOCKED| NOWAIT)?\b", ""),
    (r"\s+ORDER BY [\w.]+(?: DESC)?(?:, [\w.]+(?: DESC)?)*", ""),
    (r"(?<=ORDER BY)( [\w.]+(?: DESC)?), [\w.]+(?: DESC)?", r"\1"),
    (r"\n\s+AND [^\n()]+(?:\([^\n()]*\)[^\n()]*)*(?=\n|\Z)", ""),
    (r"(?<=\bWHERE )[^\n()]+(?:\([^\n()]*\)[^\n()]*)* AND ", ""),
    (r"(?<= )<(?= )", "<="),
    (r"(?<= )<=(?= )", "<"),
    (r"(?<= )>(?= )", ">="),
    (r"(?<= )>=(?= )", ">"),
    (r"\bmin\(", "max("),
    (r"\bmax\(", "min("),
    (r"\b(?i:least)\(", "GREATEST("),
    (r"\b(?i:greatest)\(", "LEAST("),
    (r"\bCOALESCE\(([^(),]+), [^()]+\)", r"\1"),
    (r"(?<=interval ')\d+(?= )", "7"),
    (r"\bIS NULL\b", "IS NOT NULL"),
    (r"\bIS NOT NULL\b", "IS NULL"),
    (r"\bDISTINCT ", ""),
    (r"\bNOT (?=EXISTS|\w+\.?is_)", ""),
)
DIRECTIVES = ((r"^[ \t]*[a-z_]+ [^\n{}]*;\n", ""),)  # of nginx
SETTINGS = ((r"^\w+ ?= ?[^\n(\[{]+\n", ""),)  # of systemd and gunicorn

SQL_STRING = re.compile(r"\b(?:SELECT|INSERT INTO|UPDATE|DELETE FROM)\b")
COMMENT = re.compile(r"^\s*(?:--|#)")


@dataclass(frozen=True)
class Mutant:
    """One mistake in one file; `before` and `after` are what differs, on one line each."""

    path: str
    line: int
    before: str
    after: str
    text: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.before or 'nothing'} → {self.after or 'nothing'}"


@dataclass(frozen=True)
class Place:
    """Where a mistake can be made; `make` returns the file's text with it, or None if it would change nothing."""

    path: str
    source: str
    make: Callable[[], str | None]

    def mutant(self) -> Mutant | None:
        text = self.make()
        if text is None or text == self.source:
            return None
        line, before, after = difference(self.source, text)
        return Mutant(self.path, line, before, after, text)


def places(path: str, source: str) -> list[Place]:
    """All places of a file, in order of the rules."""
    if path.endswith(".py") and not path.startswith("deploy/"):
        return [*_python_places(path, source), *_places_in_sql_strings(path, source)]
    rules = {"sql": SQL_RULES, "conf": DIRECTIVES}.get(path.rpartition(".")[2], SETTINGS)
    return list(_text_places(path, source, rules, 0, len(source)))


def _python_places(path: str, source: str) -> Iterator[Place]:
    nodes = list(ast_nodes(get_ast(source)))
    for name in OPERATORS:
        operator = get_operator(f"core/{name}")()
        count = sum(1 for node in nodes for _ in operator.mutation_positions(node))
        for occurrence in range(count):
            yield Place(
                path, source, lambda operator=operator, occurrence=occurrence: _python(source, operator, occurrence)
            )


def _python(source: str, operator: object, occurrence: int) -> str | None:
    text = mutate_code(source, operator, occurrence)
    return text if text and meaning(text) not in (None, meaning(source)) else None


def meaning(source: str) -> str | None:
    """What Python runs, without what only people and tools read; None if it is no Python."""
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return None
    for node in ast.walk(tree):
        if isinstance(node, ast.arg | ast.AnnAssign):
            node.annotation = ast.Constant(None)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            node.returns = None
        elif isinstance(node, ast.arguments):
            node.args = [*node.posonlyargs, *node.args, *node.kwonlyargs]
            node.defaults += [given for given in node.kw_defaults if given]
            node.posonlyargs, node.kwonlyargs, node.kw_defaults = [], [], []
        elif isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id == "example" for t in node.targets):
            node.value = ast.Constant(None)
        elif isinstance(node, ast.Call):
            node.keywords = [keyword for keyword in node.keywords if keyword.arg not in ("frozen", "slots")]
    return ast.dump(tree)


def _places_in_sql_strings(path: str, source: str) -> Iterator[Place]:
    starts = [0]
    for line in source.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and SQL_STRING.search(node.value):
            first, last = starts[node.lineno - 1], starts[node.end_lineno or node.lineno]
            yield from _text_places(path, source, SQL_RULES, first, last)


def _text_places(path: str, source: str, rules: tuple[tuple[str, str], ...], start: int, end: int) -> Iterator[Place]:
    for pattern, replacement in rules:
        for match in re.compile(pattern, re.MULTILINE).finditer(source, start, end):
            if not COMMENT.match(_line_of(source, match)):
                text = source[: match.start()] + match.expand(replacement) + source[match.end() :]
                yield Place(path, source, lambda text=text: text)


def _line_of(source: str, match: re.Match[str]) -> str:
    first = match.start() + len(match[0]) - len(match[0].lstrip())
    return source[source.rfind("\n", 0, first) + 1 :].partition("\n")[0]


def difference(before: str, after: str) -> tuple[int, str, str]:
    """The first line that differs, and what stands there in each, on one line."""
    old, new = before.splitlines(), after.splitlines()
    changes = [c for c in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes() if c[0] != "equal"]
    _, first, last, new_first, new_last = changes[0]
    return first + 1, *(" ".join(" ".join(lines).split()) for lines in (old[first:last], new[new_first:new_last]))
