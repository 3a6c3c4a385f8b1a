"""A menu as a table for Excel: a row for each dish, with its options in one cell.

Cells with parts are written like `사이즈:보통|곱빼기+2000; 맵기:순한맛|매운맛` and `돼지고기:국내산|쌀:국내산`. A
backslash before one of the characters `\\:|;` makes it part of a name. Allergens that are not declared are an empty
cell, none are 없음. An apostrophe guards a cell that Excel would take for a formula. It is added on the way out, and
taken off on the way in.
"""

from __future__ import annotations

import csv
import io
import re
import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from tableorder.domain.errors import ValidationFailed
from tableorder.domain.menu_document import FORMAT, MAX_ENTRIES

COLUMNS = (
    "ref",
    "category",
    "name",
    "price",
    "description",
    "is_available",
    "options",
    "allergens",
    "origins",
    "display_order",
)

NONE = "없음"  # no allergens
SWITCHES = {"true": True, "1": True, "false": False, "0": False}

_FORMULA = re.compile(r"'*[=+\-@\t\r]")
_GUARDED = re.compile(r"'+[=+\-@\t\r]")
_DELTA = re.compile(r"(.*?)([+-][0-9]{1,10})", re.DOTALL | re.ASCII)
_NUMBER = re.compile(r"[0-9]{1,3}(?:,[0-9]{3}){1,3}|[0-9]{1,10}", re.ASCII)
_SPECIAL = re.compile(r"([\\:|;])")


class Group(NamedTuple):
    """An option group as a cell has it: its name, and the name and the price of each option."""

    name: str
    options: tuple[tuple[str, int], ...]


def write_csv(document: Mapping[str, Any]) -> bytes:
    """The menus of a document, in UTF-8 with the mark that Excel knows it by."""
    categories = {category["ref"]: category["category_name"] for category in document["categories"]}
    groups = {group["ref"]: _group_of(group) for group in document["option_groups"]}
    written = io.StringIO()
    writer = csv.writer(written)
    writer.writerow(COLUMNS)
    for menu in document["menus"]:
        cells = (
            menu["ref"],
            categories[menu["category"]],
            menu["menu_name"],
            menu["price"],
            menu["description"] or "",
            "true" if menu["is_available"] else "false",
            "; ".join(_write_group(groups[ref]) for ref in menu["option_groups"]),
            _write_allergens(menu["allergens"]),
            "|".join(f"{_escape(each['ingredient'])}:{_escape(each['origin'])}" for each in menu["origins"]),
            menu["display_order"],
        )
        writer.writerow([_guard(cell) if isinstance(cell, str) else cell for cell in cells])
    return written.getvalue().encode("utf-8-sig")


def read_csv(content: bytes, present: Mapping[str, Any]) -> dict[str, Any]:
    """The document that the table stands for, not validated yet; its menus are the table's rows, in their order.

    Names are looked up in `present`, the menu that there is. A row without a ref is the dish of that name in its
    category, or a new one. Columns that are missing leave their fields as they are. Raises ValidationFailed.
    """
    reading = _Reading(present)
    for number, row in enumerate(_rows(content)):
        reading.add(number, row)
    return reading.document()


class _Reading:
    """A table being read: what its names have stood for so far."""

    def __init__(self, present: Mapping[str, Any]) -> None:
        self._categories = {category["category_name"]: category["ref"] for category in present["categories"]}
        self._dayparts = present["dayparts"]  # which a table has no column for, so they stay as they are
        self._known_groups = {group["ref"]: group for group in present["option_groups"]}
        self._menus = {menu["ref"]: menu for menu in present["menus"]}
        self._refs = {(menu["category"], menu["menu_name"]): menu["ref"] for menu in present["menus"]}
        self._sent_categories: dict[str, dict[str, Any]] = {}
        self._sent_groups: dict[str, Group] = {}
        self._entries: dict[str, dict[str, Any]] = {}
        self._sent_menus: list[dict[str, Any]] = []

    def document(self) -> dict[str, Any]:
        return {
            "format": FORMAT,
            "categories": [*self._sent_categories.values()],
            "option_groups": [*self._entries.values()],
            "menus": self._sent_menus,
            "dayparts": self._dayparts,
        }

    def add(self, number: int, row: Mapping[str, str]) -> None:
        menu: dict[str, Any] = {}
        ref = row.get("ref", "")
        if category_name := row.get("category", ""):
            menu["category"] = self._category(category_name)
        if name := row.get("name", ""):
            menu["menu_name"] = name
        ref = ref or self._refs.get((menu.get("category", ""), name)) or secrets.token_hex(8)
        menu["ref"] = ref
        menu |= _plain_fields(number, row)
        if "options" in row:
            current = self._menus[ref]["option_groups"] if ref in self._menus else []
            menu["option_groups"] = self._groups(number, row["options"], current)
        self._sent_menus.append(menu)

    def _category(self, name: str) -> str:
        ref = self._categories.setdefault(name, secrets.token_hex(8))
        self._sent_categories.setdefault(ref, {"ref": ref, "category_name": name})
        return ref

    def _groups(self, number: int, cell: str, current: Sequence[str]) -> list[str]:
        refs: list[str] = []
        for group in _read_groups(number, cell):
            ref = self._group_ref(group, [each for each in current if each not in refs])
            if self._sent_groups.setdefault(ref, group) != group:
                raise _wrong(number, "options", f"The group {group.name[:50]!r} is another one in an earlier row.")
            if ref not in self._entries:
                self._entries[ref] = self._entry(ref, group)
            refs.append(ref)
        return refs

    def _group_ref(self, group: Group, current: Iterable[str]) -> str:
        """The group that is meant: one that the dish has already, or the one most like it, or a new one."""
        mine = [self._known_groups[ref] for ref in current if ref in self._known_groups]
        for candidates in (mine, [*self._known_groups.values()]):
            for known in candidates:
                if _group_of(known) == group:
                    return str(known["ref"])
            for known in candidates:
                if known["group_name"] == group.name:
                    return str(known["ref"])
        sent = (ref for ref, each in self._sent_groups.items() if each.name == group.name)
        return next(sent, None) or secrets.token_hex(8)

    def _entry(self, ref: str, group: Group) -> dict[str, Any]:
        known = self._known_groups.get(ref, {"options": []})["options"]
        left = [*known]
        options = []
        for name, delta in group.options:
            found = next((option for option in left if option["option_name"] == name), None)
            if found:
                left.remove(found)
            option_ref = found["ref"] if found else secrets.token_hex(8)
            options.append({"ref": option_ref, "option_name": name, "price_delta": delta})
        return {"ref": ref, "group_name": group.name, "options": options}


