"""Everything that can go wrong by rule. Each class has a stable machine word, `code`; HTTP maps the classes."""

from collections.abc import Mapping
from typing import Any


class DomainError(Exception):
    """A foreseeable refusal. `detail` is a sentence for a person; `code` is for programs and never changes.

    `members` says more to programs: each is a member of the problem document.
    """

    code = "error"

    def __init__(self, detail: str, *, code: str | None = None, members: Mapping[str, object] | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.code = code or type(self).code
        self.members = dict(members or {})


class Invalid(DomainError):
    """The request itself is wrong; `errors` maps a field to its messages."""

    code = "validation_failed"

    def __init__(self, detail: str, *, code: str | None = None, errors: Mapping[str, object] | None = None) -> None:
        super().__init__(detail, code=code, members={"errors": errors} if errors else None)


class Unauthorized(DomainError):
    """Nobody, or nobody that we know."""

    code = "unauthorized"


class Forbidden(DomainError):
    """Known, but of the wrong role."""

    code = "forbidden"


class NotFound(DomainError):
    """Unknown, deleted or another store's: never told apart."""

    code = "not_found"


class Conflict(DomainError):
    """The present state does not allow it."""

    code = "conflict"


class LimitReached(Conflict):
    """There are as many already as there may be: `limit`."""

    code = "limit_reached"

    def __init__(self, detail: str, *, limit: int) -> None:
        super().__init__(detail, members={"limit": limit})


class KeyReused(DomainError):
    """An idempotency key came back with another body."""

    code = "idempotency_key_reused"


class Throttled(DomainError):
    """Too many in too short a time; try again after `retry_after` seconds."""

    code = "too_many_failures"

    def __init__(self, detail: str, *, retry_after: float, code: str | None = None) -> None:
        super().__init__(detail, code=code)
        self.retry_after = retry_after


class Unavailable(DomainError):
    """We cannot serve this now, through no fault of the caller; try again after `retry_after` seconds."""

    code = "unavailable"
    retry_after = 1


class DatabaseUnavailable(Unavailable):
    """The database cannot be reached, does not answer in time, is a standby, or went away under a statement."""

    code = "database_unavailable"


class PoolExhausted(Unavailable):
    """The database is there, but no connection came free in time."""

    code = "pool_exhausted"


class TooManyLogins(Unavailable):
    """As many passwords are being checked as are allowed at once."""

    code = "too_many_logins"


class TooManyStreams(Unavailable):
    """As many live feeds are open as are allowed."""

    code = "too_many_streams"
    retry_after = 5


REFUSALS: dict[str, tuple[type[DomainError], str]] = {
    "session_ended": (Conflict, "this table's session is over"),
    "menu_not_found": (NotFound, "there is no menu {menu_id}"),
    "menu_sold_out": (Conflict, "menu {menu_id} is sold out"),
    "total_too_large": (Invalid, "the order's total is too large"),
    "option_not_found": (NotFound, "there is no option {option_id}"),
    "option_not_offered": (Conflict, "option {option_id} is not of menu {menu_id}"),
    "option_sold_out": (Conflict, "option {option_id} is sold out"),
    "options_mismatch": (Conflict, "item {item} needs {min_select} to {max_select} options of group {group_id}"),
    "line_price_too_low": (Conflict, "item {item} would cost less than 1 won"),
    "quote_mismatch": (Conflict, "the order would not cost what the guest saw; see lines"),
    "order_not_found": (NotFound, "there is no order {order_id}"),
    "order_item_not_found": (NotFound, "the order never had a line {order_item_id}"),
    "keep_too_large": (Conflict, "line {order_item_id} has a quantity of {quantity}"),
    "group_not_found": (NotFound, "there is no option group {group_id}"),
    "group_unsatisfiable": (Conflict, "menus have option group {group_id}, and it could not be satisfied"),
    "group_in_use": (Conflict, "menus have option group {group_id}"),
    "stock_not_found": (NotFound, "there is no stock {stock_id}"),
    "stock_short": (Conflict, "only {remaining} are left"),
    "stock_not_counted": (Conflict, "stock {stock_id} is not counted"),
    "idempotency_key_required": (Invalid, "this needs an Idempotency-Key"),
}


def refusal(code: str, details: Mapping[str, Any]) -> DomainError:
    """The error of this code; its details are in its text and are members of the problem document."""
    if code == "idempotency_key_reused":
        return KeyReused("this idempotency key was used for another request")
    if code == "too_many_orders":
        detail = "this table has ordered too often; try again later"
        return Throttled(detail, code="too_many_orders", retry_after=max(1, details["wait"] or 0))
    if code == "limit_reached":
        limit = int(details["limit"])
        return LimitReached(f"this table has as many orders or lines as {limit}, the limit, allows", limit=limit)
    kind, text = REFUSALS[code]
    error = kind(text.format_map(details), code=code)
    error.members = dict(details)
    return error
