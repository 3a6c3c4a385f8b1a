"""`bin/tableorder menu …`: a restaurant's menu as a file."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from marshmallow import ValidationError

from tableorder.commands import SetupError
from tableorder.config import limits
from tableorder.database.administration import administer
from tableorder.domain.errors import ValidationFailed
from tableorder.domain.images import ImageRefused, Picture
from tableorder.domain.menu_csv import read_csv, write_csv
from tableorder.domain.menu_document import entries_of, take_pictures
from tableorder.management.arguments import Options, add_command, add_noun, answer, text
from tableorder.management.stores import require_store
from tableorder.repositories.menu_document import MenuDocumentRepository
from tableorder.schemas.menu_document import DEFAULTS, MenuDocumentSchema
from tableorder.schemas.pointers import by_pointer


def add_commands(nouns: Any) -> None:
    """Declare the commands."""
    menus = add_noun(nouns, "menu", "a restaurant's menu")
    command = add_command(
        menus,
        "export",
        export_menu,
        "write the menu into a file",
        about="A name that ends in .csv makes a table for Excel, any other one JSON.",
        examples=[
            "bin/tableorder menu export --username owner menu.json --pictures",
            "bin/tableorder menu export --username owner menu.csv",
        ],
    )
    command.add_argument("--username", required=True, type=text(50), help="the username of the restaurant's admin")
    command.add_argument("--pictures", action="store_true", help="with the pictures; JSON only")
    command.add_argument("file", type=Path)
    command = add_command(
        menus,
        "import",
        import_menu,
        "make the menu what a file says",
        about="Shows what would change, and asks.",
        examples=[
            "bin/tableorder menu import --username owner menu.json",
            "bin/tableorder menu import --username owner menu.csv --replace --force",
        ],
    )
    command.add_argument("--username", required=True, type=text(50), help="the username of the restaurant's admin")
    command.add_argument("--replace", action="store_true", help="retire what the file does not name")
    command.add_argument("--force", action="store_true", help="do not ask")
    command.add_argument("file", type=Path)


def export_menu(url: str, options: Options) -> None:
    with administer(url) as connection:
        store_id = require_store(connection, options.username)
        _, document = MenuDocumentRepository(connection).get(store_id=store_id, with_pictures=options.pictures)
    menu = json.loads(document)
    content = (
        write_csv(menu) if _is_table(options.file) else f"{json.dumps(menu, ensure_ascii=False, indent=2)}\n".encode()
    )
    options.file.write_bytes(content)
    told = {"file": str(options.file), "menus": len(menu["menus"]), "version": menu["version"]}
    answer(options, told, f"Wrote {len(menu['menus'])} menus into {options.file}.")


def import_menu(url: str, options: Options) -> None:
    content = options.file.read_bytes()
    try:
        with administer(url) as connection:
            store_id = require_store(connection, options.username)
            documents = MenuDocumentRepository(connection)
            version, present = documents.get(store_id=store_id)
            document = _load(options.file, content, json.loads(present))
            put = {
                "store_id": store_id,
                "pictures": take_pictures(document, _convert),
                "entries": [*entries_of(document)],
                "defaults": DEFAULTS,
                "versions": [version or ""],
                "replaces": options.replace,
                "limits": limits(os.environ),
            }
            if not options.force:
                _ask(json.loads(documents.put(**put, writes=False)))
            changed = json.loads(documents.put(**put))
    except ValidationFailed as refusal:
        raise SetupError(_mistakes(refusal)) from None
    answer(options, changed, f"Imported {options.file}: {_counts(changed)}.")


def _load(file: Path, content: bytes, present: Mapping[str, Any]) -> dict[str, Any]:
    """Raises ValidationFailed."""
    try:
        sent = read_csv(content, present) if _is_table(file) else json.loads(content)
        document: dict[str, Any] = MenuDocumentSchema().load(sent)
    except ValidationError as error:
        messages = error.normalized_messages()  # type: ignore[no-untyped-call]
        raise ValidationFailed(errors=by_pointer(messages)) from None
    except (ValueError, RecursionError):
        raise SetupError(f"{file} is not valid JSON in UTF-8") from None
    return document


def _is_table(file: Path) -> bool:
    return file.suffix.lower() == ".csv"


def _convert(upload: Any, pointer: str) -> Picture:
    """Raises ValidationFailed."""
    from tableorder.domain.image_conversion import convert  # Pillow, which other commands do without

    try:
        return Picture(convert(upload))
    except ImageRefused as refusal:
        raise ValidationFailed(errors={pointer: [str(refusal)]}) from None


def _ask(changes: Mapping[str, Any]) -> None:
    """Show what would change, and go on if that is wanted. Raises SetupError."""
    lines = [f"+ {each['kind']} {each['ref']}" for each in changes["created"]]
    lines += [
        f"~ {each['kind']} {each['ref']}: {each['field']} {_shown(each['from'])} -> {_shown(each['to'])}"
        for each in changes["updated"]
    ]
    lines += [f"- {each['kind']} {each['ref']}" for each in changes["retired"]]
    lines += [f"! {each['kind']} {each['ref']}: {each['code'].replace('_', ' ')}" for each in changes["warnings"]]
    print("\n".join([*lines, f"{_counts(changes)}."]), file=sys.stderr)
    if not sys.stdin.isatty():
        raise SetupError("there is no terminal to ask on; use --force")
    print("Change the menu? [y/N] ", end="", file=sys.stderr, flush=True)
    if input().strip().lower() != "y":
        raise SetupError("nothing was done")


def _counts(changes: Mapping[str, Any]) -> str:
    parts = [f"{len(changes[name])} {name}" for name in ("created", "updated", "retired")]
    return ", ".join([*parts, f"{changes['unchanged']} unchanged"])


def _shown(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _mistakes(refusal: ValidationFailed) -> str:
    errors = refusal.values.get("errors", {})
    return "; ".join(f"{pointer}: {' '.join(messages)}" for pointer, messages in errors.items()) or refusal.detail
