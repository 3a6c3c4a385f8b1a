"""`bin/tableorder server-config`: sql/postgresql.conf for a machine of another size."""

from __future__ import annotations

import argparse
import re
from functools import partial
from typing import Any

from tableorder.commands import CHECKOUT, SetupError
from tableorder.management.arguments import Options, add_command, number

FILE = CHECKOUT / "sql" / "postgresql.conf"
MB = 1024 * 1024
UNITS = {"MB": MB, "GB": 1024 * MB, "TB": 1024 * 1024 * MB}

# What each setting is of the memory: one part in so many.
SHARES = {"shared_buffers": 4, "effective_cache_size": 4 / 3, "work_mem": 256, "maintenance_work_mem": 16}
LEAST_MEMORY = 256 * MB  # or a share of it would be less than the megabyte that it is written in
MOST_MAINTENANCE = 2048 * MB  # more does not make an index build faster

STREAM_CONNECTIONS = 8  # of the stream process: six that ask, one that listens, one that removes what is due
SPARE_CONNECTIONS = 5  # for backups, migrations and people


def add_commands(nouns: Any) -> None:
    """Declare the command."""
    command = add_command(
        nouns,
        "server-config",
        print_config,
        "print PostgreSQL's settings for a machine's size",
        about="The shipped sql/postgresql.conf is for 4 GB. Refuses if the workers' pools do not fit max_connections.",
        examples=[
            "bin/tableorder server-config --memory 16GB --cores 8 --workers 4 > tableorder.conf",
            "bin/tableorder server-config --workers 6 --pool-size 4 --max-overflow 4",
        ],
        json_=False,
        is_offline=True,
    )
    command.add_argument("--memory", type=_size, default="4GB", help="of the machine, as in 8GB (default: 4GB)")
    command.add_argument("--cores", type=number, default=2, help="of the machine (default: 2)")
    command.add_argument("--workers", type=number, default=2, help="API workers on all hosts (default: 2)")
    command.add_argument("--pool-size", type=number, default=5, help="DATABASE_POOL_SIZE (default: 5)")
    overflow = partial(number, least=0)
    command.add_argument("--max-overflow", type=overflow, default=10, help="DATABASE_MAX_OVERFLOW (default: 10)")


def print_config(options: Options) -> None:
    text = FILE.read_text(encoding="utf-8")
    for name, value in scaled(options.memory).items():
        text = _set(text, name, _written(value))
    text = text.replace("a machine with 4 GB of memory", f"a machine with {_written(options.memory)} of memory")
    if options.cores > 8:  # PostgreSQL's own default is enough for so many
        text += (
            f"\n# One for each core.\nmax_worker_processes = {options.cores}\nmax_parallel_workers = {options.cores}\n"
        )
    most = int(_get(text, "max_connections")) - int(_get(text, "superuser_reserved_connections"))
    needed = connections_needed(options.workers, options.pool_size, options.max_overflow)
    if needed > most:
        raise SetupError(
            f"{options.workers} workers × ({options.pool_size} + {options.max_overflow}) and what else connects may "
            f"need {needed} connections, and there are {most}; lower them, or put PgBouncer in front"
        )
    print(text, end="")


def scaled(memory: int) -> dict[str, int]:
    """The settings that scale, in bytes, for so many bytes of memory."""
    sizes = {name: int(memory / share) for name, share in SHARES.items()}
    return sizes | {"maintenance_work_mem": min(sizes["maintenance_work_mem"], MOST_MAINTENANCE)}


def connections_needed(workers: int, pool_size: int, max_overflow: int) -> int:
    """How many connections there may be at once."""
    return workers * (pool_size + max_overflow) + STREAM_CONNECTIONS + SPARE_CONNECTIONS


def _size(text: str) -> int:
    match = re.fullmatch(r"([1-9][0-9]{0,5})\s*(MB|GB|TB)", text)
    if match is None:
        raise argparse.ArgumentTypeError(f"{text!r} is not a size in MB, GB or TB, as in 8GB")
    size = int(match[1]) * UNITS[match[2]]
    if size < LEAST_MEMORY:
        raise argparse.ArgumentTypeError(f"{text!r} is too little; it takes {_written(LEAST_MEMORY)} or more")
    return size


def _written(size: int) -> str:
    megabytes = size // MB
    return f"{megabytes // 1024}GB" if megabytes % 1024 == 0 else f"{megabytes}MB"


def _get(text: str, name: str) -> str:
    return re.findall(rf"^{name} = (.*)$", text, re.MULTILINE)[0]


def _set(text: str, name: str, value: str) -> str:
    return re.sub(rf"^{name} = .*$", f"{name} = {value}", text, flags=re.MULTILINE)
