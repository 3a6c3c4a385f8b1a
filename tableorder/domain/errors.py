"""Everything that can go wrong by rule: a class per error, with its code and its text. HTTP maps kinds to statuses."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from tableorder.domain.limits import with_retired
from tableorder.domain.orders import MAX_KEY_LENGTH


class DomainError(Exception):
    """A foreseeable refusal.

    A class with a `code` is an error; one without is a kind of errors. Programs go by `code`, which never changes.
    `detail` is a sentence for people: the class's, with the values in it, or one that says more exactly what is wrong.
    `members` names those values that are members of the problem document, too. `example` is a set of values.
    """

    code: ClassVar[str]
    detail: str
    members: ClassVar[tuple[str, ...]] = ()
    example: ClassVar[Mapping[str, Any]] = {}

    def __init__(self, detail: str | None = None, **values: Any) -> None:
        self.detail = detail or self.detail.format_map(values)
        self.values = values
        super().__init__(self.detail)

    def told(self) -> dict[str, Any]:
        """The members of the problem document that are this error's own."""
        return {name: self.values[name] for name in self.members if name in self.values}


class Invalid(DomainError):
    """The request itself is wrong."""


class Unauthorized(DomainError):
    """Nobody, or nobody that we know."""


class Forbidden(DomainError):
    """Known, but of the wrong role."""

    code = "forbidden"
    detail = "this is for admins; the token is a table's"


class RoleNotAllowed(Forbidden):
    code = "role_not_allowed"
    detail = "this is not for your role; the roles that may are: {roles}"
    members = ("roles",)
    example: ClassVar[Mapping[str, Any]] = {"roles": ["owner", "manager"]}


class ApprovalRequired(Forbidden):
    code = "approval_required"
    detail = "an owner or a manager must approve of this: {action}"
    members = ("action",)
    example: ClassVar[Mapping[str, Any]] = {"action": "void"}


class ApprovalInvalid(Forbidden):
    """Unknown, of something else, used, expired, or of somebody whose rights have changed: never told apart."""

    code = "approval_invalid"
    detail = "the approval is not, or no longer, good for this: {action}"
    members = ("action",)
    example: ClassVar[Mapping[str, Any]] = {"action": "void"}


class NotFound(DomainError):
    """Unknown, deleted or another store's: never told apart."""


class Conflict(DomainError):
    """The present state does not allow it."""


class PreconditionRequired(DomainError):
    """The request lacks If-Match, so it does not say which version it changes; others may have changed it since."""

    code = "precondition_required"
    detail = "this needs an If-Match, with the version that it was made from"


class PreconditionFailed(DomainError):
    """It was made from another version than the present one."""

    code = "precondition_failed"
    detail = "the menu has changed since; its version is {version} now"
    members = ("version",)
    example = {"version": "0b0b4b0f-9d1c-4a1f-8a0e-3c525f0c1c1e"}


class KeyReused(DomainError):
    """An idempotency key came back with another body."""

    code = "idempotency_key_reused"
    detail = "this idempotency key was used for another request"


class Throttled(DomainError):
    """Too many in too short a time; try again after `retry_after` seconds."""

    def __init__(self, detail: str | None = None, *, retry_after: float, **values: Any) -> None:
        super().__init__(detail, **values)
        self.retry_after = retry_after


class Unavailable(DomainError):
    """We cannot serve this now, through no fault of the caller; try again after `retry_after` seconds."""

    retry_after = 1


class JsonInvalid(Invalid):
    code = "json_invalid"
    detail = "the body is not valid JSON in UTF-8"


class ValidationFailed(Invalid):
    """A value is not as it should be; of a body or a query, `errors` maps each field to its messages."""

    code = "validation_failed"
    detail = "the body is not as it should be; see errors"
    members = ("errors",)
    example = {"errors": {"quantity": ["Must be an integer."]}}


class ValueOutOfRange(Invalid):
    code = "value_out_of_range"
    detail = "a value is out of range"


class IdempotencyKeyInvalid(Invalid):
    code = "idempotency_key_invalid"
    detail = f"Idempotency-Key must have 1 to {MAX_KEY_LENGTH} characters"


class IdempotencyKeyRequired(Invalid):
    code = "idempotency_key_required"
    detail = "this needs an Idempotency-Key"


