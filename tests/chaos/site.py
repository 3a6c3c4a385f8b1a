"""What is attacked: a PostgreSQL on TCP, the API with several workers and the live feed, all of its own."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg2

from tableorder.database.migrations import apply_pending
from tests.api.server import Server, StreamServer
from tests.database.embedded import memory
from tests.database.servers import Network
from tests.database.servers import Server as Postgres


@dataclass(frozen=True)
class Site:
    """The processes; the API and the feed reach PostgreSQL through `network`, `url` leads to it directly."""

    postgres: Postgres
    network: Network
    url: str
    api: Server
    stream: StreamServer

    def query(self, statement: str, parameters: Mapping[str, object] | None = None) -> list[tuple[Any, ...]]:
        """Run one statement as a superuser and commit."""
        with closing(psycopg2.connect(self.url)) as connection, connection, connection.cursor() as cursor:
            cursor.execute(statement, parameters)
            return cursor.fetchall() if cursor.description else []


@contextmanager
def folder_in_memory() -> Iterator[Path]:
    """A folder for PostgreSQL's data where a commit does not wait for a disk, if there is room in memory."""
    with tempfile.TemporaryDirectory(prefix="tableorder-chaos-", dir=memory()) as name:
        Path(name).chmod(0o755)  # for PostgreSQL's user
        yield Path(name)


@contextmanager
def opened_site(*, workers: int = 2, folder: Path | None = None, **settings: str) -> Iterator[Site]:
    """A site, ready; its data is in `folder`, or in one that is gone afterwards."""
    with ExitStack() as stack:
        logs = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tableorder-chaos-")))
        logs.chmod(0o755)  # for PostgreSQL's user
        postgres = Postgres((folder or logs) / "postgres")
        stack.callback(postgres.close)
        network = Network(postgres.port)
        stack.callback(network.close)
        apply_pending(postgres.url())
        url = postgres.url(network.port)
        environment = {"WEB_CONCURRENCY": str(workers), "LOG_LEVEL": "warning", **settings}
        api = Server(url, logs / "api.log", **environment)
        stack.callback(api.stop)
        stream = StreamServer(url, logs / "stream.log", **environment)
        stack.callback(stream.stop)
        yield Site(postgres, network, postgres.url(), api.wait_until_ready(), stream.wait_until_ready())
