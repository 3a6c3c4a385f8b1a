"""Documents that are kept in this process under a version, for those who can ask the database for the version alone."""

from __future__ import annotations

import threading
import zlib
from collections import OrderedDict
from collections.abc import Hashable
from typing import NamedTuple

MAX_DOCUMENT_BYTES = 256 * 1024  # one with many pictures would drive out all the others
ENTRY_BYTES = 500  # that one takes besides, with its key
COMPRESSED_BYTES = 32 * 1024  # documents of so many are kept compressed, to a tenth or less in some 50 µs


class Versioned(NamedTuple):
    """A document and its version."""

    version: str
    stored: bytes
    is_compressed: bool = False

    @property
    def body(self) -> bytes:
        """The document as it is sent."""
        return zlib.decompress(self.stored) if self.is_compressed else self.stored


class DocumentCache:
    """The documents used last, of `max_bytes` at most. For any number of threads."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
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
        if version is None or len(body) > MAX_DOCUMENT_BYTES:
            with self._lock:
                self._drop(self._kept.pop(key, None))
            return
        is_compressed = len(body) >= COMPRESSED_BYTES
        stored = zlib.compress(body, level=1) if is_compressed else body
        with self._lock:
            self._drop(self._kept.pop(key, None))
            self._kept[key] = Versioned(version, stored, is_compressed)
            self._bytes += ENTRY_BYTES + len(stored)
            while self._bytes > self._max_bytes:
                self._drop(self._kept.popitem(last=False)[1])

    def _drop(self, document: Versioned | None) -> None:
        if document:
            self._bytes -= ENTRY_BYTES + len(document.stored)
