"""The ASGI application of the stream process: two paths, each an endless answer.

https://asgi.readthedocs.io/en/latest/specs/www.html
"""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import parse_qs

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from tableorder.config import Config
from tableorder.domain.errors import DomainError, TicketInvalid, TokenExpired
from tableorder.http import sse
from tableorder.http.cors import cors_headers
from tableorder.http.problems import MEDIA_TYPE, describe, problem_document
from tableorder.http.request_ids import HEADER, choose_request_id
from tableorder.http.request_logs import log_request
from tableorder.http.security_headers import SECURITY_HEADERS
from tableorder.http.tokens import Bearer, read_authorization, read_claims
from tableorder.repositories.tickets import store_of
from tableorder.stream import metrics
from tableorder.stream.hub import Hub, Stream
from tableorder.stream.routes import PATHS

logger = logging.getLogger(__name__)

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

METHODS = "GET, OPTIONS"
STREAM_HEADERS = {"Content-Type": "text/event-stream", "X-Accel-Buffering": "no"}


class SlowReader(Exception):
    """The client does not take what is sent."""


class StreamApp:
    """Serves the live feeds. `is_alive`, if set before the start, tells when the worker is asked to stop."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self.is_alive: Callable[[], bool] = lambda: True

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        else:
            request = Request(scope)
            try:
                await self._answer(request, send)
            except Exception:
                request.status = 500
                raise
            finally:  # for a stream that is when it is over, maybe cancelled because the client has gone
                self._log(request)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        self._hub = Hub(self._config)
        running = asyncio.get_running_loop().create_task(self._hub.run(lambda: self.is_alive()))
        await send({"type": "lifespan.startup.complete"})
        await receive()
        running.cancel()
        await send({"type": "lifespan.shutdown.complete"})

    async def _answer(self, request: Request, send: Send) -> None:
        try:
            permit = PATHS.get(request.path)
            if request.path == "/metrics" and request.method == "GET":
                headers = {"Content-Type": CONTENT_TYPE_LATEST}
                await self._send_whole(send, request, 200, headers, generate_latest(metrics.REGISTRY).decode())
            elif permit is None:
                await self._refuse(send, request, 404, "not_found", "there is nothing here")
            elif request.method == "OPTIONS":
                await self._send_whole(send, request, 200, {"Allow": METHODS})
            elif request.method != "GET":
                detail = "a stream is opened with GET"
                await self._refuse(send, request, 405, "method_not_allowed", detail, Allow=METHODS)
            else:
                bearer = await self._identify(request)
                request.store_id = bearer.identity.store_id
                permit(bearer)
                await self._hub.require_good(bearer)  # first, or a token that is not good takes the next guests' place
                with self._hub.join(bearer) as stream:
                    await self._serve(stream, request, send)
        except DomainError as error:
            status, headers, document = describe(error, request.request_id)
            await self._send_whole(send, request, status, headers, document)

    def _log(self, request: Request) -> None:
        log_request(
            slow=math.inf,
            request_id=request.request_id,
            method=request.method,
            route=request.path if request.path in PATHS else None,
            status=request.status,
            duration=time.monotonic() - request.began,
            store_id=request.store_id,
            events=request.events,
        )

    async def _refuse(self, send: Send, request: Request, status: int, code: str, detail: str, **headers: str) -> None:
        document = problem_document(status, code, detail, request.request_id)
        await self._send_whole(send, request, status, {"Content-Type": MEDIA_TYPE, **headers}, document)

    async def _identify(self, request: Request) -> Bearer:
        """By the bearer token, or by the ticket that stands for it. Raises Unauthorized."""
        ticket = request.query("ticket")
        if ticket is None or request.header("authorization"):
            return read_authorization(request.header("authorization"), self._config.jwt_secret_key)
        claims = None
        if (store_id := store_of(ticket)) is not None:
            claims = await self._hub.redeem(store_id, ticket)
        if claims is None:
            raise TicketInvalid
        bearer = read_claims(claims)
        if bearer.expires <= time.time():
            raise TokenExpired
        return bearer

    async def _serve(self, stream: Stream, request: Request, send: Send) -> None:
        last_event_id = sse.parse_event_id(request.header("last-event-id") or request.query("last_event_id") or "")
        beginning = sse.retry() + await self._hub.begin(stream, last_event_id)
        await send(self._start(200, request, STREAM_HEADERS))
        try:
            await self._write(stream, send, beginning)
            reason = await self._follow(stream, request, send)
            await self._write(stream, send, sse.goodbye(reason))
        except SlowReader:
            metrics.SLOW.inc()
            logger.warning("a reader of store %d was too slow (request %s)", stream.feed.store_id, request.request_id)
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _follow(self, stream: Stream, request: Request, send: Send) -> str:
        """Send what happens until the stream has to end; why. It is cancelled when the client has gone."""
        while (reason := self._hub.ending(stream)) is None:
            stream.woken.clear()
            if frames := await self._hub.news(stream):
                if seen := stream.take(frames):
                    await self._write(stream, send, b"".join(seen))
                    request.events += len(seen)
                    metrics.EVENTS.inc(len(seen))
            elif self._hub.is_silent(stream):
                await self._write(stream, send, sse.HEARTBEAT)
            else:
                await stream.woken.wait()
        return reason

    async def _write(self, stream: Stream, send: Send, text: bytes) -> None:
        """Returns when the client has taken nearly all of what it was sent. Raises SlowReader."""
        try:
            with stream.feed.in_flight.holding(len(text)):
                async with asyncio.timeout(self._config.streams.send_timeout):
                    await send({"type": "http.response.body", "body": text, "more_body": True})
        except TimeoutError:
            raise SlowReader from None
        stream.written_at = time.monotonic()

    async def _send_whole(
        self, send: Send, request: Request, status: int, headers: dict[str, str], document: str = ""
    ) -> None:
        body = document.encode()
        await send(self._start(status, request, {**headers, "Content-Length": str(len(body))}))
        sent = b"" if request.method == "HEAD" else body
        await send({"type": "http.response.body", "body": sent, "more_body": False})

    def _start(self, status: int, request: Request, headers: dict[str, str]) -> MutableMapping[str, Any]:
        request.status = status
        methods = METHODS if request.method == "OPTIONS" else ""
        cors = cors_headers(self._config.cors_origins, request.header("origin"), methods)
        everything = {**SECURITY_HEADERS, **headers, **cors, HEADER: request.request_id}
        encoded = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in everything.items()]
        return {"type": "http.response.start", "status": status, "headers": encoded}


class Request:
    """What a stream needs to know of a request, and what came of it: the status, the store, the events sent."""

    status = 499  # as nginx has it: the client has gone before there was an answer
    store_id: int | None = None
    events = 0

    def __init__(self, scope: Scope) -> None:
        self.began = time.monotonic()
        self.method: str = scope["method"]
        self.path: str = scope["path"]
        self._headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        self._query = parse_qs(scope["query_string"].decode("latin-1"))
        self.request_id = choose_request_id(self.header(HEADER.lower()))

    def header(self, name: str) -> str:
        return self._headers.get(name, "")

    def query(self, name: str) -> str | None:
        return self._query.get(name, [None])[0]
