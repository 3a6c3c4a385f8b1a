"""What docs/security.md says can be looked up."""

import re

from tests.chaos import hostile
from tests.management.running import CHECKOUT

TEXT = (CHECKOUT / "docs" / "security.md").read_text()


def test_each_test_that_is_named_exists():
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", TEXT)
    assert len(named) > 10
    missing = [(file, name) for file, name in named if f"def {name}(" not in (CHECKOUT / file).read_text()]
    assert missing == []


def test_each_risk_of_the_ten_has_a_row_with_a_test():
    rows = re.findall(r"^\| API(\d+) [^|]+\|[^|]+\|([^|]*)\|$", TEXT, re.MULTILINE)
    assert [int(number) for number, _ in rows] == list(range(1, 11))
    assert [number for number, shown in rows if "::" not in shown] == ["10"]  # there is nothing to show


def test_each_attack_has_a_row_with_a_test_or_an_attack_that_is_done():
    rows = re.findall(r"^\| (\d+) \| [^|]+\|[^|]+\|([^|]*)\|$", TEXT, re.MULTILINE)
    assert [int(number) for number, _ in rows] == list(range(1, 16))
    shown = {
        number: re.findall(r"`(?:tests/[\w/]+\.py::\w+|bin/chaos hostile: [\w ]+)`", cell) for number, cell in rows
    }
    assert [number for number, names in shown.items() if not names] == ["15"]  # that one is known, and says why
    for number, cell in rows:
        assert ", ".join(shown[number]) == cell.strip()  # nothing else that nobody looks up
    assert set(re.findall(r"`bin/chaos hostile: ([\w ]+)`", TEXT)) == set(hostile.ATTACKS)


def test_the_readme_leads_to_it():
    assert "(docs/security.md)" in (CHECKOUT / "README.md").read_text()
