"""The menu as one document."""

import secrets
from functools import partial

from tableorder.domain.menu_document import FORMAT, Entry
from tableorder.repositories.menu_document import MenuDocumentRepository
from tableorder.schemas.menu_document import DEFAULTS
from tests.api.client import expect, refused
from tests.noun_entries import Call

PATH = "/api/v1/admin/menu-document"
ANY = {"If-Match": "*"}
ADMIN_ROUTES = {
    ("GET", PATH): Call(200),
    ("PUT", PATH): Call(200, {"format": FORMAT}, {"dry_run": "true"}, headers=ANY),
}

ENTRIES = [
    Entry("category", "새것", "/categories/0", {"category_name": "새 분류"}),
    Entry("option_group", "새것", "/option_groups/0", {"group_name": "양"}),
    Entry("option", "새것", "/option_groups/0/options/0", {"option_group": "새것", "option_name": "특"}),
    Entry(
        "menu",
        "새것",
        "/menus/0",
        {"menu_name": "국수", "price": 1, "category": "새것", "option_groups": ["새것"], "dayparts": ["새것"]},
    ),
    Entry("daypart", "새것", "/dayparts/0", {"daypart_name": "새것", "hours": []}),
]


def _put(connection, table, **options):
    documents = MenuDocumentRepository(connection)
    return documents.put(store_id=table.store_id, entries=ENTRIES, defaults=DEFAULTS, versions=["*"], **options)


PLANS = {
    "menu_document.get": lambda c, t: MenuDocumentRepository(c).get(store_id=t.store_id, with_pictures=True),
    "menu_document.put": _put,
    "menu_document.put, to see what it would change": partial(_put, writes=False),
    "menu_document.put, in place of all": partial(_put, replaces=True),
}


def send_entry(scene, text, *, name, entry):
    """A document with this text is put, and comes out again with it."""
    ref = secrets.token_hex(8)
    document = {
        "format": FORMAT,
        "categories": [{"ref": ref, "category_name": ref}],
        "menus": [{"ref": ref, "category": ref, "menu_name": ref, "price": 1}],
        "option_groups": [{"ref": ref, "group_name": ref, "options": [{"ref": ref, "option_name": ref}]}],
        "dayparts": [{"ref": ref, "daypart_name": ref, "hours": []}],
    }
    lists = {"category": "categories", "menu": "menus", "option_group": "option_groups", "daypart": "dayparts"}
    at = document["option_groups"][0]["options"][0] if entry == "option" else document[lists[entry]][0]
    at[name] = text
    if (entry, name) in (("category", "ref"), ("menu", "category")):
        document["categories"][0]["ref"] = document["menus"][0]["category"] = text
    before = expect(200, scene.admin.get("/admin/menu-document"))
    expect(200, scene.admin.put("/admin/menu-document", document, headers=ANY))
    after = expect(200, scene.admin.get("/admin/menu-document"))
    expect(200, scene.admin.put("/admin/menu-document?mode=replace", before, headers=ANY))
    groups = after["option_groups"]
    listed = [option for group in groups for option in group["options"]] if entry == "option" else after[lists[entry]]
    assert any(each[name] == text for each in listed)


def send_picture(scene, text):
    menu = {"ref": "x", "menu_name": "x", "price": 1, "image_base64": text}
    refused(400, "validation_failed", scene.admin.put("/admin/menu-document", {"menus": [menu]}, headers=ANY))


def send_format(scene, text):
    refused(400, "validation_failed", scene.admin.put("/admin/menu-document", {"format": text}, headers=ANY))


TEXTS = {
    ("MenuDocumentSchema", "format"): send_format,
    ("CategoryEntrySchema", "ref"): partial(send_entry, name="ref", entry="category"),
    ("CategoryEntrySchema", "category_name"): partial(send_entry, name="category_name", entry="category"),
    ("OptionGroupEntrySchema", "ref"): partial(send_entry, name="ref", entry="option_group"),
    ("OptionGroupEntrySchema", "group_name"): partial(send_entry, name="group_name", entry="option_group"),
    ("OptionEntrySchema", "ref"): partial(send_entry, name="ref", entry="option"),
    ("OptionEntrySchema", "option_name"): partial(send_entry, name="option_name", entry="option"),
    ("MenuEntrySchema", "ref"): partial(send_entry, name="ref", entry="menu"),
    ("MenuEntrySchema", "category"): partial(send_entry, name="category", entry="menu"),
    ("MenuEntrySchema", "menu_name"): partial(send_entry, name="menu_name", entry="menu"),
    ("MenuEntrySchema", "description"): partial(send_entry, name="description", entry="menu"),
    ("MenuEntrySchema", "image_base64"): send_picture,
    ("DaypartEntrySchema", "ref"): partial(send_entry, name="ref", entry="daypart"),
    ("DaypartEntrySchema", "daypart_name"): partial(send_entry, name="daypart_name", entry="daypart"),
}
NEVER_KEPT = {
    ("MenuDocumentSchema", "format"): "it is one word",
    ("MenuEntrySchema", "image_base64"): "it is a picture",
}
