"""The menu as one document: an admin takes it out, and puts it back."""

from typing import Any

from flask import Response

from tableorder.domain.errors import (
    LimitReached,
    MenuInUse,
    PreconditionFailed,
    TooManyPictures,
)
from tableorder.domain.identities import AdminIdentity
from tableorder.domain.images import Picture
from tableorder.domain.menu_document import entries_of
from tableorder.repositories.menu_document import MenuDocumentRepository
from tableorder.schemas.menu_document import (
    DEFAULTS,
    MenuDocument,
    MenuDocumentQuery,
    MenuDocumentSchema,
    MenuImported,
    MenuImportQuery,
)
from tableorder.web.authentication import requires_admin
from tableorder.web.context import config, reading, writing
from tableorder.web.nouns import Noun
from tableorder.web.operations import may_refuse
from tableorder.web.pictures import convert_picture
from tableorder.web.requests import takes_body, takes_query, takes_versions
from tableorder.web.responses import answer, answers

blueprint = Noun("menu_document", __name__, heading="Menus")


@blueprint.get("/admin/menu-document")
@requires_admin
@takes_query(MenuDocumentQuery)
@answers(MenuDocument, "The whole menu", headers=("ETag",))
def export_menu(admin: AdminIdentity, query: dict[str, Any]) -> Response:
    """Take the menu out as one document.

    Everything in it has a `ref`, by which it is known again when the document comes back, to this store or another.
    Pictures are named by their SHA-256, or are in it with `pictures=embed`.
    """
    with reading(admin.store_id) as connection:
        documents = MenuDocumentRepository(connection)
        version, document = documents.get(store_id=admin.store_id, with_pictures=query["pictures"] == "embed")
    response = answer(document)
    if version is not None:
        response.set_etag(version)
    return response


@blueprint.put("/admin/menu-document")
@requires_admin
@takes_versions
@takes_query(MenuImportQuery)
@takes_body(MenuDocumentSchema)
@answers(MenuImported, "What has changed, or would change")
@may_refuse(PreconditionFailed, LimitReached, MenuInUse, TooManyPictures)
def import_menu(admin: AdminIdentity, versions: list[str], query: dict[str, Any], body: dict[str, Any]) -> str:
    """Put a document back.

    All of it or nothing. If-Match has the `version` that it was made from: if the menu has changed since, this is
    refused. An entry with a `ref` that the store does not have is new; a field that is left out stays as it is, or has
    its default. `errors` has JSON pointers into the document (RFC 6901). The same document again changes nothing.
    """
    pictures = _take_pictures(body)
    with writing(admin.store_id) as connection:
        return MenuDocumentRepository(connection).put(
            store_id=admin.store_id,
            entries=[*entries_of(body)],
            defaults=DEFAULTS,
            versions=versions,
            replaces=query["mode"] == "replace",
            writes=not query["dry_run"],
            pictures=pictures,
            limits=config().limits,
        )


def _take_pictures(document: dict[str, Any]) -> list[Picture]:
    """The pictures taken out of the menus, each once, converted. The menus name them instead.

    Raises ValidationFailed, TooManyPictures.
    """
    converted: dict[bytes, Picture] = {}
    for number, menu in enumerate(document.get("menus", ())):
        if "image_base64" not in menu:
            continue
        upload = menu.pop("image_base64")
        if upload and upload.content not in converted:
            converted[upload.content] = convert_picture(upload, field=f"/menus/{number}/image_base64")
        menu["picture_sha256"] = converted[upload.content].sha256.hex() if upload else None
    return [*converted.values()]