class TotalTooLarge(Invalid):
    code = "total_too_large"
    detail = "the order's total is too large"


class SeveralCategories(Invalid):
    code = "several_categories"
    detail = "the menus are of several categories"


class TokenMissing(Unauthorized):
    code = "token_missing"
    detail = "a bearer token is needed"


class TokenInvalid(Unauthorized):
    code = "token_invalid"
    detail = "the token is not valid; log in again"


class TokenExpired(Unauthorized):
    code = "token_expired"
    detail = "the token has expired; log in again"


class TokenRevoked(Unauthorized):
    code = "token_revoked"
    detail = "the token was revoked; log in again"


class TicketInvalid(Unauthorized):
    code = "ticket_invalid"
    detail = "the ticket is unknown, used or expired; ask for another"


class CredentialsInvalid(Unauthorized):
    code = "credentials_invalid"
    detail = "the credentials are wrong"


class EnrolmentInvalid(Unauthorized):
    code = "enrolment_invalid"
    detail = "the code is unknown, used or expired; ask for another"


class DeviceUnknown(Unauthorized):
    code = "device_unknown"
    detail = "the device was revoked, or never enrolled; enrol it with a code"


class OrderNotFound(NotFound):
    code = "order_not_found"
    detail = "there is no order {order_id}"
    example = {"order_id": 7}


class OrderItemNotFound(NotFound):
    code = "order_item_not_found"
    detail = "the order never had a line {order_item_id}"
    members = ("order_item_id",)
    example = {"order_item_id": 7}


class MenuNotFound(NotFound):
    code = "menu_not_found"
    detail = "there is no menu {menu_id}"
    members = ("item", "menu_id")
    example = {"menu_id": 7}


class OptionNotFound(NotFound):
    code = "option_not_found"
    detail = "there is no option {option_id}"
    members = ("item", "menu_id", "option_id")
    example = {"option_id": 7}


class GroupNotFound(NotFound):
    code = "group_not_found"
    detail = "there is no option group {group_id}"
    members = ("group_id",)
    example = {"group_id": 7}


class DaypartNotFound(NotFound):
    code = "daypart_not_found"
    detail = "there is no daypart {daypart_id}"
    members = ("daypart_id",)
    example = {"daypart_id": 7}


class StockNotFound(NotFound):
    code = "stock_not_found"
    detail = "there is no stock {stock_id}"
    members = ("stock_id",)
    example = {"stock_id": 7}


class CallNotFound(NotFound):
    code = "call_not_found"
    detail = "there is no call {call_id}"
    example = {"call_id": 8}


class CallItemNotFound(NotFound):
    """Unknown, switched off, deleted or another store's."""

    code = "call_item_not_found"
    detail = "there is no call item {call_item_id}"
    members = ("item", "call_item_id")
    example = {"item": 0, "call_item_id": 2}


class PictureNotFound(NotFound):
    code = "picture_not_found"
    detail = "there is no picture {sha256}"
    example = {"sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"}


class CategoryNotFound(NotFound):
    code = "category_not_found"
    detail = "there is no category {category_id}"
    example = {"category_id": 7}


class TableNotFound(NotFound):
    code = "table_not_found"
    detail = "there is no table {table_id}"
    example = {"table_id": 7}


class StaffNotFound(NotFound):
    code = "staff_not_found"
    detail = "there is no person {staff_id} on the staff"
    members = ("staff_id",)
    example: ClassVar[Mapping[str, Any]] = {"staff_id": 4}


class DeviceNotFound(NotFound):
    code = "device_not_found"
    detail = "there is no device {device_id}"
    members = ("device_id",)
    example: ClassVar[Mapping[str, Any]] = {"device_id": 5}


class StoreNotFound(NotFound):
    """No store has that admin; the operator's commands say so, no answer does."""

    code = "store_not_found"
    detail = "there is no store with the admin {username}"
    example = {"username": "demo"}


class SessionEnded(Conflict):
    """A tablet's session is over."""

    code = "session_ended"
    detail = "this table's session is over"


class MenuSoldOut(Conflict):
    """It is switched off, a group of it cannot be satisfied, or fewer are left than the order needs."""

    code = "menu_sold_out"
    detail = "menu {menu_id} is sold out"
    members = ("item", "menu_id", "remaining", "requested")
    example = {"item": 0, "menu_id": 4, "remaining": 2, "requested": 3}


