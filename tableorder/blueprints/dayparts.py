"""Dayparts, the hours in which menus are served: an admin keeps them; guests get what they mean with the menu."""

from typing import Any

from tableorder.domain.errors import (
    CategoryNotFound,
    DaypartNameTaken,
    DaypartNotFound,
    LimitReached,
    MenuNotFound,
)
from tableorder.domain.identities import AdminIdentity
from tableorder.domain.roles import EVERYBODY
from tableorder.repositories.dayparts import DaypartRepository
from tableorder.schemas.dayparts import (
    CategoryDayparts,
    CategoryDaypartsSchema,
    Daypart,
    DaypartChangeSchema,
    DaypartDeleted,
    Dayparts,
    DaypartSchema,
    MenuDayparts,
    MenuDaypartsSchema,
)
from tableorder.web.authentication import requires_admin, requires_role
from tableorder.web.context import config, reading, writing
from tableorder.web.nouns import Noun
from tableorder.web.operations import may_refuse
from tableorder.web.requests import takes_body
from tableorder.web.responses import answers

blueprint = Noun("dayparts", __name__, heading="Dayparts")


@blueprint.get("/admin/dayparts")
@requires_role(*EVERYBODY)
@answers(Dayparts, "The dayparts")
def list_dayparts(admin: AdminIdentity) -> str:
    """List the dayparts."""
    with reading(admin.store_id) as connection:
        return DaypartRepository(connection).list(store_id=admin.store_id)


@blueprint.post("/admin/dayparts")
@requires_admin
@takes_body(DaypartSchema)
@answers(Daypart, "The daypart", 201)
@may_refuse(DaypartNameTaken, LimitReached)
def add_daypart(admin: AdminIdentity, body: dict[str, Any]) -> str:
    """Add a daypart.

    Its hours are of the store's `time_zone`. Hours that end at or before their start end on the next day: those of
    Saturday from 22:00 to 02:00 are on at 01:00 on Sunday.
    """
    with writing(admin.store_id) as connection:
        return DaypartRepository(connection).add(store_id=admin.store_id, limits=config().limits, **body)


@blueprint.patch("/admin/dayparts/<id:daypart_id>")
@requires_admin
@takes_body(DaypartChangeSchema)
@answers(Daypart, "The daypart")
@may_refuse(DaypartNotFound, DaypartNameTaken, LimitReached)
def update_daypart(admin: AdminIdentity, daypart_id: int, body: dict[str, Any]) -> str:
    """Change a daypart.

    `hours` replaces all of its hours.
    """
    with writing(admin.store_id) as connection:
        return DaypartRepository(connection).update(daypart_id=daypart_id, **body)


@blueprint.delete("/admin/dayparts/<id:daypart_id>")
@requires_admin
@answers(DaypartDeleted, "The daypart is deleted")
@may_refuse(DaypartNotFound)
def delete_daypart(admin: AdminIdentity, daypart_id: int) -> dict[str, Any]:
    """Delete a daypart.

    Menus and categories lose it. A menu without another one is then always served.
    """
    with writing(admin.store_id) as connection:
        DaypartRepository(connection).delete(daypart_id=daypart_id)
    return {"message": "the daypart is deleted", "daypart_id": daypart_id}


@blueprint.put("/admin/menus/<id:menu_id>/dayparts")
@requires_admin
@takes_body(MenuDaypartsSchema)
@answers(MenuDayparts, "The menu's dayparts")
@may_refuse(MenuNotFound, DaypartNotFound, LimitReached)
def set_menu_dayparts(admin: AdminIdentity, menu_id: int, body: dict[str, Any]) -> dict[str, Any]:
    """Serve a menu in these dayparts, and in no others.

    They go before its category's; without any, its category's count.
    """
    with writing(admin.store_id) as connection:
        DaypartRepository(connection).attach_to_menu(menu_id=menu_id, daypart_ids=body["daypart_ids"])
    return {"menu_id": menu_id, "daypart_ids": body["daypart_ids"]}


@blueprint.put("/admin/categories/<id:category_id>/dayparts")
@requires_admin
@takes_body(CategoryDaypartsSchema)
@answers(CategoryDayparts, "The category's dayparts")
@may_refuse(CategoryNotFound, DaypartNotFound, LimitReached)
def set_category_dayparts(admin: AdminIdentity, category_id: int, body: dict[str, Any]) -> dict[str, Any]:
    """Serve a category's menus in these dayparts, and in no others.

    A menu that has dayparts of its own goes by those.
    """
    with writing(admin.store_id) as connection:
        DaypartRepository(connection).attach_to_category(category_id=category_id, daypart_ids=body["daypart_ids"])
    return {"category_id": category_id, "daypart_ids": body["daypart_ids"]}
