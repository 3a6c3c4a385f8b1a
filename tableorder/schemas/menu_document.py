"""A store's menu as one document, as an admin gets it and sends it back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from marshmallow import Schema, ValidationError, fields, missing, pre_load, validate, validates_schema

from tableorder.domain.limits import MAX_DAYPARTS, MAX_GROUPS, MAX_HOURS
from tableorder.domain.menu_document import FORMAT, LISTS, MAX_ENTRIES, MAX_PROBLEMS, MAX_REF, repeated_refs
from tableorder.schemas import values
from tableorder.schemas.base import BodySchema, QuerySchema, left_out
from tableorder.schemas.categories import Category, CategorySchema
from tableorder.schemas.dayparts import Daypart, DaypartSchema, Hours, HoursSchema
from tableorder.schemas.fields import QueryBoolean, QueryChoice, Sha256, Text
from tableorder.schemas.menus import MENU_VERSION, Menu, MenuSchema, menu_version
from tableorder.schemas.options import Option, OptionGroup, OptionGroupSchema, OptionSchema

KINDS = ("category", "option_group", "option", "menu", "daypart")
SHA256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"


def ref() -> fields.String:
    """The name of an entry."""
    return values.text("its name in documents, which stays the same")


def daypart_refs() -> fields.List[Any]:
    """When something is served."""
    return fields.List(
        fields.String(), required=True, metadata={"description": "the refs of its dayparts; none is always"}
    )


class CategoryEntry(values.Document):
    ref = ref()
    category_name = values.text()
    translations = values.translations()
    display_order = values.number()
    dayparts = daypart_refs()

    example = {
        "ref": "stews",
        **{name: Category.example[name] for name in ("category_name", "translations", "display_order")},
        "dayparts": [],
    }


class OptionEntry(values.Document):
    ref = ref()
    option_name = values.text()
    translations = values.translations()
    price_delta = values.price_delta()
    is_available = values.switch()
    is_default = values.switch()
    allergens = values.allergens()
    display_order = values.number()

    example = {"ref": "very-hot", **{name: Option.example[name] for name in OptionSchema._declared_fields}}


class OptionGroupEntry(values.Document):
    ref = ref()
    group_name = values.text()
    translations = values.translations()
    min_select = values.number()
    max_select = values.number(least=1)
    max_each = values.number(least=1)
    display_order = values.number()
    options = values.list_of(OptionEntry)

    example = {
        "ref": "spiciness",
        **{name: OptionGroup.example[name] for name in OptionGroupSchema._declared_fields},
        "options": [OptionEntry.example],
    }


class MenuEntry(values.Document):
    ref = ref()
    category = values.text("the ref of its category")
    menu_name = values.text()
    translations = values.translations()
    price = values.won()
    description = values.text(or_null=True)
    allergens = values.allergens()
    origins = fields.List(fields.Dict(), required=True)
    spicy = values.number()
    min_age = values.count_or_null("from this age; null: for everybody")
    picture_sha256 = values.text("of its picture, in hexadecimal digits", or_null=True)
    image_base64 = fields.String(allow_none=True, metadata={"description": "with `pictures=embed`: a data URL"})
    display_order = values.number()
    is_available = values.switch()
    option_groups = fields.List(fields.String(), required=True, metadata={"description": "the refs of its groups"})
    dayparts = daypart_refs()

    example = {
        "ref": "kimchi-stew",
        "category": "stews",
        **{
            name: Menu.example[name]
            for name in MenuSchema._declared_fields
            if name not in ("category_id", "image_base64")
        },
        "picture_sha256": SHA256,
        "option_groups": ["spiciness"],
        "dayparts": ["lunch"],
    }


class DaypartEntry(values.Document):
    ref = ref()
    daypart_name = values.text()
    hours = values.list_of(Hours)

    example = {"ref": "lunch", **{name: Daypart.example[name] for name in DaypartSchema._declared_fields}}


class MenuDocument(values.Document):
    format = values.one_of(FORMAT)
    version = menu_version()
    categories = values.list_of(CategoryEntry)
    menus = values.list_of(MenuEntry)
    option_groups = values.list_of(OptionGroupEntry)
    dayparts = values.list_of(DaypartEntry)

    example = {
        "format": FORMAT,
        "version": MENU_VERSION,
        "categories": [CategoryEntry.example],
        "menus": [MenuEntry.example],
        "option_groups": [OptionGroupEntry.example],
        "dayparts": [DaypartEntry.example],
    }


class Named(values.Document):
    kind = values.one_of(*KINDS)
    ref = values.text()

    example = {"kind": "menu", "ref": "kimchi-stew"}


class FieldChange(Named):
    field = values.text()
    from_ = fields.Raw(required=True, allow_none=True, data_key="from")
    to = fields.Raw(required=True, allow_none=True)

    example = Named.example | {"field": "price", "from": 9000, "to": 9500}


class MenuWarning(Named):
    code = values.one_of("name_twice", "price_changed_by_half")
    pointer = values.text("to the entry in the document")

    example = Named.example | {"code": "price_changed_by_half", "pointer": "/menus/0"}


class MenuImported(values.Document):
    created = values.list_of(Named)
    updated = values.list_of(FieldChange)
    retired = values.list_of(Named)
    unchanged = values.number("entries of the document that are as the menu has them already")
    warnings = values.list_of(MenuWarning)
    version = menu_version()

    example = {
        "created": [Named.example],
        "updated": [FieldChange.example],
        "retired": [],
        "unchanged": 12,
        "warnings": [],
        "version": MENU_VERSION,
    }


class Entries(fields.List[Any]):
    """Entries of one kind; it stops to look for mistakes when there are as many as are listed."""

    json_rules = {"maxItems": MAX_ENTRIES}

    def __init__(self, entry: type[Schema], **kwargs: Any) -> None:
        super().__init__(fields.Nested(entry), **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> list[Any]:
        if not isinstance(value, list):
            raise ValidationError("Must be a list.")
        loaded, errors = [], {}
        for number, entry in enumerate(value):
            try:
                loaded.append(self.inner.deserialize(entry, **kwargs))
            except ValidationError as error:
                errors[number] = error.messages
            if len(errors) == MAX_PROBLEMS:
                break
        if errors:
            raise ValidationError(errors)
        return loaded


class Refs(fields.List[Any]):
    """At most so many refs, each once, in their order."""

    def __init__(self, *, most: int, **kwargs: Any) -> None:
        super().__init__(Text(most=MAX_REF), **kwargs)
        self.most = most
        self.json_rules = {"maxItems": most, "uniqueItems": True}

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> list[Any]:
        if isinstance(value, list) and len(value) > self.most:
            raise ValidationError(f"Must have at most {self.most} of them.")
        refs = super()._deserialize(value, attr, data, **kwargs)
        if len(set(refs)) != len(refs):
            raise ValidationError("Must name each of them once.")
        return refs


def _entry_of(schema: type[BodySchema], answer: type[values.Document], **own: fields.Field[Any]) -> type[BodySchema]:
    """An entry: what the POST of the same thing takes, each of which may be left out, but for the ref."""
    members = {name: left_out(field) for name, field in schema._declared_fields.items() if name in answer().fields}
    members |= {"ref": Text(required=True, most=MAX_REF), **own}
    return type(f"{answer.__name__}Schema", (BodySchema,), {**members, "answer": answer, "__module__": __name__})


CategoryEntrySchema = _entry_of(CategorySchema, CategoryEntry, dayparts=Refs(most=MAX_DAYPARTS))
OptionEntrySchema = _entry_of(OptionSchema, OptionEntry)
OptionGroupEntrySchema = _entry_of(OptionGroupSchema, OptionGroupEntry, options=Entries(OptionEntrySchema))
MenuEntrySchema = _entry_of(
    MenuSchema,
    MenuEntry,
    category=Text(most=MAX_REF),
    picture_sha256=Sha256(allow_none=True),
    option_groups=Refs(most=MAX_GROUPS),
    dayparts=Refs(most=MAX_DAYPARTS),
)
DaypartEntrySchema = _entry_of(
    DaypartSchema,
    DaypartEntry,
    hours=fields.List(fields.Nested(HoursSchema), validate=validate.Length(max=MAX_HOURS)),
)


class MenuDocumentSchema(BodySchema):
    answer = MenuDocument
    is_document = True
    examples = {"a new price": {"format": FORMAT, "menus": [{"ref": "kimchi-stew", "price": 9500}]}}

    format = Text(required=True, most=50, choices=[FORMAT])
    categories = Entries(CategoryEntrySchema)
    menus = Entries(MenuEntrySchema)
    option_groups = Entries(OptionGroupEntrySchema)
    dayparts = Entries(DaypartEntrySchema)

    @pre_load
    def bound_entries(self, data: Any, **kwargs: Any) -> Any:
        """Refuse more than MAX_ENTRIES before any of them is looked at."""
        if isinstance(data, Mapping):
            listed = [entry for name in LISTS for entry in _list(data.get(name))]
            if len(listed) + sum(len(_list(_options(entry))) for entry in listed) > MAX_ENTRIES:
                raise ValidationError(f"Must have at most {MAX_ENTRIES} entries.")
        return data

    @validates_schema
    def require_own_refs(self, data: dict[str, Any], **kwargs: Any) -> None:
        """No two entries of a kind have the same ref."""
        if repeated := repeated_refs(data):
            raise ValidationError(_at(repeated, "Must be another one for each entry."))


def _at(pointers: Iterable[str], message: str) -> dict[Any, Any]:
    """The message at each of these places, as marshmallow nests errors."""
    errors: dict[Any, Any] = {}
    for pointer in pointers:
        _, *way, name = pointer.split("/")
        inner = errors
        for token in way:
            inner = inner.setdefault(token, {})
        inner[name] = [message]
    return errors


def _options(entry: object) -> object:
    return entry.get("options") if isinstance(entry, Mapping) else None


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _defaults(schema: type[BodySchema], *, but: tuple[str, ...] = (), **more: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, field in schema._declared_fields.items():
        default = field.load_default
        if default is not missing and name not in (*but, "display_order"):
            found[name] = default() if callable(default) else default
    return found | more


# What a new entry has where it says nothing, by its kind.
DEFAULTS = {
    "category": _defaults(CategorySchema, dayparts=[]),
    "option_group": _defaults(OptionGroupSchema),
    "option": _defaults(OptionSchema),
    "menu": _defaults(MenuSchema, but=("image_base64",), picture_sha256=None, option_groups=[], dayparts=[]),
    "daypart": {},
}


class MenuDocumentQuery(QuerySchema):
    format = QueryChoice("csv", load_default=None, metadata={"description": "csv: a table, a row for each menu"})
    pictures = QueryChoice("embed", load_default=None, metadata={"description": "embed: with all pictures"})


class MenuImportQuery(QuerySchema):
    dry_run = QueryBoolean(load_default=False, metadata={"description": "true: tell what would change, change nothing"})
    mode = QueryChoice(
        "merge",
        "replace",
        load_default="merge",
        metadata={"description": "replace: what the document does not name is retired"},
    )
