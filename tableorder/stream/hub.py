"""Carries events from the log to the streams of their store.

A notification, or a look at the log once a second, says that a store has new events. The store's feed reads them once
for all of its streams and wakes the streams. Each stream takes the events after its own position: from the feed, or
from the log if the feed no longer keeps them. So a stream that wakes late misses nothing.

Stores do not hold each other up. New events are read by separate threads, which streams that begin or catch up cannot
delay. For such streams, each store uses one thread at a time and has a bounded number of bytes in flight.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import time
from collections import Counter, deque
from collections.abc import Callable, Coroutine, Hashable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Any, TypeVar
from weakref import WeakValueDictionary

from tableorder.config import Config
from tableorder.database.connection import Check, Connection, Database
from tableorder.domain.errors import SessionEnded, TooManyStreams, Unavailable
from tableorder.domain.identities import AdminIdentity, TableIdentity
from tableorder.housekeeping.runner import Housekeeper
from tableorder.http import sse
from tableorder.http.sse import Frame
from tableorder.http.tokens import Bearer
from tableorder.repositories.dayparts import DaypartRepository
from tableorder.repositories.events import EventRepository, Snapshot
from tableorder.repositories.tickets import TicketRepository
from tableorder.repositories.tokens import check_of, run_check
from tableorder.stream import metrics
from tableorder.stream.listener import Listener

logger = logging.getLogger(__name__)

T = TypeVar("T")

THREADS = 4  # that ask the database for streams that begin or catch up
NEWS_THREADS = 2  # that read what is new
BATCH = 100  # events that are read at once
BATCH_BYTES = 64 * 1024  # of them as they are stored, which is compressed: some 400 KiB as they are sent
KEPT = 1000  # events that a feed keeps
KEPT_BYTES = 1024 * 1024
WRITE_BYTES = 256 * 1024  # of these that are written at once, if it is more than one event
IN_FLIGHT = 8 * 1024 * 1024  # bytes that a store's streams have not taken yet, past which none catches up
COUNTERS_SHARE = 10  # one in so many of all streams is for counters alone
TICK = 0.25  # seconds between two looks at the clock
LOOK = 1.0  # seconds between two looks at the log
HOUSEKEEPING = 60.0  # seconds between two rounds


class Stream:
    """One open stream: whose it is, how far it has come, and the bell that wakes it."""

    def __init__(self, feed: Feed, bearer: Bearer) -> None:
        self.feed = feed
        self.bearer = bearer
        self.position = 0
        self.is_over = False  # its session has ended, and it was told so
        self.is_revoked = False
        self.woken = asyncio.Event()
        self.written_at = time.monotonic()

    def take(self, frames: list[Frame]) -> list[bytes]:
        """Move past these events, and return the texts to send."""
        self.position = frames[-1].event_id
        while_good = [*itertools.takewhile(lambda frame: not frame.revokes(self.bearer.identity.grant), frames)]
        self.is_revoked = self.is_revoked or len(while_good) < len(frames)
        seen = [frame for frame in while_good if self.sees(frame)]
        is_table = isinstance(self.bearer.identity, TableIdentity)
        self.is_over = is_table and any(frame.event_type == "session_ended" for frame in seen)
        return [self.show(frame.text) for frame in seen]

    def show(self, text: bytes) -> bytes:
        """The text as the stream's owner may see it: the kitchen sees no money."""
        identity = self.bearer.identity
        is_kitchen = isinstance(identity, AdminIdentity) and identity.role == "kitchen"
        return sse.hide_money(text) if is_kitchen else text

    def sees(self, frame: Frame) -> bool:
        """Whether the event is for this stream's owner: a table sees its own session, and that the menu changed."""
        identity = self.bearer.identity
        if frame.revoked is not None:
            return False
        if isinstance(identity, AdminIdentity):
            return True
        return frame.session_id == identity.session_id or frame.event_type == "menu_changed"


class InFlight:
    """The bytes that were sent and not taken yet."""

    def __init__(self) -> None:
        self._bytes = 0
        self._few = asyncio.Event()
        self._few.set()

    @contextmanager
    def holding(self, count: int) -> Iterator[None]:
        """Add `count` bytes inside the `with` block."""
        self._add(count)
        try:
            yield
        finally:
            self._add(-count)

    async def wait_until_few(self) -> None:
        """Return once there is room for more."""
        await self._few.wait()

    def _add(self, count: int) -> None:
        self._bytes += count
        if self._bytes < IN_FLIGHT:
            self._few.set()
        else:
            self._few.clear()


