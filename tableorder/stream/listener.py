"""LISTEN on the event loop: hears which store has news, for as long as it takes, over any number of connections."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import Executor
from contextlib import closing

import psycopg2
from psycopg2 import extensions

from tableorder.database.deadlines import deadline
from tableorder.database.hosts import Hosts

logger = logging.getLogger(__name__)

CHANNEL = "tableorder_events"
CONNECT_TIMEOUT = 3.0  # seconds
RECONNECT_AFTER = 0.5  # seconds


class Listener:
    """Calls `on_news` with each store that has news, and with None after each connect: there may be any.

    A notification is a hint, no more: who relies on it looks into the log by itself now and then.
    """

    def __init__(self, dsn: str, executor: Executor, on_news: Callable[[int | None], None]) -> None:
        self._hosts = Hosts(dsn)
        self._executor = executor
        self._on_news = on_news

    async def run(self) -> None:
        """Listen until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            try:
                connection = await loop.run_in_executor(self._executor, self._connect)
            except psycopg2.Error as error:
                logger.warning("cannot listen: %s", str(error).strip())
            else:
                with closing(connection):
                    self._on_news(None)
                    await self._hear(connection)
                logger.warning("the listening connection was lost")
            await asyncio.sleep(RECONNECT_AFTER)

    def _connect(self) -> extensions.connection:
        with deadline(CONNECT_TIMEOUT):
            connection: extensions.connection = self._hosts.connect(
                CONNECT_TIMEOUT,
                application_name="tableorder stream",
                target_session_attrs="read-write",  # a standby knows no LISTEN
                keepalives_idle=10,
                keepalives_interval=5,
                keepalives_count=3,
            )
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(f"LISTEN {CHANNEL}")
        return connection

    async def _hear(self, connection: extensions.connection) -> None:
        """Return when the connection is lost."""
        loop = asyncio.get_running_loop()
        lost = loop.create_future()
        descriptor = connection.fileno()

        def read() -> None:
            try:
                connection.poll()
            except psycopg2.Error:
                loop.remove_reader(descriptor)
                lost.set_result(None)
                return
            stores = {notify.payload for notify in connection.notifies}
            connection.notifies.clear()
            for store in stores:
                if store.isascii() and store.isdigit():
                    self._on_news(int(store))

        loop.add_reader(descriptor, read)
        try:
            await lost
        finally:
            loop.remove_reader(descriptor)
