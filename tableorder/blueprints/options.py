"""Option groups, which menus share: an admin keeps them; guests get them with the menu."""

from flask import Blueprint, Response

from tableorder.domain.identities import AdminIdentity
from tableorder.http.authentication import requires_admin
from tableorder.http.context import config, connect, read
from tableorder.http.requests import read_body
from tableorder.http.responses import document, fields
from tableorder.repositories.options import OptionRepository
from tableorder.schemas.options import (
    MenuOptionGroupsSchema,
    OptionChangeSchema,
    OptionGroupChangeSchema,
    OptionGroupSchema,
    OptionSchema,
)

blueprint = Blueprint("options", __name__)


@blueprint.get("/admin/option-groups")
@requires_admin
def list_option_groups(admin: AdminIdentity) -> Response:
    return document(read(admin.store_id, lambda connection: OptionRepository(connection).list(store_id=admin.store_id)))


@blueprint.post("/admin/option-groups")
@requires_admin
def add_option_group(admin: AdminIdentity) -> Response:
    values = {"display_order": None} | read_body(OptionGroupSchema)
    with connect(admin.store_id) as connection:
        group = OptionRepository(connection).add_group(store_id=admin.store_id, values=values, limits=config().limits)
        return document(group, 201)


@blueprint.patch("/admin/option-groups/<id:group_id>")
@requires_admin
def update_option_group(admin: AdminIdentity, group_id: int) -> Response:
    changes = read_body(OptionGroupChangeSchema)
    with connect(admin.store_id) as connection:
        return document(OptionRepository(connection).update_group(group_id=group_id, changes=changes))


@blueprint.delete("/admin/option-groups/<id:group_id>")
@requires_admin
def delete_option_group(admin: AdminIdentity, group_id: int) -> Response:
    with connect(admin.store_id) as connection:
        OptionRepository(connection).delete_group(group_id=group_id)
    return fields({"message": "the option group is deleted", "group_id": group_id})


@blueprint.post("/admin/option-groups/<id:group_id>/options")
@requires_admin
def add_option(admin: AdminIdentity, group_id: int) -> Response:
    values = {"display_order": None} | read_body(OptionSchema)
    with connect(admin.store_id) as connection:
        option = OptionRepository(connection).add(
            store_id=admin.store_id, group_id=group_id, values=values, limits=config().limits
        )
        return document(option, 201)


@blueprint.patch("/admin/options/<id:option_id>")
@requires_admin
def update_option(admin: AdminIdentity, option_id: int) -> Response:
    changes = read_body(OptionChangeSchema)
    with connect(admin.store_id) as connection:
        return document(OptionRepository(connection).update(option_id=option_id, changes=changes))


@blueprint.delete("/admin/options/<id:option_id>")
@requires_admin
def delete_option(admin: AdminIdentity, option_id: int) -> Response:
    with connect(admin.store_id) as connection:
        OptionRepository(connection).delete(option_id=option_id)
    return fields({"message": "the option is deleted", "option_id": option_id})


@blueprint.put("/admin/menus/<id:menu_id>/option-groups")
@requires_admin
def set_menu_option_groups(admin: AdminIdentity, menu_id: int) -> Response:
    group_ids = read_body(MenuOptionGroupsSchema)["group_ids"]
    with connect(admin.store_id) as connection:
        OptionRepository(connection).attach(menu_id=menu_id, group_ids=group_ids)
    return fields({"menu_id": menu_id, "group_ids": group_ids})