class Feed:
    """The latest events of a store, and the streams that are open on it."""

    def __init__(self, store_id: int) -> None:
        self.store_id = store_id
        self.streams: set[Stream] = set()
        self.admin_streams = 0
        self.table_streams: Counter[int] = Counter()  # by table, those with one at least
        self.in_flight = InFlight()
        self.opening: asyncio.Task[tuple[int, bytes]] | None = None  # a look at the store that has not begun yet
        self.head: int | None = None  # the id up to which the log was read; None before the first time
        self.stale = False
        self.reading = False
        self.announcing = False
        self._tail = 0  # the id after which all events up to the head are here
        self._frames: deque[Frame] = deque()
        self._bytes = 0

    def add(self, stream: Stream) -> None:
        """Give the stream a place."""
        self.streams.add(stream)
        if isinstance(stream.bearer.identity, TableIdentity):
            self.table_streams[stream.bearer.identity.table_id] += 1
        else:
            self.admin_streams += 1

    def remove(self, stream: Stream) -> None:
        """Take its place away."""
        self.streams.discard(stream)
        if isinstance(stream.bearer.identity, TableIdentity):
            self.table_streams -= Counter((stream.bearer.identity.table_id,))  # which leaves no zeros
        else:
            self.admin_streams -= 1

    def start_at(self, position: int) -> None:
        """Keep what comes after `position`."""
        self.head = self._tail = position

    def append(self, frames: list[Frame]) -> None:
        """Keep the next events. Drop the events that all streams have taken, and the oldest if there are too many."""
        taken = min((stream.position for stream in self.streams), default=0)
        for frame in frames:
            if frame.revoked is not None:
                self._revoke(frame)
        self._frames.extend(frames)
        self._bytes += _size(frames)
        if frames:
            self.head = frames[-1].event_id
        while self._frames and (self._frames[0].event_id <= taken or self._is_too_much()):
            oldest = self._frames.popleft()
            self._bytes -= len(oldest.text)
            self._tail = oldest.event_id

    def _revoke(self, frame: Frame) -> None:
        """Have the streams of these tokens end, however far behind they are."""
        for stream in self.streams:
            stream.is_revoked = stream.is_revoked or frame.revokes(stream.bearer.identity.grant)

    def _is_too_much(self) -> bool:
        """One event is not too much, whatever its size."""
        return len(self._frames) > KEPT or (self._bytes > KEPT_BYTES and len(self._frames) > 1)

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
        self._limits = config.limits
        self._database = Database(config.pool, echo=config.logs.echo, slow=config.logs.slow_statement)
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="database")
        self._news_threads = ThreadPoolExecutor(NEWS_THREADS, thread_name_prefix="news")
        self._housekeeping_thread = ThreadPoolExecutor(1, thread_name_prefix="housekeeping")
        self._housekeeper = Housekeeper(
            self._database,
            event_retention=self._settings.event_retention,
            login_window=config.login_limits.window,
            audit_days=config.audit_retention_days,
            on_pruned=metrics.count_pruned,
            is_closing=lambda: self.is_closing,
        )
        self._turns: WeakValueDictionary[Hashable, asyncio.Lock] = WeakValueDictionary()
        # Of its own: what it waits for must not wait for the streams' statements.
        self._listener = Listener(self._settings.listen_dsn, ThreadPoolExecutor(1), self._on_news)
        self._feeds: dict[int, Feed] = {}
        self._streams = 0
        self._table_streams = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self.is_closing = False

    @contextmanager
    def join(self, bearer: Bearer) -> Iterator[Stream]:
        """A place among the open streams. Raises TooManyStreams."""
        store_id = bearer.identity.store_id
        feed = self._feeds.get(store_id) or Feed(store_id)
        if self._is_full(feed, bearer):
            metrics.REFUSED.inc()
            raise TooManyStreams
        stream = Stream(feed, bearer)
        self._feeds[store_id] = feed
        is_table = isinstance(bearer.identity, TableIdentity)
        self._count(1, is_table)
        feed.add(stream)
        if feed.head is None:
            self._read_news(feed)
        try:
            yield stream
        finally:
            self._count(-1, is_table)
            feed.remove(stream)
            if not feed.streams:
                self._feeds.pop(store_id, None)

    def _is_full(self, feed: Feed, bearer: Bearer) -> bool:
        """Tell whether no place is left for another stream. Tables never take the counters' places."""
        limits, total = self._limits, self._settings.total
        if not isinstance(bearer.identity, TableIdentity):
            return self._streams >= total or _reached(feed.admin_streams, limits.store_admin_streams)
        return (
            self._streams >= total
            or self._table_streams >= total - total // COUNTERS_SHARE
            or _reached(feed.table_streams[bearer.identity.table_id], limits.table_streams)
            or _reached(feed.table_streams.total(), limits.store_table_streams)
        )

    def _count(self, change: int, is_table: bool) -> None:
        self._streams += change
        self._table_streams += change if is_table else 0
        metrics.OPEN.set(self._streams)

    async def require_good(self, bearer: Bearer) -> None:
        """Raises TokenRevoked, SessionEnded for a table whose session is over, Unavailable."""
        identity = bearer.identity

        def ask(connection: Connection) -> bool:
            if isinstance(identity, TableIdentity):
                return EventRepository(connection).is_session_active(table=identity)
            run_check(connection)
            return True

        if not await self.ask(identity.store_id, ask, check_of(identity.grant)):
            raise SessionEnded

    async def redeem(self, store_id: int, ticket: str) -> dict[str, Any] | None:
        """The claims that the ticket stands for, None if it is not valid. Raises Unavailable.

        Anybody may try tickets, so they wait for each other and not for the store's streams.
        """
        async with self._turn(("tickets", store_id)):
            return await self._run(self._threads, store_id, lambda c: TicketRepository(c).redeem(ticket=ticket))

    async def begin(self, stream: Stream, last_event_id: int | None) -> bytes:
        """What the stream begins with; it goes on after the position that this sets.

        Raises Unavailable, SessionEnded, TokenRevoked.
        """
        feed, beginning = stream.feed, b""
        if last_event_id is not None and await self._can_resume(stream, last_event_id):
            stream.position = last_event_id
        else:
            await feed.in_flight.wait_until_few()
            stream.position, beginning = await self._look_at(stream)
        await self.require_good(stream.bearer)  # what ends it later is an event after the position
        return stream.show(beginning)

    async def _look_at(self, stream: Stream) -> tuple[int, bytes]:
        """The latest position and `initial`. Streams that wait for a look at their store have one together."""
        feed, table = stream.feed, stream.bearer.identity
        if isinstance(table, TableIdentity):
            return await self.ask(
                table.store_id, lambda c: _beginning(EventRepository(c).snapshot_of_session(table=table))
            )
        if feed.opening is None:
            feed.opening = asyncio.get_running_loop().create_task(self._look_at_store(feed))
            feed.opening.add_done_callback(_retrieve)
        return await asyncio.shield(feed.opening)

    async def _look_at_store(self, feed: Feed) -> tuple[int, bytes]:
        store_id = feed.store_id
        async with self._turn(store_id):
            feed.opening = None  # later streams need a later snapshot
            return await self._run(
                self._threads, store_id, lambda c: _beginning(EventRepository(c).snapshot_of_store(store_id=store_id))
            )

    async def news(self, stream: Stream) -> list[Frame]:
        """The next events after the stream's position, other people's among them; empty if there is none now."""
        feed = stream.feed
        frames = feed.after(stream.position)
        if frames is not None:
            return _first(frames, WRITE_BYTES)
        await feed.in_flight.wait_until_few()
        try:
            return await self.ask(feed.store_id, _after(feed.store_id, stream.position))
        except Unavailable:
            asyncio.get_running_loop().call_later(LOOK, stream.woken.set)
            return []

    def ending(self, stream: Stream) -> str | None:
        """Why the stream has to end now, if it has to."""
        if self.is_closing:
            return "shutdown"
        if stream.is_over:
            return "session_ended"
        if stream.is_revoked:
            return "token_revoked"
        if stream.bearer.expires <= time.time():
            return "token_expired"
        return None

    def is_silent(self, stream: Stream) -> bool:
        """Whether it is time for a heartbeat."""
        return time.monotonic() - stream.written_at >= self._settings.heartbeat

    async def ask(self, store_id: int | None, question: Callable[[Connection], T], check: Check | None = None) -> T:
        """Run `question` in another thread, when it is the store's turn, and return its answer.

        Raises the errors of tableorder.domain.errors.
        """
        async with self._turn(store_id):
            return await self._run(self._threads, store_id, question, check)

    def _turn(self, key: Hashable) -> asyncio.Lock:
        """The lock of this key. Tasks get it in the order in which they asked."""
        return self._turns.setdefault(key, asyncio.Lock())

    async def _run(
        self,
        threads: ThreadPoolExecutor,
        store_id: int | None,
        question: Callable[[Connection], T],
        check: Check | None = None,
    ) -> T:
        def work() -> T:
            with self._database.connect(store_id, check) as connection:
                return question(connection)

        return await asyncio.get_running_loop().run_in_executor(threads, work)

    async def run(self, is_alive: Callable[[], bool]) -> None:
        """Keep the feeds going until `is_alive` says no; then let all streams end."""
        for work in (self._listener.run, self._look_around, self._look_at_clock, self._keep_house):
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
        """Run endless work, and start it again after an error: without it the feeds would fall silent one day."""
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
        """Read the events that the feed does not have yet, and again if more news came during the read."""
        store_id = feed.store_id
        try:
            while feed.stale:
                feed.stale = False
                head = feed.head
                if head is None:
                    position = await self._run(
                        self._news_threads, store_id, lambda c: EventRepository(c).position(store_id=store_id)
                    )
                    feed.start_at(position)
                else:
                    frames = await self._run(self._news_threads, store_id, _after(store_id, head))
                    feed.append(frames)
                    feed.stale = feed.stale or len(frames) == BATCH or _size(frames) >= BATCH_BYTES
                feed.wake()
        except Unavailable:
            logger.warning("the feed of store %d waits for the database", store_id)
        finally:
            feed.reading = False

    async def _can_resume(self, stream: Stream, event_id: int) -> bool:
        store_id, limit = stream.feed.store_id, self._limits.replay
        return await self.ask(
            store_id, lambda c: EventRepository(c).can_resume(store_id=store_id, event_id=event_id, limit=limit)
        )

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

    async def _look_at_clock(self) -> None:
        """Announce the beginning or the end of a daypart in a store that somebody listens to here."""
        while True:
            await asyncio.sleep(LOOK)
            try:
                outdated = await self._outdated(list(self._feeds))
            except Unavailable:
                continue
            for store_id in outdated:
                feed = self._feeds.get(store_id)
                if feed is not None and not feed.announcing:
                    feed.announcing = True
                    self._start(self._announce(feed))

    async def _outdated(self, store_ids: list[int]) -> Sequence[int]:
        return await self._run(self._news_threads, None, lambda c: DaypartRepository(c).outdated(store_ids=store_ids))

    async def _announce(self, feed: Feed) -> None:
        store_id = feed.store_id
        try:
            with suppress(Unavailable):  # the next look at the clock tries again
                await self.ask(store_id, lambda c: DaypartRepository(c).begin_period(store_id=store_id))
                self._read_news(feed)
        finally:
            feed.announcing = False

    async def _latest(self, store_ids: list[int]) -> dict[int, int]:
        return await self._run(self._news_threads, None, lambda c: EventRepository(c).latest(store_ids=store_ids))

    async def _keep_house(self) -> None:
        """Remove old rows, in a thread of its own: the streams' statements do not wait for it."""
        loop = asyncio.get_running_loop()
        while True:
            await loop.run_in_executor(self._housekeeping_thread, self._housekeeper.run)
            await asyncio.sleep(HOUSEKEEPING)


