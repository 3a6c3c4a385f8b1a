"""The menu: guests see it, an admin changes it."""

from typing import Any

from flask import Response, request
from werkzeug.http import parse_etags

from tableorder.domain.errors import (
    CategoryNotFound,
    LimitReached,
    MenuNotFound,
    MenusMissing,
    SeveralCategories,
    TooManyPictures,
)
from tableorder.domain.identities import AdminIdentity, TableIdentity
from tableorder.domain.images import Picture
from tableorder.domain.labels import LABEL_LANGUAGES
from tableorder.domain.languages import found_language, lookup_tags
from tableorder.domain.roles import EVERYBODY
from tableorder.repositories.menus import Catalog, MenuRepository
from tableorder.schemas.menus import (
    GuestMenus,
    GuestMenusQuery,
    Menu,
    MenuAvailabilitySchema,
    MenuChangeSchema,
    MenuDeleted,
    MenuOrder,
    MenuOrderSchema,
    Menus,
    MenuSchema,
    MenusQuery,
    MissingLabels,
)
from tableorder.web.authentication import requires_admin, requires_role, requires_table
from tableorder.web.context import config, connect, reading, writing
from tableorder.web.document_cache import DocumentCache
from tableorder.web.nouns import Noun
from tableorder.web.operations import may_answer, may_refuse, reads_header
from tableorder.web.pictures import convert_picture
from tableorder.web.requests import takes_body, takes_query
from tableorder.web.responses import answer, answers

blueprint = Noun("menus", __name__, heading="Menus")

LANGUAGES = "languages"

# By store, category, form and language, each menu; by store, the languages that its menu was last seen in.
_menus = DocumentCache(max_bytes=16 * 1024 * 1024)


@blueprint.get("/customer/menus")
@requires_table
@takes_query(GuestMenusQuery)
@reads_header("If-None-Match")
@answers(GuestMenus, "The menu by category", headers=("ETag",))
@may_answer(304, "The caller has it", headers=("ETag",))
@may_refuse(CategoryNotFound)
def show_menu(table: TableIdentity, query: dict[str, Any]) -> Response:
    """Show the menu to guests.

    In the store's order. Ask with the ETag of the last answer in If-None-Match: while nothing has changed the answer is
    an empty 304. A change by an admin is in the next answer.

    With `lang` everything has a `display_name`, a `display_description` and the `lang` that was found for it: en for
    en-US (RFC 4647, lookup), or the store's own, ko. What is not translated is shown as the store calls it.
    """
    # The ETag is the menu's edition and the part asked for (RFC 9110, 13.1.2). PostgreSQL is asked each time which
    # edition is the present one, and for the menu only if this process does not have that edition either; so a change
    # shows in the next answer of every process.
    part = f".{query['category_id'] or 'all'}" + (f".{query['pictures']}" if query["pictures"] else "")
    condition = request.environ.get("HTTP_IF_NONE_MATCH", "")
    known = _known_editions(condition, part)
    catalog, body = _catalog(table.store_id, query, known)
    response = Response(status=304) if condition == "*" or body is None else answer(body)
    if catalog.edition is not None:
        response.set_etag(catalog.edition + part)
    response.headers["Cache-Control"] = "private, no-cache"
    return response


@blueprint.get("/admin/menus")
@requires_role(*EVERYBODY)
@takes_query(MenusQuery)
@answers(Menus, "The menus by category")
@may_refuse(CategoryNotFound)
def list_menus(admin: AdminIdentity, query: dict[str, Any]) -> str:
    """List the menus."""
    with reading(admin.store_id) as connection:
        return MenuRepository(connection).list(**_asked_for(admin.store_id, query))


@blueprint.get("/admin/menus/labels")
@requires_admin
@answers(MissingLabels, "What guests are not told")
def list_missing_labels(admin: AdminIdentity) -> dict[str, Any]:
    """List what guests are not told of the menus.

    The menus that declare no allergens, and those whose name has an ingredient that must be labelled with its origin
    (원산지 표시) while neither they nor the store's notice name it. A hint, no judgement.
    """
    with reading(admin.store_id) as connection:
        return MenuRepository(connection).missing_labels(store_id=admin.store_id)


@blueprint.post("/admin/menus")
@requires_admin
@takes_body(MenuSchema)
@answers(Menu, "The menu", 201)
@may_refuse(CategoryNotFound, LimitReached, TooManyPictures)
def add_menu(admin: AdminIdentity, body: dict[str, Any]) -> str:
    """Add a menu.

    It comes last in its category unless `display_order` says otherwise. While as many pictures are being converted as
    the process converts at once, the answer is 503, with Retry-After.
    """
    picture = _picture_of(body)
    with writing(admin.store_id) as connection:
        return MenuRepository(connection).add(
            store_id=admin.store_id, values=body, picture=picture, limits=config().limits
        )


