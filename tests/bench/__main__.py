"""`bin/bench`: what the service costs and how fast it is, on a PostgreSQL of its own."""

from __future__ import annotations

import argparse
import signal
import sys

from tests.bench import api, backups, pictures, scale, streams, worker
from tests.bench.load import BenchError


def main() -> int:
    """Run one measurement and print its table. 0 if it ran without an error, 1 if not, 2 for wrong usage."""
    parser = argparse.ArgumentParser(prog="bin/bench", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    measurements = parser.add_subparsers(metavar="MEASUREMENT")
    for measurement in (api, scale, worker, streams, backups, pictures):
        measurement.add_parser(measurements)
    arguments = sys.argv[1:]
    if not {*measurements.choices, "-h", "--help"} & {*arguments}:
        general = [argument for argument in arguments if argument == "--json"]
        arguments = [*general, "api", *(argument for argument in arguments if argument not in general)]
    options = parser.parse_args(arguments)
    try:
        return options.run(options)
    except BenchError as error:
        print(f"bin/bench: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # not without stopping what it has started
    sys.exit(main())
