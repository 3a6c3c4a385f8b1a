"""What is left of the dishes and options that are counted."""

from collections.abc import Mapping

from tableorder.database.connection import Connection
from tableorder.database.statements import load_statements
from tableorder.domain.errors import MenuNotFound, OptionNotFound, refusal
from tableorder.domain.identities import AdminIdentity
from tableorder.domain.requests import fingerprint

_SQL = load_statements(__file__)


class StockRepository:
    """The stock of a store; documents come as JSON text. Orders and voids move it, too."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def list(self, *, store_id: int) -> str:
        """All that is counted, lowest first."""
        return self._connection.fetch_value(_SQL["list_stock"], {"store_id": store_id})

    def set(
        self,
        *,
        admin: AdminIdentity,
        menu_id: int | None,
        option_id: int | None,
        remaining: int | None,
        low_at: int | None,
    ) -> str:
        """Count anew, or stop counting (`remaining` None), and return the stock.

        Of `menu_id` and `option_id` one is given. Raises MenuNotFound, OptionNotFound.
        """
        document = self._connection.fetch_value(
            _SQL["set_stock"],
            {
                "menu_id": menu_id,
                "option_id": option_id,
                "remaining": remaining,
                "low_at": low_at,
                "username": admin.username,
            },
        )
        if document is None:
            if menu_id is not None:
                raise MenuNotFound(menu_id=menu_id)
            raise OptionNotFound(option_id=option_id)
        return document

    def adjust(self, *, admin: AdminIdentity, stock_id: int, change: Mapping[str, object], key: str) -> str:
        """Add `delta` (negative for waste) for the `reason` and return the stock, or the answer first given to `key`.

        Raises StockNotFound, StockShort, StockNotCounted, KeyReused.
        """
        answer, refused, remaining = self._connection.fetch_one(
            _SQL["adjust_stock"],
            {
                "store_id": admin.store_id,
                "stock_id": stock_id,
                "username": admin.username,
                "key": key,
                "request_hash": fingerprint(change),
                **change,
            },
        )
        if answer is None:
            raise refusal(refused, {"stock_id": stock_id, "remaining": remaining})
        return answer
