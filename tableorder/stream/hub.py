"""How an event gets from the log to the streams of its store.

A notification, or a look at the log once a second, says that a store has news. Its feed then reads them, once for all
of its streams, and wakes these. Each stream takes what comes after its own position: from the feed, or from the log if
it is so far behind that the feed has let go of it. So nothing depends on who was awake when.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import time
from collections import deque
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, TypeVar

from tableorder.config import Config
from tableorder.database.connection import Connection, Database
from tableorder.domain.errors import TooManyStreams, Unavailable
from tableorder.domain.identities import AdminIdentity, TableIdentity
from tableorder.http.tokens import Bearer
from tableorder.repositories.events import EventRepository
from tableorder.stream import metrics, wire
from tableorder.stream.listener import Listener
from tableorder.stream.wire import Frame

logger = logging.getLogger(__name__)

T = TypeVar("T")

THREADS = 4  # that talk to the database; a stream needs them only to start and to catch up
BATCH = 500  # events that are read at once
KEPT = 1000  # events that a feed keeps
TICK = 0.25  # seconds between two looks at the clock
LOOK = 1.0  # seconds between two looks at the log
PRUNE = 600.0  # seconds between two prunings
PRUNE_BATCH = 5000  # events


class Stream:
    """One open stream: whose it is, how far it has come, and the bell that wakes it."""

    def __init__(self, feed: Feed, bearer: Bearer) -> None:
        self.feed = feed
        self.bearer = bearer
        self.position = 0
        self.woken = asyncio.Event()
        self.written_at = time.monotonic()

    def sees(self, frame: Frame) -> bool:
        """Whether the event is for this stream's owner: a table sees its own session, and that the menu changed."""
        identity = self.bearer.identity
        if isinstance(identity, AdminIdentity):
            return True
        return frame.session_id == identity.session_id or frame.event_type == "menu_changed"


class Feed:
    """The latest events of a store, and the streams that are open on it."""

    def __init__(self, store_id: int) -> None:
        self.store_id = store_id
        self.streams: set[Stream] = set()
        self.head: int | None = None  # the id up to which the log was read; None before the first time
        self.stale = False
        self.reading = False
        self._tail = 0  # the id after which all events up to the head are here
        self._frames: deque[Frame] = deque()

    def start_at(self, position: int) -> None:
        """Keep what comes after `position`."""
        self.head = self._tail = position

    def append(self, frames: list[Frame]) -> None:
        """Keep the next events; let go of those that all streams have taken, and of the oldest if they are too many."""
        taken = min((stream.position for stream in self.streams), default=0)
        self._frames.extend(frames)
        if frames:
            self.head = frames[-1].event_id
        while self._frames and (self._frames[0].event_id <= taken or len(self._frames) > KEPT):
            self._tail = self._frames.popleft().event_id

    def after(self, position: int) -> list[Frame] | None:
        """The events after `position`, as far as they are known; None if that is too far back for this feed."""
        if self.head is None or position < self._tail:
            return None
        newest_first = itertools.takewhile(lambda frame: frame.event_id > position, reversed(self._frames))
        return list(newest_first)[::-1]

    def wake(self) -> None:
        """Let every stream look again."""
        for stream in self.streams:
            stream.woken.set()


