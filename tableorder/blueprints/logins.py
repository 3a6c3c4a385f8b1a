"""Logging in: a tablet to its table's session, an admin to a store."""

import hmac
from collections.abc import Callable
from dataclasses import asdict
from typing import Any, TypeVar

from tableorder.database.connection import Connection
from tableorder.domain.errors import CredentialsInvalid, TokenRevoked, TooManyFailures, TooManyLogins
from tableorder.domain.identities import AdminIdentity, TableIdentity
from tableorder.domain.passwords import LEAST_OF_PERSON, hash_cost, hash_password, verify_password
from tableorder.domain.roles import EVERYBODY
from tableorder.http.request_logs import printable
from tableorder.http.tokens import LIFETIME, issue_token
from tableorder.repositories.logins import AdminAccount, LoginRepository, Renewal, Standing, TableAccount
from tableorder.repositories.sessions import SessionRepository
from tableorder.schemas.logins import (
    AdminLoginSchema,
    AdminToken,
    LoggedOut,
    PasswordSchema,
    TableLoginSchema,
    TableToken,
)
from tableorder.web.authentication import requires_role
from tableorder.web.client_address import client_address
from tableorder.web.context import config, connect, password_work, writing
from tableorder.web.middleware import note
from tableorder.web.nouns import Noun
from tableorder.web.operations import described_by, may_refuse
from tableorder.web.requests import takes_body
from tableorder.web.responses import answers

blueprint = Noun("logins", __name__, heading="Logging in")

THROTTLED = """\
Failures are counted, by default 10 in 5 minutes for an account and 100 for a client's address; then the answer is 429,
with Retry-After. Wrong passwords and unknown accounts get the same answer. While as many passwords are being checked
as the process checks at once, the answer is 503, with Retry-After."""

# What this version can do beyond the first one. Clients look here before they use it.
FEATURES = (
    "options",
    "notes",
    "quotes",
    "stock",
    "void_lines",
    "pictures",
    "languages",
    "dayparts",
    "labels",
    "staff",
    "calls",
    "menu_document",
)

Account = TypeVar("Account", TableAccount, AdminAccount)


@blueprint.post("/auth/table/login")
@takes_body(TableLoginSchema)
@answers(TableToken, "The table's token and session", links=("end_session",))
@may_refuse(CredentialsInvalid, TooManyFailures, TooManyLogins)
@described_by(THROTTLED)
def log_in_table(body: dict[str, Any]) -> dict[str, Any]:
    """Log a tablet in to its table.

    Starts the table's session, or joins the one that is active.
    """
    store_id, table_number = body["store_id"], body["table_number"]
    note(account={"store_id": store_id, "table_number": table_number}, address=client_address())

    def find(logins: LoginRepository) -> tuple[TableAccount | None, Standing]:
        unknown_id = _unknown_id(f"table {table_number} of store {store_id}")
        return logins.find_table(
            store_id=store_id, table_number=table_number, unknown_id=unknown_id, address=client_address()
        )

    account = _log_in(find, store_id, body["table_password"])
    with writing(store_id) as connection:
        session_id = SessionRepository(connection).join(store_id=store_id, table_id=account.table_id)
    table = TableIdentity(store_id, account.table_id, account.table_number, session_id, account.epoch)
    return _welcome(table, account.store_name)


@blueprint.post("/auth/admin/login")
@takes_body(AdminLoginSchema)
@answers(AdminToken, "The admin's token")
@may_refuse(CredentialsInvalid, TooManyFailures, TooManyLogins)
@described_by(THROTTLED)
def log_in_admin(body: dict[str, Any]) -> dict[str, Any]:
    """Log an admin in.

    With a `store_id`, one of that store's people: its owner or one of its staff. Without, a store's owner.
    """
    account = _log_in_person(body["username"], body["password"], body.get("store_id"))
    return _welcome(_identity(account, account.epoch), account.store_name)


@blueprint.post("/auth/logout")
@requires_role(*EVERYBODY)
@answers(LoggedOut, "The tokens are revoked")
def log_out(admin: AdminIdentity) -> dict[str, Any]:
    """Log out everywhere.

    All of one's own tokens are revoked, this one too.
    """
    with writing(admin.store_id) as connection:
        _logins(connection).revoke(grant=admin.grant)
    return {"message": "you are logged out everywhere"}


