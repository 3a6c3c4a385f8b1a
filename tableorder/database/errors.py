"""From PostgreSQL's errors to the domain's: by SQLSTATE and by constraint name, never by message text.

SQLSTATE classes: https://www.postgresql.org/docs/current/errcodes-appendix.html
"""

from collections.abc import Callable
from functools import partial

import psycopg2

from tableorder.domain.errors import (
    ApprovalInvalid,
    ApprovalRequired,
    CallItemLabelTaken,
    CategoryNameTaken,
    CategoryNotFound,
    DatabaseBusy,
    DatabaseTimeout,
    DatabaseUnavailable,
    DaypartNameTaken,
    DomainError,
    GroupNotFound,
    LimitReached,
    MenuInUse,
    TableNotFound,
    TableNumberTaken,
    TokenRevoked,
    UsernameTaken,
    ValidationFailed,
    ValueOutOfRange,
)

# What a violated constraint means to the one who asked.
CONSTRAINTS: dict[str, Callable[[], DomainError]] = {
    "stores_admin_username_key": UsernameTaken,
    "staff_store_id_username_key": UsernameTaken,
    "tables_store_id_table_number_key": TableNumberTaken,
    "table_sessions_table_id_fkey": partial(TableNotFound, "there is no such table"),
    "devices_table_id_fkey": partial(TableNotFound, "there is no such table"),
    "categories_store_id_category_name_key": CategoryNameTaken,
    "dayparts_store_id_daypart_name_key": DaypartNameTaken,
    "call_items_store_id_label_key": CallItemLabelTaken,
    "menus_category_id_fkey": partial(CategoryNotFound, "there is no such category"),
    "order_items_menu_id_fkey": MenuInUse,
    "option_groups_select_check": partial(
        ValidationFailed,
        "min_select must not be more than max_select",
        errors={"min_select": ["Must not be more than max_select."]},
    ),
    "option_groups_max_each_check": partial(
        ValidationFailed,
        "max_each must not be more than max_select",
        errors={"max_each": ["Must not be more than max_select."]},
    ),
    "options_group_id_fkey": partial(GroupNotFound, "there is no such option group"),
    "menu_versions_languages_check": partial(LimitReached, limit=30, noun="languages"),
    "audit_log_rate": partial(LimitReached, limit=10_000, noun="changes by one person in a day"),
    "read_books_required": partial(ApprovalRequired, action="read_books"),
    "read_books_invalid": partial(ApprovalInvalid, action="read_books"),
    "idempotency_keys_pkey": DatabaseBusy,
    "admin_keys_pkey": DatabaseBusy,
}

_OUT_OF_TIME = {"57014", "55P03"}  # query_canceled (statement_timeout), lock_not_available
_TRY_AGAIN = {"40001", "40P01"}  # serialization_failure, deadlock_detected
_AWAY_CLASSES = {"08", "53", "57", "58"}  # connection, resources, operator intervention, system error
# What a client's value may cause: a text, a number or a date that does not fit. All else of class 22 is our own
# mistake, such as a sequence that has come to its end (2200H) or a cast.
_OUT_OF_RANGE = {"22001", "22003", "22008"}
_REVOKED = "28000"  # invalid_authorization_specification: of refuse_revoked_token()
_READ_ONLY = "25006"  # read_only_sql_transaction: the server has become a standby


def translate(error: psycopg2.Error) -> Exception:
    """The domain error that `error` means, or `error` itself if it is our own mistake (then it is a 500)."""
    code = error.pgcode
    if isinstance(error, psycopg2.IntegrityError):
        known = CONSTRAINTS.get(error.diag.constraint_name or "")
        return known() if known else error
    if code == _REVOKED:
        return TokenRevoked()
    if code in _OUT_OF_TIME:
        return DatabaseTimeout()
    if code in _TRY_AGAIN:
        return DatabaseBusy()
    if code == _READ_ONLY or (code or "")[:2] in _AWAY_CLASSES:
        return DatabaseUnavailable()
    if code is None and isinstance(error, psycopg2.OperationalError | psycopg2.InterfaceError):
        return DatabaseUnavailable("the connection to the database was lost")
    if code in _OUT_OF_RANGE:
        return ValueOutOfRange()
    return error
