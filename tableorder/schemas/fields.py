"""Fields stricter than marshmallow's own: JSON types are taken at their word, and text is what PostgreSQL can hold."""

import re
from collections.abc import Sequence
from typing import Any

from marshmallow import ValidationError, fields, validate

from tableorder.domain.images import image_problem
from tableorder.domain.limits import MAX_INTEGER
from tableorder.domain.passwords import password_problem

_WHOLE_NUMBER = re.compile(r"[0-9]{1,10}", re.ASCII)
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII | re.IGNORECASE)
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")


class Integer(fields.Field[int]):
    """A JSON number without a fraction, `least` to `most`; neither "5" nor true nor 5.0."""

    def __init__(self, *, least: int = 1, most: int = MAX_INTEGER, **kwargs: Any) -> None:
        super().__init__(validate=validate.Range(min=least, max=most), **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int:
        if type(value) is not int:
            raise ValidationError("Must be an integer.")
        return value


class QueryInteger(Integer):
    """A whole number in a query string."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int:
        if not _WHOLE_NUMBER.fullmatch(value):
            raise ValidationError("Must be a whole number.")
        return int(value)


class Boolean(fields.Field[bool]):
    """true or false; neither "yes" nor 1."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> bool:
        if type(value) is not bool:
            raise ValidationError("Must be true or false.")
        return value


class Text(fields.Field[str]):
    """Text of `least` to `most` characters, without NUL and lone surrogates; not only white space if `least` > 0."""

    def __init__(self, *, least: int = 1, most: int, choices: Sequence[str] = (), **kwargs: Any) -> None:
        one_of = [validate.OneOf(choices, error="Must be one of: {choices}.")] if choices else []
        super().__init__(validate=[validate.Length(min=least, max=most), *one_of], **kwargs)
        self.may_be_blank = least == 0

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        if not isinstance(value, str):
            raise ValidationError("Must be a string.")
        if _UNSTORABLE.search(value):
            raise ValidationError("Must not contain NUL or lone surrogates.")
        if not self.may_be_blank and not value.strip():
            raise ValidationError("Must not be blank.")
        return value


class Password(fields.Field[str]):
    """A password that bcrypt can take: 1 to 72 bytes of UTF-8, without NUL."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        if not isinstance(value, str):
            raise ValidationError("Must be a string.")
        if problem := password_problem(value):
            raise ValidationError(problem.capitalize() + ".")
        return value


class SessionId(fields.Field[str]):
    """A session's UUID."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        if not isinstance(value, str) or not _UUID.fullmatch(value):
            raise ValidationError("Must be a session's UUID.")
        return value.lower()


class ImageDataUrl(fields.Field[str]):
    """The data URL of a real picture."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        if not isinstance(value, str):
            raise ValidationError("Must be a string.")
        if problem := image_problem(value):
            raise ValidationError(problem)
        return value
