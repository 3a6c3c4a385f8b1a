"""The categories of the menu, for an admin."""

from typing import Any

from tableorder.domain.errors import (
    CategoryNameTaken,
    CategoryNotEmpty,
    CategoryNotFound,
    LimitReached,
    MenuInUse,
)
from tableorder.domain.identities import AdminIdentity
from tableorder.domain.roles import EVERYBODY
from tableorder.repositories.categories import CategoryRepository
from tableorder.schemas.categories import (
    Categories,
    Category,
    CategoryChangeSchema,
    CategoryDeleted,
    CategorySchema,
)
from tableorder.web.authentication import requires_admin, requires_role
from tableorder.web.context import config, connect, writing
from tableorder.web.nouns import Noun
from tableorder.web.operations import may_refuse
from tableorder.web.requests import takes_body
from tableorder.web.responses import answers

blueprint = Noun("categories", __name__, heading="Categories")


@blueprint.get("/admin/categories")
@requires_role(*EVERYBODY)
@answers(Categories, "The categories in their order")
def list_categories(admin: AdminIdentity) -> str:
    """List the categories."""
    with connect(admin.store_id) as connection:
        return CategoryRepository(connection).list(store_id=admin.store_id)


@blueprint.post("/admin/categories")
@requires_admin
@takes_body(CategorySchema)
@answers(Category, "The category", 201)
@may_refuse(CategoryNameTaken, LimitReached)
def add_category(admin: AdminIdentity, body: dict[str, Any]) -> str:
    """Add a category.

    It comes last unless `display_order` says otherwise.
    """
    with writing(admin.store_id) as connection:
        return CategoryRepository(connection).add(store_id=admin.store_id, limits=config().limits, **body)


@blueprint.patch("/admin/categories/<id:category_id>")
@requires_admin
@takes_body(CategoryChangeSchema)
@answers(Category, "The category")
@may_refuse(CategoryNotFound, CategoryNameTaken)
def update_category(admin: AdminIdentity, category_id: int, body: dict[str, Any]) -> str:
    """Change a category."""
    with writing(admin.store_id) as connection:
        return CategoryRepository(connection).update(category_id=category_id, **body)


@blueprint.delete("/admin/categories/<id:category_id>")
@requires_admin
@answers(CategoryDeleted, "The category is deleted")
@may_refuse(CategoryNotFound, CategoryNotEmpty, MenuInUse)
def delete_category(admin: AdminIdentity, category_id: int) -> dict[str, Any]:
    """Delete a category.

    Only without menus in it.
    """
    with writing(admin.store_id) as connection:
        CategoryRepository(connection).delete(category_id=category_id)
    return {"message": "the category is deleted", "category_id": category_id}
