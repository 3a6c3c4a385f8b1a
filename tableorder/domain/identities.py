"""Who is calling: a table's tablet or a store's admin."""

from dataclasses import dataclass
from typing import Literal, NamedTuple


class Grant(NamedTuple):
    """What a token rests on: its holder, and the epoch that the holder had. A later epoch revokes it."""

    kind: Literal["owner", "table"]
    holder_id: int
    epoch: int


@dataclass(frozen=True, slots=True)
class TableIdentity:
    """A tablet at a table, for one session."""

    store_id: int
    table_id: int
    table_number: int
    session_id: str
    epoch: int = 1

    @property
    def grant(self) -> Grant:
        """What its token rests on."""
        return Grant("table", self.table_id, self.epoch)


@dataclass(frozen=True, slots=True)
class AdminIdentity:
    """A store's admin, at the counter."""

    store_id: int
    username: str
    epoch: int = 1

    @property
    def grant(self) -> Grant:
        """What its token rests on."""
        return Grant("owner", self.store_id, self.epoch)
