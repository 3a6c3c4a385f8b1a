"""Codes by which tablets are enrolled, and the tokens that they have from then on."""

import secrets
from typing import NamedTuple

from tableorder.domain.limits import MAX_INTEGER

CODE_LETTERS = "34679ACDEFGHJKMNPQRTUVWXY"  # none that looks like another one: no 0 and O, 1 and I, 2 and Z, 5 and S
CODE_LENGTH = 8
CODE_LIFETIME = 600  # seconds

_BETWEEN = str.maketrans("", "", " -")


class DeviceToken(NamedTuple):
    """A device's token. It names its store, so that the store can be bound first; only the hash of `key` is kept."""

    store_id: int
    key: str

    def __str__(self) -> str:
        return f"{self.store_id}.{self.key}"


def new_code() -> str:
    """A code that nobody can foresee."""
    return "".join(secrets.choice(CODE_LETTERS) for _ in range(CODE_LENGTH))


def typed_code(text: str) -> str:
    """The code in upper case, without the blanks and hyphens that a person typed between its letters."""
    return text.translate(_BETWEEN).upper()


def new_key() -> str:
    """The part of a device's token that nobody can guess: 256 bits."""
    return secrets.token_urlsafe(32)


def read_device_token(text: str) -> DeviceToken | None:
    """The token, if it looks like one at all."""
    store_id, _, key = text.partition(".")
    good = store_id.isascii() and store_id.isdigit() and len(store_id) <= 10 and key
    return DeviceToken(int(store_id), key) if good and int(store_id) <= MAX_INTEGER else None
