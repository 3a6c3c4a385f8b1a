"""Passwords are kept as bcrypt hashes. bcrypt reads 72 bytes at most, so longer ones are refused, not cut."""

import functools

import bcrypt

from tableorder.domain.errors import Invalid

DEFAULT_COST = 12
MAX_BYTES = 72


def hash_password(password: str, *, cost: int = DEFAULT_COST) -> str:
    """The bcrypt hash of `password`. Raises Invalid if it is empty, has a NUL or is longer than 72 bytes."""
    if problem := password_problem(password):
        raise Invalid(f"the password {problem}")
    return bcrypt.hashpw(password.encode(), bcrypt.gensalt(cost)).decode()


def verify_password(password: str, password_hash: str | None, *, cost: int = DEFAULT_COST) -> bool:
    """Whether `password` is the one that was hashed. Without a hash it is wrong, after the same work as with one."""
    try:
        same = bcrypt.checkpw(password.encode(), (password_hash or _decoy(cost)).encode())
    except ValueError:  # no bcrypt hash, or a password that bcrypt does not take
        return False
    return same and password_hash is not None


def password_problem(password: str) -> str | None:
    """What is wrong with a new password, to be read after "the password", or None."""
    if not password:
        return "must not be empty"
    if "\0" in password:
        return "must not contain NUL"
    try:
        length = len(password.encode())
    except UnicodeEncodeError:
        return "must not contain lone surrogates"
    return f"must not be longer than {MAX_BYTES} bytes" if length > MAX_BYTES else None


@functools.cache
def _decoy(cost: int) -> str:
    # A salt with a made-up digest: checking against it costs what any check costs, making it costs nothing.
    return bcrypt.gensalt(cost).decode() + "." * 31
