"""`bin/bench`: what the service costs and how fast it is, on a PostgreSQL of its own."""

from __future__ import annotations

import argparse
import sys

from tests.bench import backups, streams


def main() -> int:
    """Run one measurement and print its table. 0 if it ran without an error, 1 if not, 2 for wrong usage."""
    parser = argparse.ArgumentParser(prog="bin/bench", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of a table")
    measurements = parser.add_subparsers(required=True, metavar="MEASUREMENT")
    streams.add_parser(measurements)
    backups.add_parser(measurements)
    options = parser.parse_args()
    return options.run(options)


if __name__ == "__main__":
    sys.exit(main())
