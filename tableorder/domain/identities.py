"""Who is calling: a table's tablet or a store's admin."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TableIdentity:
    """A tablet at a table, for one session."""

    store_id: int
    table_id: int
    table_number: int
    session_id: str


@dataclass(frozen=True, slots=True)
class AdminIdentity:
    """A store's admin, at the counter."""

    store_id: int
    username: str
