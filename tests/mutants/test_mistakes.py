"""The mistakes that bin/mutants makes, and which tests it asks."""

from __future__ import annotations

import pytest

pytest.importorskip("cosmic_ray", reason="needs cosmic-ray, which bin/mutants installs")

from tests.management.running import CHECKOUT
from tests.mutants.areas import AREAS
from tests.mutants.equivalents import EQUIVALENT, is_equivalent
from tests.mutants.mistakes import places
from tests.mutants.reach import reaching


def changes(path: str, source: str) -> set[tuple[str, str]]:
    """What stands there and what a mistake makes of it, for each mistake."""
    made = [place.mutant() for place in places(path, source)]
    return {(mutant.before, mutant.after) for mutant in made if mutant}


def test_pythons_mistakes_are_those_that_somebody_makes():
    source = "def f(a: int | None, *, b: int) -> bool | None:\n    return a < b and b is not None\n"
    kept = "return a < b and b is not None"
    assert changes("tableorder/a.py", source) == {
        (kept, "return a <= b and b is not None"),
        (kept, "return a < b or b is not None"),
        (kept, "return a < b and b is None"),
    }


def test_what_only_people_read_is_left_alone():
    assert changes("tableorder/a.py", "class A:\n    example = {'limit': 1000}\n") == set()
    assert changes("tableorder/a.sql", "-- FOR UPDATE of a < b\nSELECT 1;\n") == set()
    assert changes("deploy/nginx.conf", "# limit_req zone=a;\n") == set()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("SELECT a FROM b FOR NO KEY UPDATE", "SELECT a FROM b"),
        ("SELECT a FROM b FOR SHARE OF b SKIP LOCKED", "SELECT a FROM b"),
        ("SELECT a FROM b ORDER BY a DESC, c", "SELECT a FROM b"),
        ("SELECT a FROM b ORDER BY a DESC, c", "SELECT a FROM b ORDER BY a DESC"),
        ("SELECT a FROM b WHERE f(a) AND d = 1", "SELECT a FROM b WHERE d = 1"),
        ("SELECT a < b", "SELECT a <= b"),
        ("SELECT a >= b", "SELECT a > b"),
        ("SELECT min(a)", "SELECT max(a)"),
        ("SELECT LEAST(a, b)", "SELECT GREATEST(a, b)"),
        ("SELECT COALESCE(a, 0)", "SELECT a"),
        ("SELECT now() - interval '60 seconds'", "SELECT now() - interval '7 seconds'"),
        ("SELECT a IS NULL", "SELECT a IS NOT NULL"),
        ("SELECT DISTINCT a", "SELECT a"),
        ("SELECT NOT EXISTS (SELECT)", "SELECT EXISTS (SELECT)"),
    ],
)
def test_sqls_mistakes_are_made_in_files_and_in_pythons_texts(before, after):
    assert (before, after) in changes("tableorder/repositories/a.sql", f"{before}\n")
    assert (f'A = "{before}"', f'A = "{after}"') in changes("tableorder/repositories/a.py", f'A = "{before}"\n')


def test_a_line_of_a_condition_and_a_directive_are_dropped():
    assert ("AND b = 2", "") in changes("tableorder/a.sql", "SELECT\n WHERE a = 1\n   AND b = 2\n")
    assert ("proxy_buffering off;", "") in changes("deploy/nginx.conf", "location / {\n    proxy_buffering off;\n}\n")
    assert ("NoNewPrivileges=yes", "") in changes("deploy/systemd/a.service", "[Service]\nNoNewPrivileges=yes\n")
    assert ("timeout = 30", "") in changes("deploy/gunicorn.conf.py", "timeout = 30\n")


def test_a_constant_is_reached_by_the_functions_that_name_it():
    source = 'A = "SELECT 1"\nB = f"{A} + 1"\n\ndef used():\n    return B\n\ndef other():\n    return 1\n'
    assert reaching("tableorder/a.py", 1, source) == ("tableorder/a.py", {5})


def test_what_is_known_to_be_equivalent_is_still_made():
    paths = {path for path, *_ in EQUIVALENT}
    made = [place.mutant() for path in paths for place in places(path, (CHECKOUT / path).read_text(encoding="utf-8"))]
    assert len({mutant for mutant in made if mutant and is_equivalent(mutant)}) == len(EQUIVALENT)


def test_every_area_has_sources_and_tests():
    for area in AREAS.values():
        assert area.files() and area.test_files(), area.name
