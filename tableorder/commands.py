"""What all commands share: the checkout's path, the error that ends a command with a message, signals."""

from __future__ import annotations

import signal
from pathlib import Path
from types import FrameType

CHECKOUT = Path(__file__).resolve().parents[1]


class SetupError(Exception):
    """The environment does not allow it; the message says what to do."""


def stop_when_told() -> None:
    """Let SIGTERM and SIGHUP do what Ctrl-C does: end this process when it has stopped what it started."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, stop)
