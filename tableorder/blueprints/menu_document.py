"""The menu as one document: an admin takes it out, and puts it back."""

import json
from typing import Any

from flask import Response, request

from tableorder.domain.errors import (
    LimitReached,
    MenuInUse,
    PreconditionFailed,
    TooManyPictures,
)
from tableorder.domain.identities import AdminIdentity
from tableorder.domain.images import Picture, Upload
from tableorder.domain.menu_csv import read_csv, write_csv
from tableorder.domain.menu_document import entries_of, take_pictures
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
from tableorder.web.requests import load_body, takes_body, takes_query, takes_versions
from tableorder.web.responses import answer, answers

CSV = "text/csv"
CONVERTING = 40  # seconds for the pictures of a document; nginx waits 60 for the answer

blueprint = Noun("menu_document", __name__, heading="Menus")


@blueprint.get("/admin/menu-document")
@requires_admin
@takes_query(MenuDocumentQuery)
@answers(MenuDocument, "The whole menu", headers=("ETag",), other_types=(CSV,))
def export_menu(admin: AdminIdentity, query: dict[str, Any]) -> Response:
    """Export the menu as one document.

    Every entry has a `ref`, a name that identifies it when the document is imported, into this store or another.
    Pictures are named by their SHA-256; with `pictures=embed` the document contains them. With `format=csv`, or with
    text/csv in Accept, the answer is a table for Excel, with a row for each menu.
    """
    with reading(admin.store_id) as connection:
        documents = MenuDocumentRepository(connection)
        version, document = documents.get(store_id=admin.store_id, with_pictures=query["pictures"] == "embed")
    response = _table(document) if query["format"] == "csv" or _prefers_csv() else answer(document)
    if version is not None:
        response.set_etag(version)
    return response


@blueprint.put("/admin/menu-document")
@requires_admin
@takes_versions
@takes_query(MenuImportQuery)
@takes_body(MenuDocumentSchema, raw=CSV)
@answers(MenuImported, "What has changed, or would change")
@may_refuse(PreconditionFailed, LimitReached, MenuInUse, TooManyPictures)
def import_menu(admin: AdminIdentity, versions: list[str], query: dict[str, Any], body: dict[str, Any] | bytes) -> str:
    """Import a menu document.

    All of it or nothing. Send the document's `version` as If-Match; the import is refused if the menu has changed
    since. An entry with an unknown `ref` is new. A missing field keeps its value; in a new entry it has its default.
    `errors` has JSON pointers into the document (RFC 6901). The same document again changes nothing.

    A table is text/csv, in UTF-8 or CP949; `/menus/0` is its first row below the names of the columns.
    """
    document, versions = (body, versions) if isinstance(body, dict) else _read_table(admin, body, versions)
    pictures = take_pictures(document, _convert, seconds=CONVERTING)
    with writing(admin.store_id) as connection:
        return MenuDocumentRepository(connection).put(
            store_id=admin.store_id,
            entries=[*entries_of(document)],
            defaults=DEFAULTS,
            versions=versions,
            replaces=query["mode"] == "replace",
            writes=not query["dry_run"],
            pictures=pictures,
            limits=config().limits,
        )


def _prefers_csv() -> bool:
    return request.accept_mimetypes.best_match(["application/json", CSV]) == CSV


def _table(document: str) -> Response:
    response = Response(write_csv(json.loads(document)), content_type=f"{CSV}; charset=utf-8")
    response.headers["Content-Disposition"] = 'attachment; filename="menu.csv"'
    return response


def _read_table(admin: AdminIdentity, content: bytes, versions: list[str]) -> tuple[dict[str, Any], list[str]]:
    """The document that a table stands for, whose names are those of the present menu, and the versions it is for.

    Looking them up is a round trip of its own; the other one refuses if the menu has changed in between.
    Raises ValidationFailed.
    """
    with reading(admin.store_id) as connection:
        version, present = MenuDocumentRepository(connection).get(store_id=admin.store_id)
    document = load_body(MenuDocumentSchema, read_csv(content, json.loads(present)))
    return document, [version or ""] if "*" in versions else versions


def _convert(upload: Upload, pointer: str) -> Picture:
    return convert_picture(upload, field=pointer)
