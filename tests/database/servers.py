"""PostgreSQL servers that a test may break, and a network to them that it may cut."""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from tableorder.database.embedded import EmbeddedServer


class Server:
    """A server of the test's own, on TCP as in production, with the application's role in it."""

    def __init__(self, directory: Path) -> None:
        self.embedded = EmbeddedServer(directory)
        self.port = free_port()
        self.start()

    def start(self) -> None:
        self.embedded.start([f"port={self.port}", "listen_addresses=127.0.0.1"])

    def stop(self, mode: str = "immediate") -> None:
        self.embedded.stop(mode)

    def url(self, port: int | None = None, database: str = "postgres") -> str:
        return f"postgresql://postgres@127.0.0.1:{port or self.port}/{database}"

    def processes(self) -> list[psutil.Process]:
        """The postmaster, then its children."""
        postmaster = psutil.Process(int((self.embedded.data / "postmaster.pid").read_text().split()[0]))
        return [postmaster, *postmaster.children(recursive=True)]

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Nothing in the server moves; the kernel still accepts connections for it."""
        stopped = self.processes()
        for process in stopped:
            os.kill(process.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for process in stopped:
                os.kill(process.pid, signal.SIGCONT)

    def close(self) -> None:
        self.embedded.release()


class Network:
    """A TCP proxy to a server: `cut` makes it swallow all that is sent, without a word, as a dead network does."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._open = threading.Event()
        self._open.set()
        self._delay = 0.0
        self._ends: list[socket.socket] = []
        self.connections = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    @contextmanager
    def cut(self) -> Iterator[None]:
        self._open.clear()
        try:
            yield
        finally:
            self._open.set()

    @contextmanager
    def delayed(self, seconds: float) -> Iterator[None]:
        """Whatever is sent takes so much longer, in each direction."""
        self._delay = seconds
        try:
            yield
        finally:
            self._delay = 0.0

    def close(self) -> None:
        self._open.set()
        for end in [self._listener, *self._ends]:
            end.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        self._open.wait()
        try:
            server = socket.create_connection(("127.0.0.1", self._target))
        except OSError:
            client.close()
            return
        self._ends += [client, server]
        threading.Thread(target=self._pump, args=(client, server), daemon=True).start()
        self._pump(server, client)

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        try:
            while data := source.recv(65536):
                self._open.wait()
                time.sleep(self._delay)
                sink.sendall(data)
        except OSError:
            pass
        finally:
            for end in (source, sink):
                try:
                    end.shutdown(socket.SHUT_RDWR)
                except OSError:
                    continue


_reserved: list[socket.socket] = []


def free_port() -> int:
    """A port of 127.0.0.1 for a server of this process's, which may stop and start: nobody else is given it meanwhile.

    A socket stays bound to it and does not listen. Linux lets a server, which sets SO_REUSEADDR, listen beside it, and
    takes it neither for who asks for any port nor for the near end of a connection, of which the tests make many.
    """
    probe = socket.socket()
    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    probe.bind(("127.0.0.1", 0))
    port = probe.getsockname()[1]
    if sys.platform == "linux":
        _reserved.append(probe)
    else:
        probe.close()
    return port
