"""The people of a store: its owner keeps all accounts, a manager those of staff and kitchen."""

from typing import Any

from tableorder.domain.errors import LimitReached, RoleNotAllowed, StaffNotFound, TooManyLogins, UsernameTaken
from tableorder.domain.identities import AdminIdentity
from tableorder.domain.passwords import LEAST_OF_PERSON, hash_password
from tableorder.domain.roles import KEEPS
from tableorder.repositories.staff import StaffRepository
from tableorder.schemas.staff import Person, PersonChangeSchema, PersonSchema, Staff
from tableorder.web.authentication import requires_admin
from tableorder.web.context import config, connect, password_work, writing
from tableorder.web.nouns import Noun
from tableorder.web.operations import may_refuse
from tableorder.web.requests import takes_body
from tableorder.web.responses import answers

blueprint = Noun("staff", __name__, heading="Staff")


@blueprint.get("/admin/staff")
@requires_admin
@answers(Staff, "The staff")
def list_staff(admin: AdminIdentity) -> str:
    """List the staff.

    A manager sees the accounts of staff and kitchen.
    """
    with connect(admin.store_id) as connection:
        return StaffRepository(connection, roles=KEEPS[admin.role]).list(store_id=admin.store_id)


@blueprint.post("/admin/staff")
@requires_admin
@takes_body(PersonSchema)
@answers(Person, "The person", 201)
@may_refuse(UsernameTaken, LimitReached, RoleNotAllowed, TooManyLogins)
def add_person(admin: AdminIdentity, body: dict[str, Any]) -> str:
    """Add a person to the staff.

    They log in with the store's id, their username and the password.
    """
    values = _with_hash(body)
    with writing(admin.store_id) as connection:
        staff = StaffRepository(connection, roles=KEEPS[admin.role])
        return staff.add(store_id=admin.store_id, values=values, limits=config().limits)


@blueprint.patch("/admin/staff/<id:staff_id>")
@requires_admin
@takes_body(PersonChangeSchema)
@answers(Person, "The person")
@may_refuse(StaffNotFound, LimitReached, RoleNotAllowed, TooManyLogins)
def update_person(admin: AdminIdentity, staff_id: int, body: dict[str, Any]) -> str:
    """Change a person's account.

    A new role, a new password and a new `is_active` revoke the person's tokens.
    """
    values = _with_hash(body)
    with writing(admin.store_id) as connection:
        staff = StaffRepository(connection, roles=KEEPS[admin.role])
        return staff.update(store_id=admin.store_id, staff_id=staff_id, changes=values, limits=config().limits)


@blueprint.delete("/admin/staff/<id:staff_id>")
@requires_admin
@answers(Person, "The person, who can no longer log in")
@may_refuse(StaffNotFound, RoleNotAllowed)
def delete_person(admin: AdminIdentity, staff_id: int) -> str:
    """Close a person's account.

    Their tokens are revoked. The books keep the name; `is_active` opens the account again.
    """
    with writing(admin.store_id) as connection:
        staff = StaffRepository(connection, roles=KEEPS[admin.role])
        return staff.update(store_id=admin.store_id, staff_id=staff_id, changes={"is_active": False})


@blueprint.post("/admin/staff/<id:staff_id>/revoke")
@requires_admin
@answers(Person, "The person, who has to log in again")
@may_refuse(StaffNotFound, RoleNotAllowed)
def revoke_person(admin: AdminIdentity, staff_id: int) -> str:
    """Revoke a person's tokens."""
    with writing(admin.store_id) as connection:
        return StaffRepository(connection, roles=KEEPS[admin.role]).revoke(store_id=admin.store_id, staff_id=staff_id)


def _with_hash(values: dict[str, Any]) -> dict[str, Any]:
    """The values with the password hashed, with no connection held. Raises TooManyLogins."""
    if "password" not in values:
        return values
    password, cost = values.pop("password"), config().bcrypt_cost
    with password_work().turn() as run:
        return values | {"password_hash": run(lambda: hash_password(password, cost=cost, least=LEAST_OF_PERSON))}
