"""Fields stricter than marshmallow's own: JSON types are taken at their word, texts are kept as domain/text.py says.

For JSON Schema each has its type and format, `json_type`, and what else it asks for, `json_rules`.
"""

import json
import re
from collections.abc import Sequence
from typing import Any, cast

from marshmallow import Schema, ValidationError, fields, validate

from tableorder.domain.errors import ValidationFailed
from tableorder.domain.images import MAX_UPLOAD_BYTES, ImageRefused, Upload, read_data_url
from tableorder.domain.labels import ALLERGENS, MAX_ORIGINS
from tableorder.domain.languages import (
    MAX_LANGUAGES,
    MAX_TAG,
    MAX_TRANSLATIONS,
    WELL_FORMED,
    canonical_tag,
    is_language_tag,
)
from tableorder.domain.limits import MAX_INTEGER
from tableorder.domain.passwords import MAX_BYTES, password_problem
from tableorder.domain.text import clean, is_blank

_NO_NUL = "^[^\\u0000]*$"  # for JSON Schema, as the next one
_NOT_BLANK = "^[^\\u0000]*[^\\s\\u0000][^\\u0000]*$"
_WHOLE_NUMBER = re.compile(r"[0-9]{1,10}", re.ASCII)
_SHA256 = re.compile(r"[0-9A-Fa-f]{64}", re.ASCII)
_PIN = re.compile(r"[0-9]{4,8}", re.ASCII)
_CLOCK_TIME = "([01][0-9]|2[0-3]):[0-5][0-9]"
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII | re.IGNORECASE)


class Integer(fields.Field[int]):
    """A JSON number without a fraction, `least` to `most`; neither "5" nor true nor 5.0."""

    json_type = ("integer", None)

    def __init__(self, *, least: int = 1, most: int = MAX_INTEGER, **kwargs: Any) -> None:
        kwargs.setdefault("allow_none", False)  # marshmallow allows it where None is the default
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

    json_type = ("boolean", None)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> bool:
        if type(value) is not bool:
            raise ValidationError("Must be true or false.")
        return value


class QueryBoolean(Boolean):
    """true or false in a query string."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> bool:
        if value not in ("true", "false"):
            raise ValidationError("Must be true or false.")
        return value == "true"


class Text(fields.Field[str]):
    """Text of 1 to `most` characters, as domain/text.py keeps it; with `choices`, one of them."""

    json_type = ("string", "visible-text")

    def __init__(self, *, most: int, may_break: bool = False, choices: Sequence[str] = (), **kwargs: Any) -> None:
        one_of = validate.OneOf(choices, error="Must be one of: {choices}.") if choices else None
        super().__init__(validate=one_of, **kwargs)
        self.most = most
        self.may_break = may_break
        self.json_rules = {} if choices else self._json_rules()

    def _json_rules(self) -> dict[str, Any]:
        return {"minLength": 1, "maxLength": self.most, "pattern": _NOT_BLANK}

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        try:
            return clean(_string(value), most=self.most, may_break=self.may_break)
        except ValidationFailed as refusal:
            raise _sentence(refusal.detail) from None


class OptionalText(Text):
    """Text or None, which a blank one stands for: it is what a form sends for an empty field."""

    def __init__(self, *, most: int, may_break: bool = False, **kwargs: Any) -> None:
        super().__init__(most=most, may_break=may_break, allow_none=True, pre_load=_none_if_blank, **kwargs)

    def _json_rules(self) -> dict[str, Any]:
        return {"maxLength": self.most, "pattern": _NO_NUL}


class Password(fields.Field[str]):
    """A password of `least` characters or more. It stays as it was sent: domain/passwords.py normalises it."""

    json_type = ("string", "password")

    def __init__(self, *, least: int = 1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.least = least
        self.json_rules = {
            "minLength": least,
            "maxLength": MAX_BYTES,
            "pattern": _NO_NUL,
            "description": f"at most {MAX_BYTES} bytes in UTF-8",
        }

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        if problem := password_problem(_string(value), least=self.least):
            raise _sentence(problem)
        return value


class Pin(fields.Field[str]):
    """A PIN of 4 to 8 digits."""

    json_type = ("string", None)
    json_rules = {"pattern": "^[0-9]{4,8}$"}

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        if not _PIN.fullmatch(_string(value)):
            raise ValidationError("Must have 4 to 8 digits.")
        return value


class SessionId(fields.Field[str]):
    """A session's UUID."""

    json_type = ("string", "uuid")
    json_rules = {"pattern": "^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$"}

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        if not isinstance(value, str) or not _UUID.fullmatch(value):
            raise ValidationError("Must be a session's UUID.")
        return value.lower()


class Sha256(fields.Field[str]):
    """A SHA-256 in hexadecimal digits."""

    json_type = ("string", None)
    json_rules = {"pattern": "^[0-9A-Fa-f]{64}$"}

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        if not _SHA256.fullmatch(_string(value)):
            raise ValidationError("Must be a SHA-256 in hexadecimal digits.")
        return value.lower()


