"""The categories of the menu, for an admin."""

from flask import Blueprint, Response

from tableorder.domain.identities import AdminIdentity
from tableorder.http.authentication import requires_admin
from tableorder.http.context import config, connect
from tableorder.http.requests import read_body
from tableorder.http.responses import document, fields
from tableorder.repositories.categories import CategoryRepository
from tableorder.schemas.categories import CategoryChangeSchema, CategorySchema

blueprint = Blueprint("categories", __name__)


@blueprint.get("/admin/categories")
@requires_admin
def list_categories(admin: AdminIdentity) -> Response:
    with connect(admin.store_id) as connection:
        return document(CategoryRepository(connection).list(store_id=admin.store_id))


@blueprint.post("/admin/categories")
@requires_admin
def add_category(admin: AdminIdentity) -> Response:
    values = {"display_order": None} | read_body(CategorySchema)
    with connect(admin.store_id) as connection:
        category = CategoryRepository(connection).add(store_id=admin.store_id, limits=config().limits, **values)
    return document(category, 201)


@blueprint.patch("/admin/categories/<id:category_id>")
@requires_admin
def update_category(admin: AdminIdentity, category_id: int) -> Response:
    changes = {"category_name": None, "display_order": None} | read_body(CategoryChangeSchema)
    with connect(admin.store_id) as connection:
        return document(CategoryRepository(connection).update(category_id=category_id, **changes))


@blueprint.delete("/admin/categories/<id:category_id>")
@requires_admin
def delete_category(admin: AdminIdentity, category_id: int) -> Response:
    with connect(admin.store_id) as connection:
        CategoryRepository(connection).delete(category_id=category_id)
    return fields({"message": "the category is deleted", "category_id": category_id})
