"""Passwords are kept as bcrypt hashes. bcrypt reads 72 bytes at most, so longer ones are refused, not cut.

They are compared as RFC 8265 says (OpaqueString): however a keyboard writes a character or a space, it is the same.
"""

import functools
import re

import bcrypt

from tableorder.domain.errors import ValidationFailed
from tableorder.domain.text import LONGEST_DECOMPOSITION, SPACES, clean

DEFAULT_COST = 12
MAX_BYTES = 72
LEAST_OF_TABLE, LEAST_OF_PERSON = 4, 8  # characters of a new password

_HASH = re.compile(r"\$2[abxy]\$([0-9]{2})\$", re.ASCII)

MAX_CHARACTERS = MAX_BYTES * LONGEST_DECOMPOSITION  # more are more bytes, however they are written

_ASCII_SPACES = str.maketrans(dict.fromkeys(SPACES, " "))
_TOO_LONG = f"must not be longer than {MAX_BYTES} bytes"


def hash_password(password: str, *, cost: int = DEFAULT_COST, least: int = 1) -> str:
    """The bcrypt hash of `password`, normalised.

    Raises ValidationFailed if it is no text, too short or longer than 72 bytes.
    """
    if problem := password_problem(password, least=least):
        raise ValidationFailed(f"the password {problem}")
    return bcrypt.hashpw(_normalize(password).encode(), bcrypt.gensalt(cost)).decode()


def verify_password(password: str, password_hash: str | None, *, cost: int = DEFAULT_COST) -> bool:
    """Check whether `password` is the one that was hashed.

    A wrong one takes the work of a hash of `cost`, without a hash and with a cheaper one, too. Each step of the cost
    doubles the work, so a check of cost 10 and the decoys of 10 and 11 together are a check of cost 12.

    Earlier versions hashed passwords as they were sent. So one that normalising changes is tried as it was sent, too,
    whether there is an account or not: the time tells nothing.
    """
    try:
        forms = dict.fromkeys((_normalize(password), password))
    except ValidationFailed:
        return False
    return any(_is_hash_of(form, password_hash, cost) for form in forms)


def hash_cost(password_hash: str) -> int | None:
    """The cost of a bcrypt hash, None if it is no such hash."""
    found = _HASH.match(password_hash)
    return int(found[1]) if found else None


def password_problem(password: str, *, least: int = 1) -> str | None:
    """What is wrong with a new password, to be read after "the password", or None."""
    try:
        normalized = _normalize(password)
    except ValidationFailed as refusal:
        return refusal.detail
    if len(normalized) < least:
        return f"must have {least} characters or more"
    return _TOO_LONG if len(normalized.encode()) > MAX_BYTES else None


def _normalize(password: str) -> str:
    if len(password) > MAX_CHARACTERS:
        raise ValidationFailed(_TOO_LONG)
    return clean(password.translate(_ASCII_SPACES), most=MAX_CHARACTERS)


def _is_hash_of(password: str, password_hash: str | None, cost: int) -> bool:
    stored = hash_cost(password_hash) if password_hash else None
    try:
        if password_hash is None or stored is None:
            bcrypt.checkpw(password.encode(), _decoy(cost))
            return False
        if bcrypt.checkpw(password.encode(), password_hash.encode()):
            return True
        for missing in range(stored, cost):
            bcrypt.checkpw(password.encode(), _decoy(missing))
    except ValueError:  # a hash that is cut short, or a password that bcrypt does not take
        pass
    return False


@functools.cache
def _decoy(cost: int) -> bytes:
    # A salt with a made-up digest: checking against it costs what any check costs, making it costs nothing.
    return bcrypt.gensalt(cost) + b"." * 31
