"""The alternative that a good engineer would pick: Starlette, uvicorn with uvloop and asyncpg, kept to the minimum.

The same SQL as the application's, which asyncpg prepares by itself, the same checks of token and body, the same
row-level security, the same announcements to the live feed. asyncpg cannot send two statements with parameters in one
go, so the store is set for the session before each statement, and the pool's own reset, one more round trip, is left
out.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

import asyncpg
import bcrypt
import jwt
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tableorder.domain.orders import MAX_ITEMS, MAX_QUANTITY, STATUSES, order_fingerprint
from tableorder.repositories.menus import CATALOG as MENUS
from tableorder.repositories.orders import BY_TABLE, MOVE, OF_SESSION, PLACE
from tableorder.transactions.notifier import PAUSE
from tests.bench.rivals.sql import last_part

SECRET = os.environ["JWT_SECRET_KEY"]
INTEGER = range(1, 2**31)

ANNOUNCE = "SELECT pg_notify('tableorder_events', store_id::text) FROM unnest($1::int[]) AS store_id"
STORE = "SELECT set_config('app.store_id', $1, false)"
CATALOG = last_part(MENUS)
PLACE_ORDER = last_part(PLACE)
ORDERS = last_part(OF_SESSION)
DASHBOARD = last_part(BY_TABLE)
MOVE_ORDER = last_part(MOVE)
TABLE = """
SELECT table_id, store_name, table_password_hash
  FROM tables JOIN stores USING (store_id)
 WHERE tables.store_id = $1 AND table_number = $2
"""
START_SESSION = """
INSERT INTO table_sessions (store_id, table_id) VALUES ($1, $2) ON CONFLICT (table_id) WHERE is_active DO NOTHING
"""
SESSION = "SELECT session_id::text FROM table_sessions WHERE table_id = $1 AND is_active"


class Refused(Exception):
    """The request is answered with this status."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status


def claims(request: Request, user_type: str) -> dict:
    token = request.headers.get("authorization", "").removeprefix("Bearer ")
    try:
        found = jwt.decode(token, SECRET, algorithms=["HS256"], options={"require": ["sub", "iat", "exp"]})
    except jwt.InvalidTokenError:
        raise Refused(401, "the token is not valid") from None
    if found["user_type"] != user_type:
        raise Refused(403, "not for you")
    return found


async def run(method: str, store_id: int, statement: str, *parameters: object):
    async with app.state.pool.acquire() as connection:
        await connection.execute(STORE, str(store_id))
        return await getattr(connection, method)(statement, *parameters)


async def run_ours(store_id: int, statement: tuple[str, list[str]], **parameters: object) -> asyncpg.Record:
    sql, names = statement
    return await run("fetchrow", store_id, sql, *[parameters[name] for name in names])


async def body(request: Request) -> dict:
    if request.headers.get("content-type") != "application/json":
        raise Refused(415, "the body must be JSON")
    try:
        return json.loads(await request.body())
    except ValueError:
        raise Refused(400, "the body is not JSON") from None


