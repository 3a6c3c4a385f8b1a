"""What the kitchen does not see: every amount of money in a document."""

from __future__ import annotations

import json
from typing import Any

AMOUNTS = frozenset(
    {"price", "price_delta", "base_price", "unit_price", "subtotal", "total_amount", "total_session_amount"}
)


def without_money(document: str | bytes) -> str:
    """The JSON document without its amounts, however deep they are."""
    return json.dumps(_without(json.loads(document)), ensure_ascii=False)


def _without(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without(part) for name, part in value.items() if name not in AMOUNTS}
    return [_without(part) for part in value] if isinstance(value, list) else value