class Hub:
    """All feeds of this process."""

    def __init__(self, config: Config) -> None:
        self._settings = config.streams
        self._database = Database(config.pool, echo=config.logs.echo, slow=config.logs.slow_statement)
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="database")
        # Of its own: what it waits for must not wait for the streams' statements.
        self._listener = Listener(self._settings.listen_dsn, ThreadPoolExecutor(1), self._on_news)
        self._feeds: dict[int, Feed] = {}
        self._streams = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self.is_closing = False

    @contextmanager
    def join(self, bearer: Bearer) -> Iterator[Stream]:
        """A place among the open streams. Raises TooManyStreams."""
        store_id = bearer.identity.store_id
        feed = self._feeds.get(store_id) or Feed(store_id)
        if self._streams >= self._settings.total or len(feed.streams) >= self._settings.per_store:
            metrics.REFUSED.inc()
            raise TooManyStreams
        stream = Stream(feed, bearer)
        self._feeds[store_id] = feed
        self._streams += 1
        metrics.OPEN.set(self._streams)
        feed.streams.add(stream)
        if feed.head is None:
            self._read_news(feed)
        try:
            yield stream
        finally:
            self._streams -= 1
            metrics.OPEN.set(self._streams)
            feed.streams.discard(stream)
            if not feed.streams:
                self._feeds.pop(store_id, None)

    async def begin(self, stream: Stream, last_event_id: int | None) -> bytes:
        """What the stream begins with; it goes on after the position that this sets. Raises Unavailable."""
        if last_event_id is not None and await self._can_resume(stream, last_event_id):
            stream.position = last_event_id
            return b""
        store_id, identity = stream.feed.store_id, stream.bearer.identity
        if isinstance(identity, TableIdentity):
            table = identity
            snapshot = await self.ask(store_id, lambda c: EventRepository(c).snapshot_of_session(table=table))
        else:
            snapshot = await self.ask(store_id, lambda c: EventRepository(c).snapshot_of_store(store_id=store_id))
        stream.position = snapshot.position
        return wire.initial(snapshot)

    async def news(self, stream: Stream) -> list[Frame]:
        """The next events after the stream's position, other people's among them; empty if there is none now."""
        frames = stream.feed.after(stream.position)
        if frames is None:
            try:
                frames = await self._read(stream.feed.store_id, stream.position)
            except Unavailable:
                asyncio.get_running_loop().call_later(LOOK, stream.woken.set)
                return []
        return frames

    def ending(self, stream: Stream) -> str | None:
        """Why the stream has to end now, if it has to."""
        if self.is_closing:
            return "shutdown"
        if stream.bearer.expires <= time.time():
            return "token_expired"
        return None

    def is_silent(self, stream: Stream) -> bool:
        """Whether it is time for a heartbeat."""
        return time.monotonic() - stream.written_at >= self._settings.heartbeat

    async def ask(self, store_id: int | None, question: Callable[[Connection], T]) -> T:
        """What `question` answers, asked in another thread. Raises the errors of tableorder.domain.errors."""

        def work() -> T:
            with self._database.connect(store_id) as connection:
                return question(connection)

        return await asyncio.get_running_loop().run_in_executor(self._threads, work)

    async def run(self, is_alive: Callable[[], bool]) -> None:
        """Keep the feeds going until `is_alive` says no; then let all streams end."""
        for work in (self._listener.run, self._look_around, self._prune):
            self._start(self._keep_up(work))
        while is_alive():
            await asyncio.sleep(TICK)
            for feed in self._feeds.values():
                for stream in feed.streams:
                    if self.is_silent(stream) or self.ending(stream):
                        stream.woken.set()
        self.is_closing = True
        for feed in self._feeds.values():
            feed.wake()
        for task in self._tasks:
            task.cancel()

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _keep_up(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Do what has no end, and begin anew if an error ends it: without it the feeds would fall silent one day."""
        while True:
            try:
                await work()
            except Exception:
                logger.exception("the live feed goes on after an error")
                await asyncio.sleep(LOOK)

    def _on_news(self, store_id: int | None) -> None:
        feeds = list(self._feeds.values()) if store_id is None else [self._feeds.get(store_id)]
        for feed in feeds:
            if feed is not None:
                self._read_news(feed)

    def _read_news(self, feed: Feed) -> None:
        feed.stale = True
        if not feed.reading:
            feed.reading = True
            self._start(self._refresh(feed))

    async def _refresh(self, feed: Feed) -> None:
        """Read what the feed does not have yet, and once more if there was news meanwhile."""
        store_id = feed.store_id
        try:
            while feed.stale:
                feed.stale = False
                if feed.head is None:
                    feed.start_at(await self.ask(store_id, lambda c: EventRepository(c).position(store_id=store_id)))
                else:
                    frames = await self._read(store_id, feed.head)
                    feed.append(frames)
                    feed.stale = feed.stale or len(frames) == BATCH
                feed.wake()
        except Unavailable:
            logger.warning("the feed of store %d waits for the database", store_id)
        finally:
            feed.reading = False

    async def _read(self, store_id: int, position: int) -> list[Frame]:
        def read(connection: Connection) -> list[Frame]:
            events = EventRepository(connection).list_after(store_id=store_id, event_id=position, limit=BATCH)
            return [wire.frame(event) for event in events]

        return await self.ask(store_id, read)

    async def _can_resume(self, stream: Stream, event_id: int) -> bool:
        store_id = stream.feed.store_id
        return await self.ask(store_id, lambda c: EventRepository(c).can_resume(store_id=store_id, event_id=event_id))

    async def _look_around(self) -> None:
        """Notice what no notification told of."""
        while True:
            await asyncio.sleep(LOOK)
            try:
                latest = await self._latest(list(self._feeds))
            except Unavailable:
                continue
            for store_id, event_id in latest.items():
                feed = self._feeds.get(store_id)
                if feed is not None and (feed.head is None or feed.head < event_id):
                    self._read_news(feed)

    async def _latest(self, store_ids: list[int]) -> dict[int, int]:
        return await self.ask(None, lambda c: EventRepository(c).latest(store_ids=store_ids))

    async def _prune(self) -> None:
        """Let old events go, a batch at a time."""
        older_than = timedelta(seconds=self._settings.event_retention)
        while True:
            try:
                pruned = await self.ask(
                    None, lambda c: EventRepository(c).prune(older_than=older_than, at_most=PRUNE_BATCH)
                )
            except Unavailable:
                pruned = 0
            await asyncio.sleep(0 if pruned == PRUNE_BATCH else PRUNE)
