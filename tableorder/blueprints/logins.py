"""Logging in: a tablet to its table's session, an admin to a store."""

from dataclasses import asdict, replace
from typing import Any

from tableorder.domain.devices import read_device_token
from tableorder.domain.errors import CredentialsInvalid, DeviceUnknown, TokenRevoked, TooManyFailures, TooManyLogins
from tableorder.domain.identities import AdminIdentity, TableIdentity
from tableorder.domain.passwords import LEAST_OF_PERSON, hash_password
from tableorder.domain.roles import EVERYBODY
from tableorder.http.tokens import LIFETIME, issue_token
from tableorder.repositories.devices import DeviceRepository
from tableorder.repositories.sessions import SessionRepository
from tableorder.schemas.approvals import PinSchema, PinSet
from tableorder.schemas.logins import (
    AdminLoginSchema,
    AdminToken,
    DeviceLoginSchema,
    LoggedOut,
    PasswordSchema,
    TableLoginSchema,
    TableToken,
)
from tableorder.web.authentication import requires_role
from tableorder.web.client_address import client_address
from tableorder.web.context import config, password_work, writing
from tableorder.web.credentials import THROTTLED, admit_person, admit_table, identity_of, logins_of
from tableorder.web.middleware import note
from tableorder.web.nouns import Noun
from tableorder.web.operations import described_by, may_refuse
from tableorder.web.requests import takes_body
from tableorder.web.responses import answers

blueprint = Noun("logins", __name__, heading="Logging in")

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
    "devices",
    "calls",
    "menu_document",
)


@blueprint.post("/auth/table/login")
@takes_body(TableLoginSchema)
@answers(TableToken, "The table's token and session", links=("end_session",))
@may_refuse(CredentialsInvalid, TooManyFailures, TooManyLogins)
@described_by(THROTTLED)
def log_in_table(body: dict[str, Any]) -> dict[str, Any]:
    """Log a tablet in to its table.

    Starts the table's session, or joins the one that is active.
    """
    store_id = body["store_id"]
    account = admit_table(store_id, body["table_number"], body["table_password"])
    with writing(store_id) as connection:
        session_id = SessionRepository(connection).join(store_id=store_id, table_id=account.table_id)
    table = TableIdentity(store_id, account.table_id, account.table_number, session_id, account.epoch)
    return _welcome(table, account.store_name)


@blueprint.post("/auth/device/login")
@takes_body(DeviceLoginSchema)
@answers(TableToken, "The table's token and session", links=("end_session",))
@may_refuse(DeviceUnknown)
def log_in_device(body: dict[str, Any]) -> dict[str, Any]:
    """Log an enrolled tablet in to its table.

    Starts the table's session, or joins the one that is active.
    """
    note(address=client_address())
    token = read_device_token(body["device_token"])
    if token is None:
        raise DeviceUnknown
    with writing(token.store_id) as connection:
        table, store_name = DeviceRepository(connection).log_in(key=token.key)
    note(account={"store_id": table.store_id, "device_id": table.device_id})
    return _welcome(table, store_name)


@blueprint.post("/auth/admin/login")
@takes_body(AdminLoginSchema)
@answers(AdminToken, "The admin's token")
@may_refuse(CredentialsInvalid, TooManyFailures, TooManyLogins)
@described_by(THROTTLED)
def log_in_admin(body: dict[str, Any]) -> dict[str, Any]:
    """Log an admin in.

    With a `store_id`, one of that store's people: its owner or one of its staff. Without, a store's owner.
    """
    account = admit_person(body["username"], body["password"], body.get("store_id"))
    return _welcome(identity_of(account), account.store_name)


@blueprint.post("/auth/logout")
@requires_role(*EVERYBODY)
@answers(LoggedOut, "The tokens are revoked")
def log_out(admin: AdminIdentity) -> dict[str, Any]:
    """Log out everywhere.

    All of one's own tokens are revoked, this one too.
    """
    with writing(admin.store_id) as connection:
        logins_of(connection).revoke(grant=admin.grant)
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
    account = admit_person(admin.username, body["current_password"], admin.store_id)
    new_password, cost = body["new_password"], config().bcrypt_cost
    with password_work().turn() as run:
        new_hash = run(lambda: hash_password(new_password, cost=cost, least=LEAST_OF_PERSON))
    with writing(admin.store_id) as connection:
        epoch = logins_of(connection).set_password(grant=admin.grant, new_hash=new_hash)
    if epoch is None:  # it was changed at the same moment
        raise TokenRevoked
    return _welcome(replace(identity_of(account), epoch=epoch), account.store_name)


@blueprint.put("/auth/pin")
@requires_role(*EVERYBODY)
@takes_body(PinSchema)
@answers(PinSet, "The PIN is set")
@may_refuse(CredentialsInvalid, TooManyFailures, TooManyLogins)
@described_by(THROTTLED)
def set_pin(admin: AdminIdentity, body: dict[str, Any]) -> dict[str, Any]:
    """Set one's own PIN.

    An owner and managers approve with it (`POST /admin/approvals`).
    """
    admit_person(admin.username, body["current_password"], admin.store_id)
    pin, cost = body["pin"], config().bcrypt_cost
    with password_work().turn() as run:
        pin_hash = run(lambda: hash_password(pin, cost=cost))
    with writing(admin.store_id) as connection:
        if not logins_of(connection).set_pin(grant=admin.grant, pin_hash=pin_hash):
            raise TokenRevoked
    return {"message": "your PIN is set"}


def _welcome(identity: TableIdentity | AdminIdentity, store_name: str) -> dict[str, Any]:
    """A token, and whom it is for."""
    token = issue_token(identity, config().jwt_secret_key)
    who = asdict(identity) | {"store_name": store_name}
    for name in ("epoch", "device_id"):  # which are between the token and us
        who.pop(name, None)
    return {"access_token": token, "token_type": "Bearer", "expires_in": LIFETIME, **who, "features": FEATURES}
