"""Approvals, with which an owner or a manager lets one of the staff do something."""

import hashlib

LIFETIME = 60  # seconds

# Once, for the one thing that has the id; READ_BOOKS is for no one thing, and for as often as they like.
OF_ONE_THING = ("void", "refund", "settle", "reopen")
READ_BOOKS = "read_books"


def hash_approval(token: str) -> bytes:
    """The hash under which an approval is stored. It takes any text that a client sends."""
    return hashlib.sha256(token.encode()).digest()
