"""What a store sets for itself; one that has set nothing has the defaults."""

from collections.abc import Mapping

from tableorder.database.connection import Connection
from tableorder.database.statements import load_statements
from tableorder.domain.errors import ValidationFailed

_SQL = load_statements(__file__)

# The columns that an admin sets.
COLUMNS = ("time_zone", "origin_notice")


class SettingsRepository:
    """The settings of a store; documents come as JSON text."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, *, store_id: int) -> str:
        """All settings."""
        return self._connection.fetch_value(_SQL["get_settings"], {"store_id": store_id})

    def update(self, *, store_id: int, changes: Mapping[str, object]) -> str:
        """Change the columns in `changes` and return the settings.

        A None clears the notice. Raises ValidationFailed if PostgreSQL knows no such time zone.
        """
        document = self._connection.fetch_value(
            _SQL["update_settings"],
            {
                "store_id": store_id,
                "sets_origin_notice": "origin_notice" in changes,
                **dict.fromkeys(COLUMNS),
                **changes,
            },
        )
        if document is None:
            raise ValidationFailed(errors={"time_zone": ["Must be the name of a time zone, such as Asia/Seoul."]})
        return document