@blueprint.put("/auth/password")
@requires_role(*EVERYBODY)
@takes_body(PasswordSchema)
@answers(AdminToken, "A token for the new password")
@may_refuse(CredentialsInvalid, TooManyFailures, TooManyLogins)
@described_by(THROTTLED)
def change_password(admin: AdminIdentity, body: dict[str, Any]) -> dict[str, Any]:
    """Change one's own password.

    The tokens given out before are revoked; the answer has a new one.
    """
    account = _log_in_person(admin.username, body["current_password"], admin.store_id)
    new_password, cost = body["new_password"], config().bcrypt_cost
    with password_work().turn() as run:
        new_hash = run(lambda: hash_password(new_password, cost=cost, least=LEAST_OF_PERSON))
    with writing(admin.store_id) as connection:
        epoch = _logins(connection).set_password(grant=admin.grant, new_hash=new_hash)
    if epoch is None:  # it was changed at the same moment
        raise TokenRevoked
    return _welcome(_identity(account, epoch), account.store_name)


def _log_in_person(username: str, password: str, store_id: int | None) -> AdminAccount:
    """The owner of any store, or with a `store_id` one of its people, if the password is theirs."""
    # Who has typed the password into both fields does not want to read it in a log.
    note(account=None if password in username else {"username": printable(username)}, address=client_address())

    def find(logins: LoginRepository) -> tuple[AdminAccount | None, Standing]:
        if store_id is None:
            unknown_id = _unknown_id(f"admin {username}")
            return logins.find_admin(username=username, unknown_id=unknown_id, address=client_address())
        unknown_id = _unknown_id(f"admin {username} of store {store_id}")
        return logins.find_person(store_id=store_id, username=username, unknown_id=unknown_id, address=client_address())

    return _log_in(find, store_id, password)


def _identity(account: AdminAccount, epoch: int) -> AdminIdentity:
    return AdminIdentity(account.store_id, account.username, epoch, account.role, account.staff_id)


def _welcome(identity: TableIdentity | AdminIdentity, store_name: str) -> dict[str, Any]:
    """A token, and whom it is for."""
    token = issue_token(identity, config().jwt_secret_key)
    who = asdict(identity) | {"store_name": store_name}
    del who["epoch"]  # which is between the token and us
    return {"access_token": token, "token_type": "Bearer", "expires_in": LIFETIME, **who, "features": FEATURES}


def _log_in(
    find: Callable[[LoginRepository], tuple[Account | None, Standing]], store_id: int | None, password: str
) -> Account:
    """The account, if the password is its. No connection is held while bcrypt works.

    Raises CredentialsInvalid, the same for a wrong password as for no account; TooManyLogins; TooManyFailures if the
    failures are used up. They are counted again after the check, so that guesses sent all at once are worth no more
    than others.
    """
    cost = config().bcrypt_cost
    with password_work().turn() as run:
        with connect(store_id) as connection:
            account, standing = find(_logins(connection))
        _refuse_throttled(standing.barred)
        password_hash = account.password_hash if account and standing.entry is None else None
        right, renewal = run(lambda: _check(password, password_hash, standing.dearest_cost or 0, cost))
    if account is None or not right:
        with connect(None) as connection:
            _refuse_throttled(_logins(connection).record_failure(standing))
        raise CredentialsInvalid
    with connect(account.store_id) as connection:
        _refuse_throttled(_logins(connection).record_success(standing, renewal))
    return account


def _check(password: str, password_hash: str | None, dearest_cost: int, cost: int) -> tuple[bool, Renewal | None]:
    """Check the password, and make a new hash if it is right and the old one is cheaper."""
    right = verify_password(password, password_hash, cost=max(cost, dearest_cost))
    if not right or password_hash is None or (hash_cost(password_hash) or 0) >= cost:
        return right, None
    return right, Renewal(password_hash, hash_password(password, cost=cost))


def _unknown_id(asked_for: str) -> int:
    """The id by which an account is counted that does not exist. It is keyed: the count does not show the name."""
    digest = hmac.digest(config().jwt_secret_key.encode(), asked_for.encode(), "sha256")
    return int.from_bytes(digest[:8], "big", signed=True)


def _refuse_throttled(retry_after: int | None) -> None:
    if retry_after is not None:
        raise TooManyFailures(retry_after=max(1, retry_after))


def _logins(connection: Connection) -> LoginRepository:
    return LoginRepository(connection, limits=config().login_limits)
