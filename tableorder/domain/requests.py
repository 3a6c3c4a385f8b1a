"""What counts as the same request sent twice."""

import hashlib
import json
from collections.abc import Mapping


def fingerprint(body: Mapping[str, object]) -> bytes:
    """32 bytes that are the same for the same body, however its JSON was written.

    What is None counts as absent, so that a field that is added later leaves the requests of before as they were.
    """
    canonical = json.dumps(_without_absent(body), sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).digest()


def _without_absent(value: object) -> object:
    if isinstance(value, Mapping):
        return {name: _without_absent(member) for name, member in value.items() if member is not None}
    if isinstance(value, list):
        return [_without_absent(member) for member in value]
    return value
