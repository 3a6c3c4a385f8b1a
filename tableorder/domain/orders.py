"""An order: its lines, its states, and what counts as the same order sent twice."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from tableorder.domain.requests import fingerprint

WAITING = "대기중"
PREPARING = "준비중"
DONE = "완료"

# In the order in which an order goes through them; it may skip one, and never goes back.
STATUSES = (WAITING, PREPARING, DONE)

MAX_ITEMS = 50
MAX_QUANTITY = 99
MAX_OPTIONS = 30  # of a line, and chosen of a group
MAX_KEY_LENGTH = 255
MAX_NOTE, MAX_ITEM_NOTE = 200, 100  # characters


def order_fingerprint(order: Mapping[str, Any]) -> bytes:
    """32 bytes that are the same for the same order, however its JSON was written.

    An order of menus and quantities alone has the form that the first version gave it, [[menu_id, quantity], …], so
    that a repeat of it across the upgrade is still the same order.
    """
    items = order["items"]
    if order.keys() == {"items"} and all(item.keys() == {"menu_id", "quantity"} for item in items):
        plain = json.dumps([[item["menu_id"], item["quantity"]] for item in items])
        return hashlib.sha256(plain.encode()).digest()
    return fingerprint(order)
