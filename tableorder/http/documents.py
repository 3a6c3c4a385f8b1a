"""Documents that are kept in this process under a version, for those who can ask the database for the version alone."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable
from typing import NamedTuple

MOST_BYTES = 16 * 1024 * 1024
LARGEST = 256 * 1024  # bytes; one with many pictures would drive out all the others


class Versioned(NamedTuple):
    """A document as it is sent, and its version."""

    version: str
    body: bytes


class DocumentCache:
    """The documents used last, `MOST_BYTES` of them at most. For any number of threads."""

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

    def put(self, key: Hashable, document: Versioned) -> None:
        """Keep the document in place of the one before, unless it is too large."""
        with self._lock:
            self._drop(self._kept.pop(key, None))
            if len(document.body) > LARGEST:
                return
            self._kept[key] = document
            self._bytes += len(document.body)
            while self._bytes > MOST_BYTES:
                self._drop(self._kept.popitem(last=False)[1])

    def _drop(self, document: Versioned | None) -> None:
        if document:
            self._bytes -= len(document.body)