def answer(text: str, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(text, status, headers, media_type="application/json")


async def show_menu(request: Request) -> Response:
    store_id = claims(request, "table")["store_id"]
    tags = re.findall(r'"([^"]*)\.all"', request.headers.get("if-none-match", ""))
    version, *_, document = await run_ours(
        store_id,
        CATALOG,
        store_id=store_id,
        category_id=None,
        known_editions=tags,
        wanted=None,
        with_pictures=True,
        for_admin=False,
    )
    headers = {"ETag": f'"{version}.all"', "Cache-Control": "private, no-cache"}
    return Response(status_code=304, headers=headers) if document is None else answer(document, 200, headers)


async def place_order(request: Request) -> Response:
    table = claims(request, "table")
    items = read_items(await body(request))
    row = await run_ours(
        table["store_id"],
        PLACE_ORDER,
        session_id=UUID(table["session_id"]),
        table_id=table["table_id"],
        items=json.dumps(items),
        note=None,
        wanted=None,
        expected_total=None,
        key=request.headers.get("idempotency-key"),
        request_hash=order_fingerprint({"items": items}),
        order_rate=0,
        session_orders=0,
        session_lines=0,
    )
    if row["answer"] is None:
        raise Refused(409, "not possible")
    app.state.news.put_nowait(table["store_id"])
    return answer(row["answer"], 201)


def read_items(body: dict) -> list[dict]:
    items = body.get("items") if isinstance(body, dict) else None
    if not isinstance(items, list) or not 1 <= len(items) <= MAX_ITEMS:
        raise Refused(400, "items")
    for item in items:
        if not isinstance(item, dict) or item.keys() != {"menu_id", "quantity"}:
            raise Refused(400, "item")
        if type(item["menu_id"]) is not int or item["menu_id"] not in INTEGER:
            raise Refused(400, "menu_id")
        if type(item["quantity"]) is not int or not 1 <= item["quantity"] <= MAX_QUANTITY:
            raise Refused(400, "quantity")
    return items


async def list_session_orders(request: Request) -> Response:
    table = claims(request, "table")
    row = await run_ours(
        table["store_id"],
        ORDERS,
        store_id=table["store_id"],
        session_id=UUID(table["session_id"]),
        limit=None,
        before_time=None,
        before_id=None,
        with_position=False,
    )
    return answer(row["document"])


async def list_orders(request: Request) -> Response:
    store_id = claims(request, "admin")["store_id"]
    row = await run_ours(store_id, DASHBOARD, store_id=store_id, status=None, table_id=None, known_version=None)
    return answer(row["document"])


async def update_order_status(request: Request) -> Response:
    store_id = claims(request, "admin")["store_id"]
    status = (await body(request)).get("status")
    if status not in STATUSES:
        raise Refused(400, "status")
    order_id = request.path_params["order_id"]
    row = await run_ours(store_id, MOVE_ORDER, order_id=order_id, status=status, statuses=list(STATUSES))
    if row is None:
        raise Refused(404, "there is no such order")
    if STATUSES.index(row["status"]) > STATUSES.index(status):
        raise Refused(409, "orders do not go back")
    app.state.news.put_nowait(store_id)
    return answer(json.dumps({"order_id": order_id, "status": status}, ensure_ascii=False))


async def log_in_table(request: Request) -> Response:
    login = await body(request)
    store_id, number, password = login["store_id"], login["table_number"], login["table_password"]
    table_id, store_name, password_hash = await run("fetchrow", store_id, TABLE, store_id, number)
    if not await asyncio.to_thread(bcrypt.checkpw, password.encode(), password_hash.encode()):
        raise Refused(401, "the credentials are wrong")
    await run("execute", store_id, START_SESSION, store_id, table_id)
    known = {
        "store_id": store_id,
        "table_id": table_id,
        "table_number": number,
        "session_id": await run("fetchval", store_id, SESSION, table_id),
    }
    now = int(time.time())
    claims = {"sub": f"table_{table_id}", "user_type": "table", "iat": now, "exp": now + 57600} | known
    token = {"access_token": jwt.encode(claims, SECRET), "token_type": "Bearer", "expires_in": 57600}
    return answer(json.dumps(token | known | {"store_name": store_name}, ensure_ascii=False))


async def refuse(request: Request, error: Exception) -> Response:
    return answer(json.dumps({"detail": str(error)}), error.status if isinstance(error, Refused) else 500)


async def health(request: Request) -> Response:
    return answer("{}")


async def announce() -> None:
    while True:
        stores = {await app.state.news.get()}
        while not app.state.news.empty():
            stores.add(app.state.news.get_nowait())
        await app.state.pool.execute(ANNOUNCE, list(stores))
        await asyncio.sleep(PAUSE)


@asynccontextmanager
async def lifespan(app: Starlette) -> AsyncIterator[None]:
    async def keep(connection: asyncpg.Connection) -> None:
        pass

    settings = {
        "role": "tableorder",
        "TimeZone": "Asia/Seoul",
        "statement_timeout": "5000",
        "lock_timeout": "2000",
        "app.locked_session": "not locked here",
    }
    async with asyncpg.create_pool(
        os.environ["DATABASE_URL"], min_size=8, max_size=8, reset=keep, server_settings=settings
    ) as pool:
        app.state.pool, app.state.news = pool, asyncio.Queue()
        announcer = asyncio.create_task(announce())
        yield
        announcer.cancel()


app = Starlette(
    routes=[
        Route("/health", health),
        Route("/api/v1/customer/menus", show_menu),
        Route("/api/v1/customer/orders", place_order, methods=["POST"]),
        Route("/api/v1/customer/orders", list_session_orders),
        Route("/api/v1/admin/orders", list_orders),
        Route("/api/v1/admin/orders/{order_id:int}/status", update_order_status, methods=["PATCH"]),
        Route("/api/v1/auth/table/login", log_in_table, methods=["POST"]),
    ],
    exception_handlers={Refused: refuse},
    lifespan=lifespan,
)
