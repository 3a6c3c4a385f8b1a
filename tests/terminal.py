"""A terminal, with a command in it, as a person sits before it."""

from __future__ import annotations

import codecs
import errno
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.management.running import CHECKOUT

ESCAPES = re.compile(r"\x1b(\[[0-9;?]*[a-zA-Z]|[=>])")  # what colours, moves the cursor, and the like
CTRL_C, CTRL_D = "\x03", "\x04"


class Terminal:
    """A command on a pseudo-terminal of its own, which it controls, of so many columns."""

    def __init__(
        self, command: Sequence[str | Path], *, env: Mapping[str, str], columns: int = 100, cwd: Path = CHECKOUT
    ) -> None:
        self.raw = ""
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        self._parent, child = pty.openpty()
        fcntl.ioctl(child, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
        self._process = subprocess.Popen(
            command,
            cwd=cwd,
            env={"TERM": "xterm", **env},
            stdin=child,
            stdout=child,
            stderr=child,
            start_new_session=True,
            preexec_fn=_take_the_terminal,
        )
        os.close(child)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._parent)

    @property
    def shown(self) -> str:
        """All that was shown, without colours and the like."""
        return ESCAPES.sub("", self.raw).replace("\r\n", "\n")

    @property
    def status(self) -> int:
        """How the command ended."""
        return self._process.wait(60)

    def type(self, text: str) -> None:
        os.write(self._parent, text.encode())

    def wait_for(self, text: str, seconds: float = 30) -> None:
        """Until the text is shown."""
        ends = time.monotonic() + seconds
        while text not in self.shown:
            assert self._read(ends - time.monotonic()), f"{text!r} does not show:\n{self.shown}"

    def read_to_the_end(self, seconds: float = 60) -> str:
        """All that is shown until the command ends."""
        ends = time.monotonic() + seconds
        while self._read(ends - time.monotonic()):
            pass
        return self.shown

    def _read(self, seconds: float) -> bool:
        """Take what comes next; False at the end. Fails if nothing comes."""
        assert select.select([self._parent], [], [], max(seconds, 0))[0], f"nothing came after:\n{self.shown}"
        try:
            part = os.read(self._parent, 65536)
        except OSError as error:
            if error.errno != errno.EIO:  # Linux says so when nobody has the other side any longer
                raise
            return False
        self.raw += self._decoder.decode(part)  # which keeps the beginning of a character for the next part
        return bool(part)


def _take_the_terminal() -> None:
    """Be whom it talks to, and whom Ctrl-C interrupts, though the tests themselves may run where that is ignored."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    signal.signal(signal.SIGINT, signal.default_int_handler)
