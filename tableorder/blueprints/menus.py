"""The menu: guests see it, an admin changes it."""

from flask import Blueprint, Response, request
from werkzeug.http import parse_etags

from tableorder.domain.identities import AdminIdentity, TableIdentity
from tableorder.http.authentication import requires_admin, requires_table
from tableorder.http.context import config, connect, read
from tableorder.http.documents import DocumentCache
from tableorder.http.requests import read_body, read_query
from tableorder.http.responses import document, fields
from tableorder.repositories.menus import MenuRepository
from tableorder.schemas.menus import MenuChangeSchema, MenuOrderSchema, MenuSchema, MenusQuery

blueprint = Blueprint("menus", __name__)

_menus = DocumentCache(max_bytes=16 * 1024 * 1024)


@blueprint.get("/customer/menus")
@requires_table
def show_menu(table: TableIdentity) -> Response:
    """The menu, or 304 if the caller has it: the ETag is its version and the part asked for (RFC 9110, 13.1.2).

    PostgreSQL is asked each time which version is the present one, and for the menu only if this process does not
    have that version either; so a change shows in the next answer of every process.
    """
    category_id = read_query(MenusQuery)["category_id"]
    part = f".{category_id or 'all'}"
    key = (table.store_id, category_id)
    condition = request.environ.get("HTTP_IF_NONE_MATCH", "")
    known, kept = _known_versions(condition, part), _menus.get(key)
    with connect(table.store_id) as connection:
        catalog = MenuRepository(connection).catalog(
            store_id=table.store_id,
            category_id=category_id,
            known_versions=[*known, kept.version] if kept else known,
        )
    if condition == "*":
        response = Response(status=304)
    elif catalog.document is not None:
        body = catalog.document.encode()
        _menus.put(key, catalog.version, body)
        response = document(body)
    elif kept and catalog.version == kept.version and catalog.version not in known:
        response = document(kept.body)
    else:
        response = Response(status=304)
    if catalog.version is not None:
        response.set_etag(catalog.version + part)
    response.headers["Cache-Control"] = "private, no-cache"
    return response


@blueprint.get("/admin/menus")
@requires_admin
def list_menus(admin: AdminIdentity) -> Response:
    category_id = read_query(MenusQuery)["category_id"]
    return document(
        read(
            admin.store_id,
            lambda connection: MenuRepository(connection).list(store_id=admin.store_id, category_id=category_id),
        )
    )


@blueprint.post("/admin/menus")
@requires_admin
def add_menu(admin: AdminIdentity) -> Response:
    values = {"display_order": None} | read_body(MenuSchema)
    with connect(admin.store_id) as connection:
        menu = MenuRepository(connection).add(store_id=admin.store_id, values=values, limits=config().limits)
    return document(menu, 201)


@blueprint.patch("/admin/menus/<id:menu_id>")
@requires_admin
def update_menu(admin: AdminIdentity, menu_id: int) -> Response:
    changes = read_body(MenuChangeSchema)
    with connect(admin.store_id) as connection:
        return document(MenuRepository(connection).update(menu_id=menu_id, changes=changes))


@blueprint.put("/admin/menus/order")
@requires_admin
def reorder_menus(admin: AdminIdentity) -> Response:
    menu_ids = read_body(MenuOrderSchema)["menu_ids"]
    with connect(admin.store_id) as connection:
        MenuRepository(connection).reorder(menu_ids=menu_ids)
    return fields({"menu_ids": menu_ids})


@blueprint.delete("/admin/menus/<id:menu_id>")
@requires_admin
def delete_menu(admin: AdminIdentity, menu_id: int) -> Response:
    with connect(admin.store_id) as connection:
        MenuRepository(connection).delete(menu_id=menu_id)
    return fields({"message": "the menu is deleted", "menu_id": menu_id})


def _known_versions(condition: str, part: str) -> list[str]:
    """The versions of this part that the caller has; their tags may be weak, since a cache may have weakened them."""
    if not condition:
        return []
    known = parse_etags(condition).as_set(include_weak=True)
    return [tag.removesuffix(part) for tag in known if tag and tag.endswith(part)]  # an empty one comes as None