class MenuNotServed(Conflict):
    """It is not the hour of any of its dayparts; `next_from`: when it is next, null for never."""

    code = "menu_not_served"
    detail = "menu {menu_id} is not served now"
    members = ("item", "menu_id", "next_from")
    example = {"item": 0, "menu_id": 4, "next_from": "2026-02-05T11:00:00+09:00"}


class OptionNotOffered(Conflict):
    code = "option_not_offered"
    detail = "option {option_id} is not one of menu {menu_id}"
    members = ("item", "menu_id", "option_id")
    example = {"item": 0, "menu_id": 4, "option_id": 7}


class OptionSoldOut(Conflict):
    code = "option_sold_out"
    detail = "option {option_id} is sold out"
    members = ("item", "menu_id", "option_id", "remaining", "requested")
    example = {"item": 0, "menu_id": 4, "option_id": 7, "remaining": 2, "requested": 3}


class OptionsMismatch(Conflict):
    """Too few or too many options of a group, or one of them too often."""

    code = "options_mismatch"
    detail = "item {item} needs {min_select} to {max_select} options of group {group_id}"
    members = ("item", "menu_id", "group_id", "min_select", "max_select", "selected", "option_id", "max_each")
    example = {"item": 0, "menu_id": 4, "group_id": 2, "min_select": 1, "max_select": 1, "selected": 0}


class LinePriceTooLow(Conflict):
    code = "line_price_too_low"
    detail = "item {item} would cost less than 1 won"
    members = ("item", "menu_id")
    example = {"item": 0, "menu_id": 4}


class QuoteMismatch(Conflict):
    """The order would not cost what the guest saw: `lines` has all that differs, or is refused, at once."""

    code = "quote_mismatch"
    detail = "the order would not cost what the guest saw; see lines"
    members = ("expected_total", "total", "menu_version", "lines")
    example = {
        "expected_total": 9000,
        "total": 9500,
        "menu_version": "0b0b4b0f-9d1c-4a1f-8a0e-3c525f0c1c1e",
        "lines": [{"item": 0, "menu_id": 1, "expected_unit_price": 9000, "unit_price": 9500, "problem": None}],
    }


class KeepTooLarge(Conflict):
    """More would remain of a line than it has."""

    code = "keep_too_large"
    detail = "line {order_item_id} has a quantity of {quantity}"
    members = ("order_item_id", "quantity")
    example = {"order_item_id": 77, "quantity": 2}


class GroupUnsatisfiable(Conflict):
    """A menu has the group, which would have too few options or too many defaults."""

    code = "group_unsatisfiable"
    detail = "a menu has option group {group_id}, and no choice would satisfy it"
    members = ("group_id",)
    example = {"group_id": 2}


class GroupInUse(Conflict):
    code = "group_in_use"
    detail = "a menu has option group {group_id}"
    members = ("group_id",)
    example = {"group_id": 2}


class StockShort(Conflict):
    code = "stock_short"
    detail = "{remaining} are left"
    members = ("stock_id", "remaining")
    example = {"stock_id": 3, "remaining": 2}


class StockNotCounted(Conflict):
    code = "stock_not_counted"
    detail = "stock {stock_id} is not counted"
    members = ("stock_id",)
    example = {"stock_id": 3}


class StatusBackwards(Conflict):
    code = "status_backwards"
    detail = "order {order_id} is {status} and does not go back to {wanted}"
    example = {"order_id": 31, "status": "완료", "wanted": "준비중"}


class TableNumberTaken(Conflict):
    code = "table_number_taken"
    detail = "that table number is taken"


class TableInUse(Conflict):
    code = "table_in_use"
    detail = "table {table_id} has an active session"
    example = {"table_id": 3}


class SessionChanged(Conflict):
    code = "session_changed"
    detail = "table {table_id} has another session by now"
    example = {"table_id": 3}


class NoActiveSession(Conflict):
    code = "no_active_session"
    detail = "table {table_id} has no active session"
    example = {"table_id": 3}


class CategoryNameTaken(Conflict):
    code = "category_name_taken"
    detail = "that category name is taken"


class DaypartNameTaken(Conflict):
    code = "daypart_name_taken"
    detail = "that daypart name is taken"


class CategoryNotEmpty(Conflict):
    code = "category_not_empty"
    detail = "category {category_id} has menus in it"
    example = {"category_id": 1}