class ClockTime(fields.Field[str]):
    """A time of day to the minute, "00:00" to "23:59"."""

    json_type = ("string", None)
    json_rules = {"pattern": f"^{_CLOCK_TIME}$"}

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        if not re.fullmatch(_CLOCK_TIME, _string(value)):
            raise ValidationError("Must be a time such as 09:30.")
        return str(value)


class QueryChoice(fields.Field[str]):
    """One of a few words in a query string."""

    json_type = ("string", None)

    def __init__(self, *choices: str, **kwargs: Any) -> None:
        super().__init__(validate=validate.OneOf(choices, error="Must be one of: {choices}."), **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        return _string(value)


class ImageDataUrl(fields.Field[Upload]):
    """The data URL of a picture, read but not decoded, or None, which a blank one stands for, too."""

    json_type = ("string", "image-data-url")
    json_rules = {
        "description": f"a real picture of at most {MAX_UPLOAD_BYTES >> 20} MiB: `data:image/png;base64,…`, or jpeg, "
        "webp or gif; it is kept as a WebP of at most 1280 pixels, upright, without metadata and animation",
    }

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(allow_none=True, pre_load=_none_if_blank, **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Upload:
        try:
            return read_data_url(_string(value))
        except ImageRefused as refusal:
            raise _sentence(str(refusal)) from None


class Language(fields.Field[str]):
    """A language tag of BCP 47, kept in the case that everybody writes it in."""

    json_type = ("string", "language-tag")
    json_rules = {"maxLength": MAX_TAG, "pattern": f"^{WELL_FORMED}$"}

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        if not is_language_tag(_string(value)):
            raise ValidationError("Must be a language tag, such as en or zh-Hans.")
        return canonical_tag(value)


class Allergens(fields.Field[list[str]]):
    """Codes of allergens, each once; None: not declared."""

    json_type = ("array", None)
    json_rules = {"items": {"type": "string", "enum": [*ALLERGENS]}, "uniqueItems": True, "maxItems": len(ALLERGENS)}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(allow_none=True, **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> list[str]:
        if not isinstance(value, list) or any(code not in ALLERGENS for code in value):
            raise ValidationError(f"Must be a list of: {', '.join(ALLERGENS)}.")
        if len(set(value)) != len(value):
            raise ValidationError("Must name each allergen once.")
        return value


class Origins(fields.List[Any]):
    """Where ingredients come from: [`ingredient`, `origin`]."""

    json_rules = {"maxItems": MAX_ORIGINS}

    def __init__(self, entry: type[Schema], **kwargs: Any) -> None:
        super().__init__(fields.Nested(entry), **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> list[Any]:
        if isinstance(value, list) and len(value) > MAX_ORIGINS:
            raise ValidationError(f"Must have at most {MAX_ORIGINS} origins.")
        return super()._deserialize(value, attr, data, **kwargs)


class Translations(fields.Field[dict[str, dict[str, str]]]):
    """By language tag, the `name` in that language, the `description`, or both."""

    json_type = ("object", None)

    def __init__(self, *, most: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._texts: dict[str, Text] = {"name": Text(most=most), "description": Text(most=500, may_break=True)}
        texts = {
            name: {"type": "string", "format": "visible-text"} | text.json_rules for name, text in self._texts.items()
        }
        self.json_rules = {
            "description": f"by language tag (BCP 47), in JSON of at most {MAX_TRANSLATIONS} bytes",
            "propertyNames": Language.json_rules,
            "additionalProperties": {
                "type": "object",
                "properties": texts,
                "minProperties": 1,
                "additionalProperties": False,
            },
            "maxProperties": MAX_LANGUAGES,
        }

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> dict[str, dict[str, str]]:
        if not isinstance(value, dict):
            raise ValidationError("Must be an object: language tags, each with a name, a description, or both.")
        if len(value) > MAX_LANGUAGES:
            raise ValidationError(f"Must have at most {MAX_LANGUAGES} languages.")
        if (wrong := next((tag for tag in value if not is_language_tag(tag)), None)) is not None:
            raise ValidationError(f"{wrong[:MAX_TAG]!r} is not a language tag, such as en or zh-Hans.")
        translations = {canonical_tag(tag): self._translation(tag, texts) for tag, texts in value.items()}
        if len(translations) != len(value):
            raise ValidationError("Must name each language once.")
        if len(json.dumps(translations, ensure_ascii=False).encode()) > MAX_TRANSLATIONS:
            raise ValidationError(f"Must have at most {MAX_TRANSLATIONS} bytes.")
        return translations

    def _translation(self, tag: str, texts: Any) -> dict[str, str]:
        if not isinstance(texts, dict) or not texts or not texts.keys() <= self._texts.keys():
            raise ValidationError({tag: ["Must have a name, a description, or both."]})
        try:
            return {name: cast("str", self._texts[name].deserialize(text)) for name, text in texts.items()}
        except ValidationError as error:
            raise ValidationError({tag: error.messages}) from None


def _string(value: Any) -> str:
    if not isinstance(value, str):
        raise ValidationError("Must be a string.")
    return value


def _none_if_blank(value: Any) -> Any:
    return None if isinstance(value, str) and is_blank(value) else value


def _sentence(problem: str) -> ValidationError:
    """The refusal, for a list of a field's own errors."""
    return ValidationError(problem[0].upper() + problem[1:] + ".")
