"""Programs in a pipe: none outlives the block that it was started in, and each says why it failed."""

from __future__ import annotations

import subprocess
import threading
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from types import TracebackType
from typing import IO, Self

from tableorder.backups import BackupError

LAST_LINES = 50  # of what a program had to say
ENDING = 0.5  # seconds between the moment in which a program closes its pipes and its end


class Process:
    """A running program. What it says on standard error is kept in memory: it may quote rows, which stay off disks."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        environment: Mapping[str, str],
        stdin: int | IO[bytes] = subprocess.DEVNULL,
        stdout: int | IO[bytes] = subprocess.DEVNULL,
    ) -> None:
        self._name = command[0].rpartition("/")[2]
        try:
            self._process = subprocess.Popen(
                command, env=dict(environment), stdin=stdin, stdout=stdout, stderr=subprocess.PIPE
            )
        except OSError as error:
            raise BackupError(f"cannot run {command[0]}: {error.strerror}") from None
        self._said: deque[str] = deque(maxlen=LAST_LINES)
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.kill()

    @property
    def stdin(self) -> IO[bytes]:
        assert self._process.stdin is not None  # noqa: S101 - a mistake of the caller's
        return self._process.stdin

    @property
    def stdout(self) -> IO[bytes]:
        assert self._process.stdout is not None  # noqa: S101
        return self._process.stdout

    def write(self, data: bytes) -> None:
        """Hand on data. Raises BackupError if the program has ended."""
        try:
            self.stdin.write(data)
            self.stdin.flush()
        except BrokenPipeError:
            self._process.wait()
            raise self._failure() from None

    def finish(self) -> None:
        """Say that there is no more, and wait for the end. Raises BackupError if that is a failure."""
        if self._process.stdin:
            with suppress(BrokenPipeError):  # its exit status says more
                self._process.stdin.close()
        if self._process.wait():
            raise self._failure()

    def raise_if_failed(self) -> None:
        """Raises BackupError if the program has failed, or does so at this moment."""
        try:
            failed = self._process.wait(ENDING)
        except subprocess.TimeoutExpired:
            return
        if failed:
            raise self._failure()

    def kill(self) -> None:
        """End it at once, whatever it does."""
        self._process.kill()
        self._process.wait()
        self._listener.join(1)
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe:
                with suppress(BrokenPipeError):
                    pipe.close()

    def _listen(self) -> None:
        assert self._process.stderr is not None  # noqa: S101
        with self._process.stderr as lines:
            for line in lines:
                if text := line.decode(errors="replace").strip():
                    self._said.append(text)

    def _failure(self) -> BackupError:
        self._listener.join(1)
        errors = [line for line in self._said if "error:" in line.lower()]  # hints and the like come after it
        said = (errors or list(self._said) or [f"exit status {self._process.returncode}"])[-1]
        return BackupError(f"{self._name} failed: {said}")
