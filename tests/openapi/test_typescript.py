"""A TypeScript client generated from the document: a small program type-checks against it, and has its meal."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
import requests

from tests.api.client import TABLE_PASSWORD
from tests.api.server import Server, add_restaurant
from tests.npm import install, run

pytestmark = pytest.mark.long

PROGRAM = Path(__file__).parent / "typescript"

# A line of the program, and what would be wrong instead of it.
MISTAKES = {
    "unknown path": ("/api/v1/customer/menus", "/api/v1/customer/menu"),
    "misspelt field": ("quantity }]", "amount: quantity }]"),
    "field left out": ("{ username, password }", "{ username }"),
    "text for a number": ("store_id: Number(store)", "store_id: store"),
    "unknown status": ('status: "완료" }', 'status: "done" }'),
    "unknown code": ('"menu_sold_out"', '"menu_eaten"'),
    "field that is not answered": ("placed.total_amount", "placed.total"),
}


@pytest.fixture(scope="module")
def server(shared_database_url, tmp_path_factory):
    running = Server(shared_database_url, tmp_path_factory.mktemp("typescript") / "log")
    try:
        yield running.wait_until_ready()
    finally:
        running.stop()


@pytest.fixture(scope="module")
def project(server, tmp_path_factory):
    """A folder with the program and the generated client."""
    folder = tmp_path_factory.mktemp("project")
    shutil.copytree(PROGRAM, folder, dirs_exist_ok=True)
    install(folder)
    (folder / "openapi.json").write_text(requests.get(f"{server.base}/openapi.json", timeout=30).text)
    generated = run(folder, "node_modules/.bin/openapi-typescript", "openapi.json", "--output", "openapi.ts")
    assert generated.returncode == 0, generated.stdout + generated.stderr
    return folder


def test_the_program_has_no_type_error_and_works(project, server):
    check = run(project, "node_modules/.bin/tsc")
    assert (check.returncode, check.stdout) == (0, "")
    restaurant = add_restaurant(server)
    restaurant.add_table(4)
    restaurant.add_menu(price=9000)
    login = (str(restaurant.store_id), "4", TABLE_PASSWORD, restaurant.username, restaurant.password)
    meal = run(project, "node", "built/meal.js", server.base, *login)
    assert meal.returncode == 0, meal.stderr
    assert re.fullmatch(r"\d+ 18000 18000 완료\n", meal.stdout)


def test_each_mistake_is_a_type_error(project):
    program = (project / "meal.ts").read_text()
    names = []
    for number, (right, wrong) in enumerate(MISTAKES.values()):
        assert program.count(right) == 1
        names.append(f"mistake{number}.ts")
        (project / names[-1]).write_text(program.replace(right, wrong))
    config = project / "mistakes.json"
    config.write_text('{"extends": "./tsconfig.json", "files": [' + ", ".join(f'"{name}"' for name in names) + "]}")
    check = run(project, "node_modules/.bin/tsc", "--noEmit", "--project", config.name)
    assert set(re.findall(r"^(mistake\d+\.ts)\(", check.stdout, re.MULTILINE)) == set(names), check.stdout
