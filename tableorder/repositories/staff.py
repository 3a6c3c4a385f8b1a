"""The people of a store besides its owner."""

from collections.abc import Mapping, Sequence

from tableorder.database.connection import Connection
from tableorder.database.statements import load_statements
from tableorder.domain.errors import LimitReached, RoleNotAllowed, StaffNotFound, UsernameTaken
from tableorder.domain.limits import DEFAULT_LIMITS, Limits, with_retired

_SQL = load_statements(__file__)


class StaffRepository:
    """The staff of a store; documents come as JSON text. `roles` are those whose accounts the caller keeps."""

    def __init__(self, connection: Connection, *, roles: Sequence[str]) -> None:
        self._connection = connection
        self._roles = [*roles]

    def list(self, *, store_id: int) -> str:
        """The people of these roles, by their ids."""
        return self._connection.fetch_value(_SQL["list_staff"], {"store_id": store_id, "roles": self._roles})

    def add(self, *, store_id: int, values: Mapping[str, object], limits: Limits = DEFAULT_LIMITS) -> str:
        """Add a person and return them. `values`: username, display_name, role, password_hash.

        Raises RoleNotAllowed, UsernameTaken, LimitReached.
        """
        self._require(values["role"])
        parameters = {"store_id": store_id, "limit": limits.staff, "kept": with_retired(limits.staff), **values}
        document, is_owners = self._connection.fetch_one(_SQL["add_staff"], parameters)
        if is_owners:
            raise UsernameTaken
        if document is None:
            raise LimitReached(limit=limits.staff, noun="staff")
        return document

    def update(
        self, *, store_id: int, staff_id: int, changes: Mapping[str, object], limits: Limits = DEFAULT_LIMITS
    ) -> str:
        """Change what is given (display_name, role, password_hash, is_active) and return the person.

        A new role, password or is_active revokes their tokens. Raises StaffNotFound, RoleNotAllowed, LimitReached.
        """
        if "role" in changes:
            self._require(changes["role"])
        names = ("display_name", "role", "password_hash", "is_active")
        return self._change(staff_id, {"store_id": store_id, **dict.fromkeys(names), **changes}, limits)

    def revoke(self, *, store_id: int, staff_id: int) -> str:
        """Revoke a person's tokens and return the person. Raises StaffNotFound, RoleNotAllowed."""
        names = ("display_name", "role", "password_hash", "is_active")
        return self._change(staff_id, {"store_id": store_id, **dict.fromkeys(names)}, DEFAULT_LIMITS, revoke=True)

    def _change(self, staff_id: int, changes: Mapping[str, object], limits: Limits, *, revoke: bool = False) -> str:
        parameters = {"staff_id": staff_id, "roles": self._roles, "limit": limits.staff, "revoke": revoke, **changes}
        role, has_room, document = self._connection.find_one(_SQL["change_staff"], parameters) or (None, None, None)
        if role is None:
            raise StaffNotFound(staff_id=staff_id)
        self._require(role)
        if not has_room:
            raise LimitReached(limit=limits.staff, noun="staff")
        return document

    def _require(self, role: object) -> None:
        if role not in self._roles:
            raise RoleNotAllowed(roles=["owner"])
