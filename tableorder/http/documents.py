"""Documents that are kept in this process under a version, for those who can ask the database for the version alone."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable
from typing import NamedTuple

MAX_BYTES = 16 * 1024 * 1024
MAX_DOCUMENT_BYTES = 256 * 1024  # bytes; one with many pictures would drive out all the others


class Versioned(NamedTuple):
    """A document as it is sent, and its version."""

    version: str
    body: bytes


class DocumentCache:
    """The documents used last, `MAX_BYTES` of them at most. For any number of threads."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Hashable, Versioned] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    def get(self, key: Hashable) -> Versioned | None:
        """The document kept under `key`, of whatever version, or None."""
        with self._lock:
            found = self._kept.get(key)
            if found:
                self._kept.move_to_end(key)
            return found

    def put(self, key: Hashable, version: str | None, body: bytes) -> None:
        """Keep the document in place of the one before, unless it has no version or is too large."""
        with self._lock:
            self._drop(self._kept.pop(key, None))
            if version is None or len(body) > MAX_DOCUMENT_BYTES:
                return
            self._kept[key] = Versioned(version, body)
            self._bytes += len(body)
            while self._bytes > MAX_BYTES:
                self._drop(self._kept.popitem(last=False)[1])

    def _drop(self, document: Versioned | None) -> None:
        if document:
            self._bytes -= len(document.body)
