"""docs/configuration.md is what the table of the settings makes of it, and every variable that is read is in it."""

from __future__ import annotations

import re
from dataclasses import fields

from tableorder import config, logs
from tableorder.database.pool import PoolSettings
from tableorder.domain.limits import Limits
from tableorder.settings import SECTIONS, with_tables
from tests.documents import DOCUMENTS
from tests.management.running import CHECKOUT

GOOD = {"DATABASE_URL": "postgresql:///x", "JWT_SECRET_KEY": "x" * 32}
SETTINGS = {setting.name: setting for section in SECTIONS for setting in section.settings}

# Those of the system, of PostgreSQL's programs and of pytest, one that bin/setup tells itself, and WSGI's of a request.
NOT_OURS = {"PATH", "TMPDIR", "PYTEST_DEBUG_TEMPROOT", "TABLEORDER_SETUP_LOCKED", "LC_ALL"}
NOT_OURS |= {"REQUEST_METHOD", "HTTP_AUTHORIZATION", "HTTP_IF_NONE_MATCH", "HTTP_X_REQUEST_ID"}


def test_the_document_is_what_the_table_makes():
    """If not: python -m tableorder.settings docs/configuration.md"""
    document = DOCUMENTS["docs/configuration.md"]
    assert with_tables(document) == document
    assert with_tables(document.replace("whole number", "number")) == document


def test_the_defaults_are_the_codes():
    read = config.Config.from_environment(GOOD)
    assert read == config.Config(
        pool=PoolSettings("postgresql:///x"),
        jwt_secret_key="x" * 32,
        streams=config.StreamSettings(listen_dsn="postgresql:///x"),
    )
    assert SETTINGS["MAX_BODY_BYTES"].default == config.DEFAULT_MAX_BODY_BYTES
    assert SETTINGS["MAX_DOCUMENT_BYTES"].default == config.DEFAULT_MAX_DOCUMENT_BYTES
    assert logs.configuration({})["root"]["level"].lower() == SETTINGS["LOG_LEVEL"].default


def test_gunicorns_defaults_are_those_of_the_table():
    texts = [file.read_text() for file in (CHECKOUT / "deploy").glob("gunicorn*.py")]
    texts.append((CHECKOUT / "tableorder" / "server" / "preflight.py").read_text())
    found = dict(re.findall(r"""(?:text|whole_number)\(["']([A-Z_]+)["'], ["']?([^"')]+)["']?\)""", "".join(texts)))
    assert found.keys() == {"HOST", "PORT", "WEB_BIND", "WEB_CONCURRENCY", "WEB_THREADS", "STREAM_BIND"}
    assert found.pop("WEB_BIND") == "address("
    for name, default in found.items():
        told = SETTINGS[name].default_words or str(SETTINGS[name].default)
        assert told == default, name


def test_no_variable_is_missing_and_none_is_too_much():
    files = [*(CHECKOUT / "tableorder").rglob("*.py"), *(CHECKOUT / "deploy").glob("*.py")]
    code = "".join(file.read_text() for file in files if file.name != "settings.py")
    scripts = "".join(file.read_text() for file in (CHECKOUT / "bin").iterdir())
    tests = (CHECKOUT / "tests" / "conftest.py").read_text()
    reading = r"(?:environ(?:ment)?(?:\.get\(|\[)|value\[|text\(|whole_number\(|read_setting\(|_command\(|given_url\()"
    read = set(re.findall(reading + r"""["']([A-Z_]+)["']""", code + tests))
    read |= set(re.findall(r"\$\{([A-Z_]+)", scripts))
    read |= {f"LIMIT_{limit.name.upper()}" for limit in fields(Limits)}
    assert len(read) > 40
    assert read - NOT_OURS == set(SETTINGS)


def test_what_the_readme_names_is_there():
    for name in ("README.md", "README.ko.md"):
        table = re.findall(r"^\| (`[A-Z_`, ]+`) \|", DOCUMENTS[name], re.MULTILINE)
        assert len(table) > 5 and {part for names in table for part in re.findall(r"\w+", names)} <= set(SETTINGS)