@blueprint.patch("/admin/menus/<id:menu_id>")
@requires_admin
@takes_body(MenuChangeSchema)
@answers(Menu, "The menu")
@may_refuse(MenuNotFound, CategoryNotFound, LimitReached, TooManyPictures)
def update_menu(admin: AdminIdentity, menu_id: int, body: dict[str, Any]) -> str:
    """Change a menu.

    Orders that were placed keep their names and prices. null clears a description or an image.
    A menu that moves to another category comes last there unless `display_order` is given, too.
    """
    sets_picture = "image_base64" in body
    picture = _picture_of(body)
    with writing(admin.store_id) as connection:
        return MenuRepository(connection).update(
            store_id=admin.store_id,
            menu_id=menu_id,
            changes=body,
            picture=picture,
            sets_picture=sets_picture,
            limits=config().limits,
        )


@blueprint.put("/admin/menus/<id:menu_id>/availability")
@requires_role(*EVERYBODY)
@takes_body(MenuAvailabilitySchema)
@answers(Menu, "The menu")
@may_refuse(MenuNotFound)
def set_menu_availability(admin: AdminIdentity, menu_id: int, body: dict[str, Any]) -> str:
    """Sell a menu out, or offer it again."""
    with writing(admin.store_id) as connection:
        return MenuRepository(connection).update(store_id=admin.store_id, menu_id=menu_id, changes=body)


@blueprint.put("/admin/menus/order")
@requires_admin
@takes_body(MenuOrderSchema)
@answers(MenuOrder, "The new order")
@may_refuse(MenuNotFound, SeveralCategories, MenusMissing)
def reorder_menus(admin: AdminIdentity, body: dict[str, Any]) -> dict[str, Any]:
    """Put a category's menus in another order.

    All of them at once: each menu of one category is named once.
    """
    with writing(admin.store_id) as connection:
        MenuRepository(connection).reorder(menu_ids=body["menu_ids"])
    return body


@blueprint.delete("/admin/menus/<id:menu_id>")
@requires_admin
@answers(MenuDeleted, "The menu is deleted")
@may_refuse(MenuNotFound)
def delete_menu(admin: AdminIdentity, menu_id: int) -> dict[str, Any]:
    """Delete a menu.

    It leaves the menu; orders and archives keep their lines.
    """
    with writing(admin.store_id) as connection:
        MenuRepository(connection).delete(menu_id=menu_id)
    return {"message": "the menu is deleted", "menu_id": menu_id}


def _catalog(store_id: int, query: dict[str, Any], known: list[str]) -> tuple[Catalog, bytes | None]:
    """The present menu with its JSON, which is None if the caller knows that edition.

    It is kept under the language that was found, never under `lang`, of which clients can think up any number. Which
    one PostgreSQL will find is guessed from the languages that the store had last; a wrong guess costs the building.
    """
    asked = _asked_for(store_id, query)
    part = tuple(asked.values())
    wanted = lookup_tags(query["lang"]) if query["lang"] else None
    languages = _menus.get((store_id, LANGUAGES))
    known_languages = languages.body.decode().split() if languages else []
    guess = found_language(wanted, [*known_languages, *LABEL_LANGUAGES]) if wanted else None
    kept = _menus.get((*part, guess))
    with connect(store_id) as connection:
        catalog = MenuRepository(connection).catalog(
            **asked, known_editions=[*known, kept.version] if kept else known, wanted=wanted
        )
    if catalog.document is not None:
        body = catalog.document.encode()
        _menus.put((*part, catalog.language), catalog.edition, body)
        _menus.put((store_id, LANGUAGES), catalog.edition, " ".join(catalog.languages).encode())
        return catalog, body
    if kept and catalog.edition == kept.version and catalog.edition not in known:
        return catalog, kept.body
    return catalog, None


def _asked_for(store_id: int, query: dict[str, Any]) -> dict[str, Any]:
    """Which menus, in which form."""
    return {
        "store_id": store_id,
        "category_id": query["category_id"],
        "with_pictures": query["pictures"] != "url",
    }


def _picture_of(body: dict[str, Any]) -> Picture | None:
    """The picture taken out of a menu's body, converted. Raises ValidationFailed, TooManyPictures."""
    upload = body.pop("image_base64", None)
    return convert_picture(upload, field="image_base64") if upload else None


def _known_editions(condition: str, part: str) -> list[str]:
    """The editions of this part that the caller has; their tags may be weak, since a cache may have weakened them."""
    if not condition:
        return []
    known = parse_etags(condition).as_set(include_weak=True)
    return [tag.removesuffix(part) for tag in known if tag and tag.endswith(part)]  # an empty one comes as None
