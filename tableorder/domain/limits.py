"""Bounds of numbers, and limits on everything that clients can make more of."""

from dataclasses import dataclass

MAX_INTEGER = 2**31 - 1  # PostgreSQL's integer, which ids, prices, quantities and totals are kept in
MAX_BIG_INTEGER = 2**63 - 1  # PostgreSQL's bigint, which the ids of orders and of their lines are kept in
MAX_GROUPS = 30  # of options, of a menu
MAX_DAYPARTS = 20  # of a menu, or of a category
MAX_HOURS = 50  # of a daypart


def with_retired(limit: int) -> int:
    """The limit for all rows, recently deleted ones included, where `limit` is for the others."""
    return 10 * limit


@dataclass(frozen=True)
class Limits:
    """Limits on everything that clients can make more of. 0 is no limit."""

    tables: int = 1000  # of a store; the next six as well
    categories: int = 200
    menus: int = 2000
    dayparts: int = 50  # of a store
    option_groups: int = 200
    options: int = 2000
    picture_bytes: int = 20_000_000  # of its menus' pictures together
    staff: int = 100  # who may log in
    devices: int = 2000  # that were enrolled
    table_enrolments: int = 10  # codes of a table that are good
    session_orders: int = 300  # live ones
    session_lines: int = 3000
    order_rate: int = 20  # orders of a session in any 60 s
    call_items: int = 50  # of a store
    session_calls: int = 300  # live ones
    call_rate: int = 10  # calls of a session in any 60 s
    table_streams: int = 4  # of a table
    store_table_streams: int = 1000
    store_admin_streams: int = 50
    replay: int = 2000  # events that a stream gets again


DEFAULT_LIMITS = Limits()
