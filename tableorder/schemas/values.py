"""Answers, and the values in them: every field is always there, and a later version may add some."""

from __future__ import annotations

from typing import Any, ClassVar

from marshmallow import EXCLUDE, Schema, fields, validate

from tableorder.domain.limits import MAX_BIG_INTEGER
from tableorder.schemas.fields import Allergens, Boolean, Integer, Translations

# Of the examples.
SESSION_ID = "0b9d1f4e-6a0c-4a57-9c53-6f3f2a1f9d10"


class Document(Schema):
    """What is answered, with an example for the description of the API."""

    example: ClassVar[Any] = None

    class Meta:
        unknown = EXCLUDE


class Displayed(Document):
    """What is shown in the guests' language, if they ask for one."""

    display_name = fields.String(metadata={"description": "with `lang`: the name in the language that was found"})
    display_description = fields.String(allow_none=True, metadata={"description": "with `lang`"})
    lang = fields.String(metadata={"description": "with `lang`: the language that was found"})

    example: ClassVar[Any] = {"display_name": "Kimchi stew", "display_description": None, "lang": "en"}


def identifier(description: str | None = None) -> Integer:
    """An id."""
    return Integer(required=True, metadata=_described(description))


def big_identifier(description: str | None = None) -> Integer:
    """The id of an order or of its line."""
    return Integer(required=True, most=MAX_BIG_INTEGER, metadata=_described(description))


def allergens() -> Allergens:
    """Codes of allergens, or null."""
    return Allergens(required=True, metadata={"description": "null: not declared; []: none"})


def translations() -> Translations:
    """The names and descriptions in other languages."""
    return Translations(required=True, most=100)


def number(description: str | None = None, *, least: int = 0) -> Integer:
    """A whole number."""
    return Integer(required=True, least=least, metadata=_described(description))


def price_delta() -> fields.Integer:
    """What an option adds to the price."""
    return fields.Integer(required=True, metadata={"description": "won, may be negative"})


def identifier_or_null(description: str | None = None) -> Integer:
    """An id, or null."""
    return Integer(required=True, allow_none=True, metadata=_described(description))


def count_or_null(description: str) -> Integer:
    """A whole number, or null for what is not counted."""
    return Integer(required=True, least=0, allow_none=True, metadata=_described(description))


def past_number(description: str) -> Integer:
    """A table's number at some time, or null: the books did not keep it at first."""
    return Integer(
        required=True,
        allow_none=True,
        metadata={"description": f"{description}; null if the books do not say it"},
    )


def won(description: str | None = None) -> fields.Integer:
    """An amount of money. Sums go past what one price or order may be."""
    return fields.Integer(
        required=True, validate=validate.Range(min=0), metadata={"format": "int64", **_described(description or "won")}
    )


def text(description: str | None = None, *, or_null: bool = False) -> fields.String:
    """Any text."""
    return fields.String(required=True, allow_none=or_null, metadata=_described(description))


def one_of(*choices: str) -> fields.String:
    """One of a few words."""
    return fields.String(required=True, validate=validate.OneOf(choices))


def switch(description: str | None = None) -> Boolean:
    """true or false."""
    return Boolean(required=True, metadata=_described(description))


def session(*, or_null: bool = False) -> fields.UUID:
    """A session's id."""
    return fields.UUID(required=True, allow_none=or_null)


def moment() -> fields.AwareDateTime:
    """A time with an offset, RFC 3339."""
    return fields.AwareDateTime(required=True)


def moment_or_null(description: str) -> fields.AwareDateTime:
    """A time with an offset, or null."""
    return fields.AwareDateTime(required=True, allow_none=True, metadata={"description": description})


def dayparts() -> fields.List[Any]:
    """The ids of the dayparts that a menu or a category has itself."""
    return fields.List(Integer(), required=True, metadata={"description": "when it is served; []: always"})


def next_cursor() -> fields.String:
    """Where the next page of a list begins."""
    return text("the `cursor` of the next page; null on the last one", or_null=True)


def list_of(schema: type[Document]) -> fields.List[Any]:
    """An array of documents."""
    return fields.List(fields.Nested(schema), required=True)


def _described(description: str | None) -> dict[str, Any]:
    return {"description": description} if description else {}
