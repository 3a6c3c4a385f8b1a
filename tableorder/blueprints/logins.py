"""Logging in: a tablet to its table's session, an admin to a store."""

from collections.abc import Mapping
from typing import TypeVar

from flask import Blueprint, Response

from tableorder.database.connection import Connection
from tableorder.domain.errors import Throttled, Unauthorized
from tableorder.domain.identities import AdminIdentity, TableIdentity
from tableorder.domain.passwords import verify_password
from tableorder.http.client_address import client_address
from tableorder.http.context import config, connect
from tableorder.http.requests import read_body
from tableorder.http.responses import fields
from tableorder.http.tokens import LIFETIME, issue_token
from tableorder.processors import anywhere
from tableorder.repositories.logins import AdminAccount, LoginRepository, TableAccount
from tableorder.repositories.sessions import SessionRepository
from tableorder.schemas.logins import AdminLoginSchema, TableLoginSchema

blueprint = Blueprint("logins", __name__)

Account = TypeVar("Account", TableAccount, AdminAccount)


@blueprint.post("/auth/table/login")
def log_in_table() -> Response:
    body = read_body(TableLoginSchema)
    store_id, table_number = body["store_id"], body["table_number"]
    with connect(store_id) as connection:
        subject = _admit(connection, store_id, f"table:{store_id}:{table_number}")
        account = _logins(connection).find_table(store_id=store_id, table_number=table_number)
    account = _verify(body["table_password"], account, subject)
    with connect(store_id) as connection:
        session_id = SessionRepository(connection).join(store_id=store_id, table_id=account.table_id)
    table = TableIdentity(store_id, account.table_id, account.table_number, session_id)
    return fields(
        {
            "access_token": issue_token(table, config().jwt_secret_key),
            "token_type": "Bearer",
            "expires_in": LIFETIME,
            "table_id": table.table_id,
            "table_number": table.table_number,
            "session_id": table.session_id,
            "store_id": table.store_id,
            "store_name": account.store_name,
        }
    )


@blueprint.post("/auth/admin/login")
def log_in_admin() -> Response:
    body = read_body(AdminLoginSchema)
    with connect(None) as connection:
        account = _logins(connection).find_admin(username=body["username"])
    store_id = account.store_id if account else None
    with connect(store_id) as connection:
        subject = _admit(connection, store_id, f"admin:{body['username']}")
    account = _verify(body["password"], account, subject)
    admin = AdminIdentity(account.store_id, account.username)
    return fields(
        {
            "access_token": issue_token(admin, config().jwt_secret_key),
            "token_type": "Bearer",
            "expires_in": LIFETIME,
            "store_id": account.store_id,
            "store_name": account.store_name,
            "username": account.username,
        }
    )


def _admit(connection: Connection, store_id: int | None, account: str) -> str:
    """The subject that this login's failures are counted for. Raises Throttled if it has used them up.

    An address that the store has logged in from before has a count of its own for each of the store's accounts, so
    that strangers who guess from elsewhere do not lock the store's tablets out. All strangers together share one.
    """
    address = client_address()
    familiar = _logins(connection).is_familiar(store_id=store_id, address=address)
    subject = f"{account}@{address}" if familiar else account
    _refuse_throttled(_logins(connection).retry_after(limits=_limits(subject)))
    return subject


def _verify(password: str, account: Account | None, subject: str) -> Account:
    """The account, if the password is its. No connection is held while bcrypt works.

    Raises Unauthorized, the same for a wrong password as for no account; Throttled if others have used up the
    failures in the meantime, so that guesses sent all at once are not worth more than guesses one by one.
    """
    with anywhere():
        right = verify_password(password, account.password_hash if account else None, cost=config().bcrypt_cost)
    if account is None or not right:
        with connect(None) as connection:
            _refuse_throttled(_logins(connection).record_failure(limits=_limits(subject)))
        raise Unauthorized("the credentials are wrong", code="credentials_invalid")
    with connect(account.store_id) as connection:
        limit = config().login_limits.account_failures
        _refuse_throttled(_logins(connection).clear(account=subject, limit=limit))
        _logins(connection).remember(store_id=account.store_id, address=client_address())
    return account


def _limits(subject: str) -> Mapping[str, int]:
    limits = config().login_limits
    return {subject: limits.account_failures, f"address:{client_address()}": limits.address_failures}


def _refuse_throttled(retry_after: int | None) -> None:
    if retry_after is not None:
        raise Throttled("too many failed logins; try again later", retry_after=max(1, retry_after))


def _logins(connection: Connection) -> LoginRepository:
    return LoginRepository(connection, window=config().login_limits.window)
