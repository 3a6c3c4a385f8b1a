"""`bin/mutants`: make small mistakes in a copy of the code, one at a time, and say which no test notices."""

from __future__ import annotations

import argparse
import json
import random
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from tableorder.progress import say
from tests.database.embedded import embedded_server
from tests.management.running import CHECKOUT
from tests.mutants.areas import AREAS, Area
from tests.mutants.equivalents import is_equivalent
from tests.mutants.mistakes import Mutant, Place, places
from tests.mutants.reach import Reach
from tests.mutants.trial import PATIENCE, Copy

FEW = 10  # mistakes, of which one more or less decides too much


@dataclass(frozen=True)
class Verdict:
    """What became of a mutant, and how long that took."""

    area: str
    mutant: Mutant
    noticed: bool
    seconds: float

    def __str__(self) -> str:
        return f"{self.area}: {self.mutant}: {'noticed' if self.noticed else 'SURVIVED'} ({self.seconds:.0f} s)"


def main() -> int:
    """Make the mistakes. 0 if the goal is reached, 1 if not, 2 for wrong usage."""
    parser = argparse.ArgumentParser(prog="bin/mutants", description=__doc__)
    parser.add_argument("areas", nargs="*", metavar="AREA", help=f"one of {', '.join(AREAS)} (default: all)")
    parser.add_argument("--sample", type=int, metavar="N", help="so many, drawn by chance (default: all there are)")
    parser.add_argument("--seed", type=int, default=1, help="to draw others (default: 1)")
    parser.add_argument("--minutes", type=float, metavar="M", help="begin none after so long")
    parser.add_argument("--goal", type=int, default=0, metavar="PERCENT", help="fail if fewer are noticed (default: 0)")
    parser.add_argument("--json", action="store_true", help="print JSON instead of lines")
    options = parser.parse_args()
    if unknown := [name for name in options.areas if name not in AREAS]:
        parser.error(f"there is no area {', '.join(unknown)}")
    ends = time.monotonic() + 60 * options.minutes if options.minutes else float("inf")
    verdicts = []
    for verdict in _judged([AREAS[name] for name in options.areas or AREAS], options, ends):
        say(f"{len(verdicts) + 1}. {verdict}")
        verdicts.append(verdict)
    print(json.dumps([asdict(verdict) for verdict in verdicts]) if options.json else _report(verdicts))
    noticed = sum(verdict.noticed for verdict in verdicts)
    return 0 if len(verdicts) < FEW or noticed * 100 >= options.goal * len(verdicts) else 1


def _judged(areas: list[Area], options: argparse.Namespace, ends: float) -> Iterator[Verdict]:
    drawn = _drawn(areas, options)
    say(f"{len(drawn)} mistakes, --seed {options.seed}")
    with tempfile.TemporaryDirectory(prefix="tableorder-mutants-") as name, embedded_server() as server:
        Path(name).chmod(0o755)  # for PostgreSQL's user
        copy, reach = Copy(Path(name), server.uri()), Reach()
        for area, mutant in drawn:
            for test_file in area.test_files():
                if test_file not in reach.tried and time.monotonic() < ends:
                    say(f"{test_file} …")
                    reach.measure(copy, test_file)
            if time.monotonic() >= ends:
                say("The time is over.")
                return
            yield _verdict(area, mutant, copy, reach)


def _drawn(areas: list[Area], options: argparse.Namespace) -> list[tuple[Area, Mutant]]:
    """The mutants, area by area; none is drawn that is known to be equivalent."""
    there: list[tuple[Area, Place]] = [
        (area, place)
        for area in areas
        for path in area.files()
        for place in places(path, (CHECKOUT / path).read_text(encoding="utf-8"))
    ]
    random.Random(options.seed).shuffle(there)
    mutants: dict[Mutant, Area] = {}
    for area, place in there:
        if options.sample is not None and len(mutants) == options.sample:
            break
        mutant = place.mutant()
        if mutant and not is_equivalent(mutant):
            mutants[mutant] = area
    return sorted(((area, mutant) for mutant, area in mutants.items()), key=lambda each: areas.index(each[0]))


def _verdict(area: Area, mutant: Mutant, copy: Copy, reach: Reach) -> Verdict:
    """Ask the tests that run the line, then their whole files: what is kept is only known of the test that came first.

    A line that no test is known to run, such as a constant that other modules use, is for all tests of the area.
    """
    source = (CHECKOUT / mutant.path).read_text(encoding="utf-8")
    tests = reach.tests(mutant.path, mutant.line, source) if mutant.path.startswith("tableorder/") else []
    files = list(dict.fromkeys(test.partition("::")[0] for test in tests))
    files = files or [file for file in area.test_files() if file in reach.seconds]
    bound = PATIENCE + 3 * sum(reach.seconds[file] for file in files)
    began = time.monotonic()
    with copy.changed(mutant.path, mutant.text):
        passed = all(copy.test(asked, bound)[0] for asked in (tests, files) if asked)
    return Verdict(area.name, mutant, not passed, time.monotonic() - began)


def _report(verdicts: list[Verdict]) -> str:
    lines = []
    for name in dict.fromkeys(verdict.area for verdict in verdicts):
        noticed = [verdict.noticed for verdict in verdicts if verdict.area == name]
        lines.append(f"{name:14} {sum(noticed):4} of {len(noticed):4} noticed, {sum(noticed) / len(noticed):.0%}")
    survivors = [str(verdict.mutant) for verdict in verdicts if not verdict.noticed]
    return "\n".join([*lines, *(["", "Nobody noticed:", *survivors] if survivors else [])])


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # not without stopping what it has started
    sys.exit(main())
