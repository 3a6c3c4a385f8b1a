"""Who is calling: a table's tablet or a store's admin."""

from dataclasses import dataclass
from typing import Literal, NamedTuple

Role = Literal["owner", "manager", "staff", "kitchen"]


class Grant(NamedTuple):
    """The holder of a token, and the holder's epoch when it was issued. A later epoch revokes the token."""

    kind: Literal["owner", "staff", "table", "device"]
    holder_id: int
    epoch: int


@dataclass(frozen=True, slots=True)
class TableIdentity:
    """A tablet at a table, for one session: one that was enrolled has a `device_id`, another knows the password."""

    store_id: int
    table_id: int
    table_number: int
    session_id: str
    epoch: int = 1
    device_id: int | None = None

    @property
    def grant(self) -> Grant:
        """What its token rests on."""
        if self.device_id is None:
            return Grant("table", self.table_id, self.epoch)
        return Grant("device", self.device_id, self.epoch)


@dataclass(frozen=True, slots=True)
class AdminIdentity:
    """One of a store's people, at the counter: its owner, or one of its staff, who has a `staff_id`."""

    store_id: int
    username: str
    epoch: int = 1
    role: Role = "owner"
    staff_id: int | None = None

    @property
    def grant(self) -> Grant:
        """What its token rests on."""
        if self.staff_id is None:
            return Grant("owner", self.store_id, self.epoch)
        return Grant("staff", self.staff_id, self.epoch)
