"""An order: its lines, its states, and what counts as the same order sent twice."""

import hashlib
import json
from collections.abc import Sequence
from typing import NamedTuple

WAITING = "대기중"
PREPARING = "준비중"
DONE = "완료"

# In the order in which an order goes through them; it may skip one, and never goes back.
STATUSES = (WAITING, PREPARING, DONE)

MAX_ITEMS = 50
MAX_QUANTITY = 99
MAX_KEY_LENGTH = 255


class Line(NamedTuple):
    """So many of one menu, as a tablet sends it: the price is the store's to say."""

    menu_id: int
    quantity: int


def fingerprint(lines: Sequence[Line]) -> bytes:
    """32 bytes that are the same for the same lines in the same order, however the JSON was written."""
    canonical = json.dumps(lines)
    return hashlib.sha256(canonical.encode()).digest()
