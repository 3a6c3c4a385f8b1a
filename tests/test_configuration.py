"""docs/configuration.md has every variable that is read, and what the code says of it."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tableorder import config, logs
from tests.documents import DOCUMENTS
from tests.management.running import CHECKOUT

GOOD = {"DATABASE_URL": "postgresql:///x", "JWT_SECRET_KEY": "x" * 32}
ROWS = re.findall(r"^\| (`[A-Z_`, ]+`) \| (.+?) \| (.+?) \| .+ \|$", DOCUMENTS["docs/configuration.md"], re.MULTILINE)
SETTINGS = {name: (kind, default) for names, kind, default in ROWS for name in re.findall(r"\w+", names)}

# Those of the system, of PostgreSQL's programs and of pytest, one that bin/setup tells itself, and WSGI's of a request.
NOT_OURS = {"PATH", "TMPDIR", "PYTEST_DEBUG_TEMPROOT", "TABLEORDER_SETUP_LOCKED"}
NOT_OURS |= {"REQUEST_METHOD", "HTTP_AUTHORIZATION", "HTTP_IF_NONE_MATCH", "HTTP_X_REQUEST_ID"}


@pytest.fixture
def settings(monkeypatch) -> dict[str, tuple[str, str]]:
    """What the configuration's reader is asked for: the wanted type and the default of each."""
    asked: dict[str, tuple[str, str]] = {}

    class Reader(config._Reader):
        def _parse(self, name: str, default: Any, wanted: str, parse: Any) -> Any:
            asked[name] = wanted.removeprefix("a "), written(default)
            return super()._parse(name, default, wanted, parse)

    monkeypatch.setattr(config, "_Reader", Reader)
    config.Config.from_environment(GOOD)
    return asked


def written(default: object) -> str:
    if isinstance(default, bool):
        return "on" if default else "off"
    return (
        f"{default:.10g}" if isinstance(default, int | float) else str(default or "none").replace("frozenset()", "none")
    )


def test_types_and_defaults_are_the_codes(settings):
    assert len(settings) > 20
    assert settings.pop("LOG_LEVEL")[0] == SETTINGS["LOG_LEVEL"][0]
    assert logs.configuration({})["root"]["level"].lower() == SETTINGS["LOG_LEVEL"][1]
    assert {name: SETTINGS.get(name) for name in settings} == settings


def test_gunicorns_defaults_are_those_of_its_configuration():
    found = {}
    for file in (CHECKOUT / "deploy").glob("gunicorn*.py"):
        found |= dict(re.findall(r"""environ\.get\(["'](\w+)["'], ["']([^"']+)["']\)""", file.read_text()))
    assert len(found) == 5
    assert {name: SETTINGS[name][1] for name in found} == found


def test_no_variable_is_missing_and_none_is_too_much():
    files = [*(CHECKOUT / "tableorder").rglob("*.py"), *(CHECKOUT / "deploy").glob("*.py")]
    code = "".join(file.read_text() for file in files)
    scripts = "".join(file.read_text() for file in (CHECKOUT / "bin").iterdir())
    tests = (CHECKOUT / "tests" / "conftest.py").read_text()
    reading = r"(?:environ(?:ment)?(?:\.get\(|\[)|read\.\w+\(|_command\(|given_url\()"
    read = set(re.findall(reading + r"""["']([A-Z_]+)["']""", code + tests))
    read |= set(re.findall(r"\$\{([A-Z_]+)", scripts))
    assert len(read) > 40
    assert read - NOT_OURS == set(SETTINGS)


def test_what_the_readme_names_is_there():
    for name in ("README.md", "README.ko.md"):
        table = re.findall(r"^\| (`[A-Z_`, ]+`) \|", DOCUMENTS[name], re.MULTILINE)
        assert len(table) > 5 and {part for names in table for part in re.findall(r"\w+", names)} <= set(SETTINGS)
