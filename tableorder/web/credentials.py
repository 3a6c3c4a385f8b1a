"""Who proves to be somebody: by the password of a table or a person, or by a manager's PIN."""

import hmac
from collections.abc import Callable
from typing import TypeVar

from tableorder.database.connection import Connection
from tableorder.domain.errors import CredentialsInvalid, TooManyFailures
from tableorder.domain.identities import AdminIdentity
from tableorder.domain.passwords import hash_cost, hash_password, verify_password
from tableorder.http.request_logs import printable
from tableorder.repositories.logins import AdminAccount, LoginRepository, Renewal, Standing, TableAccount
from tableorder.web.client_address import client_address
from tableorder.web.context import config, connect, password_work
from tableorder.web.middleware import note

THROTTLED = """\
Failures are counted, by default 10 in 5 minutes for an account and 100 for a client's address; then the answer is 429,
with Retry-After. Wrong passwords and unknown accounts get the same answer. While as many passwords are being checked
as the process checks at once, the answer is 503, with Retry-After."""

Account = TypeVar("Account", TableAccount, AdminAccount)


def admit_table(store_id: int, table_number: int, password: str) -> TableAccount:
    """The table of a store, if the password is its. Raises what `_admit` raises."""
    note(account={"store_id": store_id, "table_number": table_number}, address=client_address())

    def find(logins: LoginRepository) -> tuple[TableAccount | None, Standing]:
        unknown_id = _unknown_id(f"table {table_number} of store {store_id}")
        return logins.find_table(
            store_id=store_id, table_number=table_number, unknown_id=unknown_id, address=client_address()
        )

    return _admit(find, store_id, password)


def admit_person(username: str, password: str, store_id: int | None) -> AdminAccount:
    """The owner of any store, or with a `store_id` one of its people, if the password is theirs.

    Raises what `_admit` raises.
    """
    _note_account(username, password)

    def find(logins: LoginRepository) -> tuple[AdminAccount | None, Standing]:
        if store_id is None:
            unknown_id = _unknown_id(f"admin {username}")
            return logins.find_admin(username=username, unknown_id=unknown_id, address=client_address())
        unknown_id = _unknown_id(f"admin {username} of store {store_id}")
        return logins.find_person(store_id=store_id, username=username, unknown_id=unknown_id, address=client_address())

    return _admit(find, store_id, password)


def admit_approver(username: str, pin: str, store_id: int) -> AdminIdentity:
    """The owner or a manager of the store, if the PIN is theirs. Raises what `_admit` raises.

    Wrong PINs have their own counts, so guessing a PIN does not stop its owner from logging in.
    """
    _note_account(username, pin)

    def find(logins: LoginRepository) -> tuple[AdminAccount | None, Standing]:
        unknown_id = _unknown_id(f"approver {username} of store {store_id}")
        return logins.find_approver(
            store_id=store_id, username=username, unknown_id=unknown_id, address=client_address()
        )

    return identity_of(_admit(find, store_id, pin, renews=False))


def identity_of(account: AdminAccount) -> AdminIdentity:
    """The account's identity, with the epoch at the time of the login."""
    return AdminIdentity(account.store_id, account.username, account.epoch, account.role, account.staff_id)


def logins_of(connection: Connection) -> LoginRepository:
    """The accounts and failures, by the configured limits."""
    return LoginRepository(connection, limits=config().login_limits)


def _note_account(username: str, secret: str) -> None:
    # Some people type the password into both fields; it must not get into the log.
    note(account=None if secret in username else {"username": printable(username)}, address=client_address())


def _admit(
    find: Callable[[LoginRepository], tuple[Account | None, Standing]],
    store_id: int | None,
    secret: str,
    *,
    renews: bool = True,
) -> Account:
    """The account, if the password or PIN is its. No connection is held while bcrypt works.

    Raises CredentialsInvalid, the same for a wrong secret as for no account; TooManyLogins; TooManyFailures if the
    failures are used up. They are counted again after the check, so that guesses sent all at once are worth no more
    than others. A right password `renews` a hash that is cheaper than the configured cost.
    """
    cost = config().bcrypt_cost
    with password_work().turn() as run:
        with connect(store_id) as connection:
            account, standing = find(logins_of(connection))
        _refuse_throttled(standing.barred)
        secret_hash = account.password_hash if account and standing.entry is None else None
        right, renewal = run(lambda: _check(secret, secret_hash, standing.dearest_cost or 0, cost, renews=renews))
    if account is None or not right:
        with connect(None) as connection:
            _refuse_throttled(logins_of(connection).record_failure(standing))
        raise CredentialsInvalid
    with connect(account.store_id) as connection:
        _refuse_throttled(logins_of(connection).record_success(standing, renewal))
    return account


def _check(
    secret: str, secret_hash: str | None, dearest_cost: int, cost: int, *, renews: bool
) -> tuple[bool, Renewal | None]:
    """Check the secret, and make a new hash if it is right and the old one is cheaper."""
    right = verify_password(secret, secret_hash, cost=max(cost, dearest_cost))
    if not renews or not right or secret_hash is None or (hash_cost(secret_hash) or 0) >= cost:
        return right, None
    return right, Renewal(secret_hash, hash_password(secret, cost=cost))


def _unknown_id(asked_for: str) -> int:
    """The id under which failures for an unknown account are counted: a keyed hash, so it does not show the name."""
    digest = hmac.digest(config().jwt_secret_key.encode(), asked_for.encode(), "sha256")
    return int.from_bytes(digest[:8], "big", signed=True)


def _refuse_throttled(retry_after: int | None) -> None:
    if retry_after is not None:
        raise TooManyFailures(retry_after=max(1, retry_after))