def _reached(count: int, limit: int) -> bool:
    return 0 < limit <= count


def _beginning(snapshot: Snapshot) -> tuple[int, bytes]:
    return snapshot.position, sse.initial(snapshot.document, snapshot.position)


def _after(store_id: int, position: int) -> Callable[[Connection], list[Frame]]:
    """Asks for the next events after `position`; there are no more if they are fewer than BATCH and BATCH_BYTES."""

    def ask(connection: Connection) -> list[Frame]:
        events = EventRepository(connection).list_after(
            store_id=store_id, event_id=position, limit=BATCH, stored_bytes=BATCH_BYTES
        )
        return [sse.frame(event.event_id, event.event_type, event.session_id, event.data) for event in events]

    return ask


def _size(frames: list[Frame]) -> int:
    return sum(len(frame.text) for frame in frames)


def _first(frames: list[Frame], most: int) -> list[Frame]:
    """The first of them, of so many bytes at most, but at least one."""
    sizes = itertools.accumulate(len(frame.text) for frame in frames)
    count = sum(1 for _ in itertools.takewhile(lambda size: size <= most, sizes))
    return frames[: max(1, count)]


def _retrieve(task: asyncio.Task[Any]) -> None:
    """Retrieve the task's exception: the task that waited for it may be gone, and asyncio would complain."""
    if not task.cancelled():
        task.exception()