def _rows(content: bytes) -> Iterator[dict[str, str]]:
    try:
        table = csv.reader(io.StringIO(_decode(content), newline=""), strict=True)
        header = [cell.strip().lower() for cell in next(table, [])]
        unknown = [name for name in header if name not in COLUMNS]
        if unknown or len(set(header)) != len(header) or not header:
            raise ValidationFailed(
                errors={"": [f"The first row must have names of these columns: {', '.join(COLUMNS)}."]}
            )
        filled = (row for row in table if any(cell.strip() for cell in row))
        for number, row in enumerate(filled):
            if number == MAX_ENTRIES:
                raise ValidationFailed(errors={"": [f"Must have at most {MAX_ENTRIES} rows."]})
            if len(row) > len(header):
                raise ValidationFailed(errors={f"/menus/{number}": ["Must not have more cells than the first row."]})
            yield {name: _unguard(cell).strip() for name, cell in zip(header, row, strict=False)}
    except csv.Error:
        raise ValidationFailed(errors={"": ["Must be CSV, with quotes around cells that have line breaks."]}) from None


def _decode(content: bytes) -> str:
    """UTF-8, or the CP949 that Excel writes in Korea."""
    for encoding in ("utf-8-sig", "cp949"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise ValidationFailed(errors={"": ["Must be in UTF-8 or in CP949."]})


def _plain_fields(number: int, row: Mapping[str, str]) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for name in ("price", "display_order"):
        if cell := row.get(name, ""):
            if not _NUMBER.fullmatch(cell):
                raise _wrong(number, name, "Must be a whole number.")
            fields[name] = int(cell.replace(",", ""))
    if "description" in row:
        fields["description"] = row["description"] or None
    if cell := row.get("is_available", "").lower():
        if cell not in SWITCHES:
            raise _wrong(number, "is_available", "Must be true or false.")
        fields["is_available"] = SWITCHES[cell]
    if "allergens" in row:
        fields["allergens"] = _read_allergens(row["allergens"])
    if "origins" in row:
        fields["origins"] = [_read_origin(number, part) for part in _split(row["origins"], "|") if part.strip()]
    return fields


def _read_allergens(cell: str) -> list[str] | None:
    if not cell:
        return None
    return [] if cell == NONE else [part.strip() for part in cell.split("|")]


def _write_allergens(allergens: Sequence[str] | None) -> str:
    return "" if allergens is None else "|".join(allergens) or NONE


def _read_origin(number: int, part: str) -> dict[str, str]:
    pair = [_unescape(each).strip() for each in _split(part, ":")]
    if len(pair) != 2:
        raise _wrong(number, "origins", "Must be like 돼지고기:국내산|쌀:국내산.")
    return {"ingredient": pair[0], "origin": pair[1]}


def _group_of(group: Mapping[str, Any]) -> Group:
    options = tuple((option["option_name"], option["price_delta"]) for option in group["options"])
    return Group(group["group_name"], options)


def _write_group(group: Group) -> str:
    return f"{_escape(group.name)}:{'|'.join(_write_option(*option) for option in group.options)}"


def _write_option(name: str, delta: int) -> str:
    """A name that ends like a price has its own price after it, be it +0."""
    written = _escape(name)
    return f"{written}{delta:+d}" if delta or _DELTA.fullmatch(name) else written


def _read_groups(number: int, cell: str) -> Iterator[Group]:
    for part in _split(cell, ";"):
        if not part.strip():
            continue
        name, *rest = _split(part, ":")
        if len(rest) != 1:
            raise _wrong(number, "options", "Must be like 사이즈:보통|곱빼기+2000; 맵기:순한맛.")
        options = tuple(_read_option(option) for option in _split(rest[0], "|") if option.strip())
        yield Group(_unescape(name).strip(), options)


def _read_option(part: str) -> tuple[str, int]:
    priced = _DELTA.fullmatch(part.strip())
    name, delta = priced.groups() if priced else (part, "0")
    return _unescape(name).strip(), int(delta)


def _escape(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", text)


def _unescape(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text, flags=re.DOTALL)


def _split(text: str, separator: str) -> list[str]:
    """The parts between separators that no backslash stands before; they keep their backslashes."""
    parts = [""]
    for token in re.findall(r"\\.|.", text, re.DOTALL):
        if token == separator:
            parts.append("")
        else:
            parts[-1] += token
    return parts


def _guard(cell: str) -> str:
    return f"'{cell}" if _FORMULA.match(cell) else cell


def _unguard(cell: str) -> str:
    return cell[1:] if _GUARDED.match(cell) else cell


def _wrong(number: int, column: str, message: str) -> ValidationFailed:
    return ValidationFailed(errors={f"/menus/{number}/{column}": [message]})