class MenuInUse(Conflict):
    code = "menu_in_use"
    detail = "orders that are still open refer to it"


class LimitReached(Conflict):
    """There are as many already as there may be."""

    code = "limit_reached"
    detail = "there may be no more than {limit} {noun}"
    members = ("limit",)
    example = {"limit": 1000, "noun": "tables"}

    @classmethod
    def of_retired(cls, noun: str, limit: int, live: int) -> LimitReached:
        """Of what is kept for a while when it is deleted: there are too many, or too many with the deleted ones."""
        if live >= limit:
            return cls(limit=limit, noun=noun)
        return cls(limit=with_retired(limit), noun=f"{noun}, with those deleted lately")


class CallItemLabelTaken(Conflict):
    code = "call_item_label_taken"
    detail = "there is a call item of that label"


class CallQuantityTooLarge(Conflict):
    code = "call_quantity_too_large"
    detail = "no more than {max_quantity} of call item {call_item_id} can be asked for"
    members = ("item", "call_item_id", "max_quantity")
    example = {"item": 0, "call_item_id": 2, "max_quantity": 4}


class MenusMissing(Conflict):
    code = "menus_missing"
    detail = "the category has {menu_count} menus; name each of them"
    example = {"menu_count": 4}


class UsernameTaken(Conflict):
    """Another of the store's people has that name, or, where the operator adds a store, another store's owner."""

    code = "username_taken"
    detail = "that username is taken"


class TooManyFailures(Throttled):
    code = "too_many_failures"
    detail = "too many failed logins; try again later"
    example = {"retry_after": 30}


class TooManyOrders(Throttled):
    """A session has ordered so often; in `wait` seconds it may again."""

    code = "too_many_orders"
    detail = "this table has ordered {order_rate} times in 60 s; try again later"
    example = {"order_rate": 20, "wait": 30}

    def __init__(self, detail: str | None = None, *, wait: float | None, **values: Any) -> None:
        super().__init__(detail, retry_after=max(1, wait or 0), **values)


class TooManyCalls(Throttled):
    """A session has called so often; in `wait` seconds it may again."""

    code = "too_many_calls"
    detail = "this table has called {call_rate} times in 60 s; try again later"
    example = {"call_rate": 10, "wait": 30}

    def __init__(self, detail: str | None = None, *, wait: float | None, **values: Any) -> None:
        super().__init__(detail, retry_after=max(1, wait or 0), **values)


class NotServing(Unavailable):
    """The service is not ready for this request, or its client is no longer there."""

    code = "unavailable"
    detail = "the service is starting or stopping"


class DatabaseUnavailable(Unavailable):
    """The database cannot be reached, does not answer in time, is a standby, or went away under a statement."""

    code = "database_unavailable"
    detail = "the database is not available"


class DatabaseTimeout(Unavailable):
    code = "database_timeout"
    detail = "the database did not answer in time"


class DatabaseBusy(Unavailable):
    """Somebody else was faster, as often as we have tried."""

    code = "database_busy"
    detail = "this collided with another request"


class PoolExhausted(Unavailable):
    """The database answers, but no connection became free in time."""

    code = "pool_exhausted"
    detail = "all connections to the database are in use"


class TooManyLogins(Unavailable):
    """As many passwords are being checked as are allowed at once."""

    code = "too_many_logins"
    detail = "too many passwords are being checked at once; try again"


class TooManyPictures(Unavailable):
    """As many pictures are being converted as are allowed at once."""

    code = "too_many_pictures"
    detail = "too many pictures are being converted at once; try again"


class TooManyStreams(Unavailable):
    """As many live feeds are open as are allowed."""

    code = "too_many_streams"
    detail = "as many live feeds are open as are allowed; try again later"
    retry_after = 5


@functools.cache
def errors_by_code() -> dict[str, type[DomainError]]:
    """Every error, by its code."""
    return {kind.code: kind for kind in _descendants(DomainError) if "code" in vars(kind)}


def refusal(code: str, details: Mapping[str, Any] | None = None) -> DomainError:
    """The error that a statement has refused with: its code, and its values."""
    return errors_by_code()[code](**(details or {}))


def _descendants(kind: type[DomainError]) -> Iterator[type[DomainError]]:
    for child in kind.__subclasses__():
        yield child
        yield from _descendants(child)
