"""The screens' JavaScript has no type error against the types that are generated from /openapi.json."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from tableorder.blueprints import find_nouns
from tableorder.blueprints.screens import FILES
from tableorder.config import Config
from tableorder.openapi.document import build_document
from tableorder.web.app import create_app
from tests.npm import install, run

pytestmark = pytest.mark.long

PROJECT = Path(__file__).parent / "screens"

# A file, what it has, and what would be wrong instead of it.
MISTAKES = {
    "unknown operation": ("counter/counter.js", '"list_tables"', '"list_table"'),
    "wrong path": ("common/api.js", '"/api/v1/admin/tables"', '"/api/v1/admin/table"'),
    "wrong type in a body": ("counter/counter.js", "body: { is_available }", "body: { is_available: 1 }"),
    "field that is not answered": ("staff/waiting.js", "order.order_time", "order.time"),
    "status that there is not": ("staff/waiting.js", '대기중: "준비중"', '대기중: "done"'),
    "word that a language lacks": ("words/guests/ja.js", '  soldOut: "売り切れ",\n', ""),
}


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Path:
    """A folder with the screens and the generated types."""
    folder = tmp_path_factory.mktemp("screens")
    shutil.copytree(PROJECT, folder, dirs_exist_ok=True)
    shutil.copytree(FILES, folder / "screens")
    install(folder)
    config = Config.from_environment({"DATABASE_URL": "postgresql:///x", "JWT_SECRET_KEY": "x" * 32})
    (folder / "openapi.json").write_text(json.dumps(build_document(create_app(config, find_nouns()))))
    # What has a default may be left out of a request.
    options = ("--default-non-nullable=false", "--output", "screens/openapi.d.ts")
    generated = run(folder, "node_modules/.bin/openapi-typescript", "openapi.json", *options)
    assert generated.returncode == 0, generated.stdout + generated.stderr
    return folder


def test_there_is_no_type_error(project):
    check = run(project, "node_modules/.bin/tsc")
    assert (check.returncode, check.stdout) == (0, "")


def test_each_mistake_is_a_type_error(project):
    files = {}
    for name, right, wrong in MISTAKES.values():
        files.setdefault(name, (FILES / name).read_text())
        assert right in files[name]
        files[name] = files[name].replace(right, wrong, 1)
    for name, text in files.items():
        (project / "screens" / name).write_text(text)
    check = run(project, "node_modules/.bin/tsc")
    assert set(re.findall(r"^screens/(.+?)\(", check.stdout, re.MULTILINE)) == set(files), check.stdout
    assert len(re.findall(r"^screens/", check.stdout, re.MULTILINE)) >= len(MISTAKES)
