"""Option groups, which menus share: an admin keeps them; guests get them with the menu."""

from typing import Any

from tableorder.domain.errors import (
    GroupInUse,
    GroupNotFound,
    GroupUnsatisfiable,
    LimitReached,
    MenuNotFound,
    OptionNotFound,
)
from tableorder.domain.identities import AdminIdentity
from tableorder.domain.roles import EVERYBODY
from tableorder.repositories.options import OptionRepository
from tableorder.schemas.options import (
    MenuOptionGroups,
    MenuOptionGroupsSchema,
    Option,
    OptionChangeSchema,
    OptionDeleted,
    OptionGroup,
    OptionGroupChangeSchema,
    OptionGroupDeleted,
    OptionGroups,
    OptionGroupSchema,
    OptionSchema,
)
from tableorder.web.authentication import requires_admin, requires_role
from tableorder.web.context import config, reading, writing
from tableorder.web.nouns import Noun
from tableorder.web.operations import may_refuse
from tableorder.web.requests import takes_body
from tableorder.web.responses import answers

blueprint = Noun("options", __name__, heading="Options")


@blueprint.get("/admin/option-groups")
@requires_role(*EVERYBODY)
@answers(OptionGroups, "The groups in their order")
def list_option_groups(admin: AdminIdentity) -> str:
    """List the option groups."""
    with reading(admin.store_id) as connection:
        return OptionRepository(connection).list(store_id=admin.store_id)


@blueprint.post("/admin/option-groups")
@requires_admin
@takes_body(OptionGroupSchema)
@answers(OptionGroup, "The group", 201)
@may_refuse(LimitReached)
def add_option_group(admin: AdminIdentity, body: dict[str, Any]) -> str:
    """Add an option group.

    Guests choose `min_select` to `max_select` options of it, each up to `max_each` times.
    """
    with writing(admin.store_id) as connection:
        options = OptionRepository(connection)
        return options.add_group(store_id=admin.store_id, values=body, limits=config().limits)


@blueprint.patch("/admin/option-groups/<id:group_id>")
@requires_admin
@takes_body(OptionGroupChangeSchema)
@answers(OptionGroup, "The group")
@may_refuse(GroupNotFound, GroupUnsatisfiable)
def update_option_group(admin: AdminIdentity, group_id: int, body: dict[str, Any]) -> str:
    """Change an option group."""
    with writing(admin.store_id) as connection:
        return OptionRepository(connection).update_group(group_id=group_id, changes=body)


@blueprint.delete("/admin/option-groups/<id:group_id>")
@requires_admin
@answers(OptionGroupDeleted, "The group is deleted")
@may_refuse(GroupNotFound, GroupInUse)
def delete_option_group(admin: AdminIdentity, group_id: int) -> dict[str, Any]:
    """Delete an option group with its options.

    Take it from its menus first. Orders keep what was chosen.
    """
    with writing(admin.store_id) as connection:
        OptionRepository(connection).delete_group(group_id=group_id)
    return {"message": "the option group is deleted", "group_id": group_id}


@blueprint.post("/admin/option-groups/<id:group_id>/options")
@requires_admin
@takes_body(OptionSchema)
@answers(Option, "The option", 201)
@may_refuse(GroupNotFound, GroupUnsatisfiable, LimitReached)
def add_option(admin: AdminIdentity, group_id: int, body: dict[str, Any]) -> str:
    """Add an option to a group."""
    with writing(admin.store_id) as connection:
        options = OptionRepository(connection)
        return options.add(store_id=admin.store_id, group_id=group_id, values=body, limits=config().limits)


@blueprint.patch("/admin/options/<id:option_id>")
@requires_admin
@takes_body(OptionChangeSchema)
@answers(Option, "The option")
@may_refuse(OptionNotFound, GroupUnsatisfiable)
def update_option(admin: AdminIdentity, option_id: int, body: dict[str, Any]) -> str:
    """Change an option.

    Selling it out is always allowed: a menu whose group can no longer be satisfied is sold out, too.
    """
    with writing(admin.store_id) as connection:
        return OptionRepository(connection).update(option_id=option_id, changes=body)


@blueprint.delete("/admin/options/<id:option_id>")
@requires_admin
@answers(OptionDeleted, "The option is deleted")
@may_refuse(OptionNotFound, GroupUnsatisfiable)
def delete_option(admin: AdminIdentity, option_id: int) -> dict[str, Any]:
    """Delete an option."""
    with writing(admin.store_id) as connection:
        OptionRepository(connection).delete(option_id=option_id)
    return {"message": "the option is deleted", "option_id": option_id}


@blueprint.put("/admin/menus/<id:menu_id>/option-groups")
@requires_admin
@takes_body(MenuOptionGroupsSchema)
@answers(MenuOptionGroups, "The menu's groups")
@may_refuse(MenuNotFound, GroupNotFound, GroupUnsatisfiable, LimitReached)
def set_menu_option_groups(admin: AdminIdentity, menu_id: int, body: dict[str, Any]) -> dict[str, Any]:
    """Give a menu these option groups, in this order, and no others."""
    with writing(admin.store_id) as connection:
        OptionRepository(connection).attach(menu_id=menu_id, group_ids=body["group_ids"])
    return {"menu_id": menu_id, "group_ids": body["group_ids"]}
