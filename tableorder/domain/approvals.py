"""What an owner or a manager lets one of the staff do."""

import hashlib

LIFETIME = 60  # seconds

# Once, for the one thing that has the id; READ_BOOKS is for no one thing, and for as often as they like.
OF_ONE_THING = ("void", "refund", "settle", "reopen")
READ_BOOKS = "read_books"


def hash_approval(token: str) -> bytes:
    """What is kept of an approval, whatever a client sends as one."""
    return hashlib.sha256(token.encode()).digest()
