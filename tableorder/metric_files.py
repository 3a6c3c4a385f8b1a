"""Files for the figures of prometheus-client, with room reserved on the disk.

The library writes to its files through memory and reserves no room. On a full disk such a write ends the process with
SIGBUS. Here a figure without room is not counted, and the service goes on.
"""

from __future__ import annotations

import logging
import os
from contextlib import suppress

from prometheus_client import values
from prometheus_client.mmap_dict import _INITIAL_MMAP_SIZE, MmapedDict

logger = logging.getLogger(__name__)

ENTRY = 32  # bytes of an entry at most, beside its key


class NotKept:
    """Values of this process alone. Nobody reads them."""

    def __init__(self) -> None:
        self._values: dict[str, tuple[float, float]] = {}

    def read_value(self, key: str) -> tuple[float, float]:
        """The value and its time."""
        return self._values.get(key, (0.0, 0.0))

    def write_value(self, key: str, value: float, timestamp: float) -> None:
        """Set both."""
        self._values[key] = value, timestamp

    def close(self) -> None:
        """There is nothing to close."""


class ReservedFile(MmapedDict):
    """The library's file, which grows only where there is room; further values are not kept."""

    def __init__(self, filename: str) -> None:
        """Raises OSError if there is no room."""
        if not os.path.exists(filename):
            _make(filename)
        super().__init__(filename)  # type: ignore[no-untyped-call]
        self._others = NotKept()
        self._is_full = False

    def read_value(self, key: str) -> tuple[float, float]:
        """The value and its time; 0 if it is new."""
        if self._has(key):
            found: tuple[float, float] = super().read_value(key)  # type: ignore[no-untyped-call]
            return found
        return self._others.read_value(key)

    def write_value(self, key: str, value: float, timestamp: float) -> None:
        """Set both."""
        if self._has(key):
            super().write_value(key, value, timestamp)  # type: ignore[no-untyped-call]
        else:
            self._others.write_value(key, value, timestamp)

    def _has(self, key: str) -> bool:
        """Tell whether the file has the key, or room for it."""
        if key in self._positions:
            return True
        needed, capacity = self._used + len(key.encode()) + ENTRY, self._capacity
        while capacity < needed:
            capacity *= 2
        return capacity == self._capacity or self._reserve(capacity)

    def _reserve(self, capacity: int) -> bool:
        """Let the file grow; False if the disk is full, which is logged once and not tried again."""
        if not self._is_full:
            try:
                os.posix_fallocate(self._f.fileno(), 0, capacity)
            except OSError as error:
                self._is_full = True
                _say(self._fname, error)
        return not self._is_full


def open_file(filename: str) -> ReservedFile | NotKept:
    """A file for the values of one kind, or what stands in for it where there is no room."""
    try:
        return ReservedFile(filename)
    except OSError as error:
        _say(filename, error)
        return NotKept()


def install() -> None:
    """Let the library use these files; before the first figure is made."""
    values.MmapedDict = open_file  # type: ignore[assignment, attr-defined]


def _make(filename: str) -> None:
    """Make the file under another name first: the reader of all files must find no empty one."""
    draft = f"{filename}.new"
    try:
        with open(draft, "wb") as file:
            os.posix_fallocate(file.fileno(), 0, _INITIAL_MMAP_SIZE)
        os.rename(draft, filename)
    except OSError:
        with suppress(OSError):
            os.unlink(draft)
        raise


def _say(filename: str, error: OSError) -> None:
    logger.warning("%s: %s; what would be in it is not counted", filename, error.strerror)
