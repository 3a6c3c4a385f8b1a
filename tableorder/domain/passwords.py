"""Passwords are kept as bcrypt hashes. bcrypt reads 72 bytes at most, so longer ones are refused, not cut.

They are compared as RFC 8265 says (OpaqueString): however a keyboard writes a character or a space, it is the same.
"""

import functools

import bcrypt

from tableorder.domain.errors import Invalid
from tableorder.domain.text import LONGEST_DECOMPOSITION, SPACES, clean

DEFAULT_COST = 12
MAX_BYTES = 72

MAX_CHARACTERS = MAX_BYTES * LONGEST_DECOMPOSITION  # more are more bytes, however they are written

_ASCII_SPACES = str.maketrans(dict.fromkeys(SPACES, " "))
_TOO_LONG = f"must not be longer than {MAX_BYTES} bytes"


def hash_password(password: str, *, cost: int = DEFAULT_COST) -> str:
    """The bcrypt hash of `password`, normalised. Raises Invalid if it is no text or longer than 72 bytes."""
    if problem := password_problem(password):
        raise Invalid(f"the password {problem}")
    return bcrypt.hashpw(_normalize(password).encode(), bcrypt.gensalt(cost)).decode()


def verify_password(password: str, password_hash: str | None, *, cost: int = DEFAULT_COST) -> bool:
    """Whether `password` is the one that was hashed. Without a hash it is wrong, after the same work as with one.

    Earlier versions hashed passwords as they were sent. So one that normalising changes is tried as it was sent, too.
    That happens whether there is an account or not: the time tells nothing.
    """
    try:
        forms = dict.fromkeys((_normalize(password), password))
    except Invalid:
        return False
    kept = password_hash or _decoy(cost)
    return any(_is_hash_of(form, kept) for form in forms) and password_hash is not None


def password_problem(password: str) -> str | None:
    """What is wrong with a new password, to be read after "the password", or None."""
    try:
        length = len(_normalize(password).encode())
    except Invalid as refusal:
        return refusal.detail
    return _TOO_LONG if length > MAX_BYTES else None


def _normalize(password: str) -> str:
    if len(password) > MAX_CHARACTERS:
        raise Invalid(_TOO_LONG)
    return clean(password.translate(_ASCII_SPACES), most=MAX_CHARACTERS)


def _is_hash_of(password: str, password_hash: str) -> bool:
    try:
        return bcrypt.checkpw(password.encode(), password_hash.encode())
    except ValueError:  # no bcrypt hash, or a password that bcrypt does not take
        return False


@functools.cache
def _decoy(cost: int) -> str:
    # A salt with a made-up digest: checking against it costs what any check costs, making it costs nothing.
    return bcrypt.gensalt(cost).decode() + "." * 31
