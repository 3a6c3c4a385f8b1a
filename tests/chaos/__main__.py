"""`bin/chaos`: try to lose an order, to double one, or to bring the service down."""

from __future__ import annotations

import argparse
import json
import random
import signal
import sys

from tests.chaos import faults, hostile, load, model, soak, turnover

ATTACKS = (model, turnover, faults, load, soak, hostile)


def main() -> int:
    """Run one attack, or the short form of all. 0 if the service withstood, 1 if not, 2 for wrong usage."""
    parser = argparse.ArgumentParser(prog="bin/chaos", description=__doc__, epilog="Without an attack: all, short.")
    parser.add_argument("--json", action="store_true", help="print JSON instead of lines")
    parser.add_argument("--long", action="store_true", help="the long form, for hours by hand")
    parser.add_argument("--seed", type=int, default=random.randrange(1_000_000), help="to repeat a run")
    attacks = parser.add_subparsers(metavar="ATTACK")
    for attack in ATTACKS:
        attack.add_parser(attacks)
    options = parser.parse_args()
    print(f"bin/chaos: --seed {options.seed}", file=sys.stderr)
    if "run" in options:
        return _withstands(options)
    names = [attack.__name__.rpartition(".")[2] for attack in ATTACKS]
    return max(_withstands(parser.parse_args([*sys.argv[1:], "--seed", str(options.seed), name])) for name in names)


def _withstands(options: argparse.Namespace) -> int:
    try:
        figures = options.run(options)
    except AssertionError as error:
        print(f"bin/chaos: it did not withstand: {error}", file=sys.stderr)
        for note in getattr(error, "__notes__", []):
            print(note, file=sys.stderr)
        return 1
    print(json.dumps(figures) if options.json else "\n".join(f"{name:40} {value}" for name, value in figures.items()))
    return 0


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # not without stopping what it has started
    sys.exit(main())
