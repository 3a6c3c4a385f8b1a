"""What Flask, gunicorn and psycopg2 cost at least: one round trip with the application's statement, and nothing else.

No token is verified, no body checked, no connection shared, looked at or waited for in turn, no time limited, nothing
logged or counted. No application of these parts, with the same statements, can be faster.
"""

import functools
import json
import os
import threading

import jwt
import psycopg2
from flask import Flask, Response, request

from tableorder.database.statements import Statement
from tableorder.domain.orders import order_fingerprint
from tableorder.repositories.menus import CATALOG
from tableorder.repositories.orders import OF_SESSION, PLACE

OPTIONS = "-c role=tableorder -c TimeZone=Asia/Seoul -c plan_cache_mode=force_generic_plan"

app = Flask("round_trip", static_folder=None)
thread = threading.local()


@app.get("/health")
def health() -> Response:
    return Response("{}", content_type="application/json")


@app.get("/api/v1/customer/menus")
def show_menu() -> Response:
    tag = request.environ["HTTP_IF_NONE_MATCH"].removesuffix('.all"').lstrip('"')
    run(CATALOG, category_id=None, known_editions=[tag], wanted=None, with_pictures=True, for_admin=False)
    return Response(status=304)


@app.get("/api/v1/customer/orders")
def list_orders() -> Response:
    document, _ = run(OF_SESSION, limit=None, before_time=None, before_id=None, with_position=False)
    return Response(document, content_type="application/json")


@app.post("/api/v1/customer/orders")
def place_order() -> Response:
    order = request.get_json()
    answer, *_ = run(
        PLACE,
        items=json.dumps(order["items"]),
        note=None,
        wanted=None,
        expected_total=None,
        key=None,
        request_hash=order_fingerprint(order),
        order_rate=0,
        session_orders=0,
        session_lines=0,
    )
    return Response(answer, 201, content_type="application/json")


def run(statement: Statement, **parameters: object) -> tuple:
    claims = claims_of(request.environ["HTTP_AUTHORIZATION"])
    if not hasattr(thread, "cursor"):
        connection = psycopg2.connect(os.environ["DATABASE_URL"], options=OPTIONS)
        connection.autocommit = True
        thread.cursor = connection.cursor()
        for each in (CATALOG, OF_SESSION, PLACE):
            thread.cursor.execute(each.prepare)
    store = f"SET LOCAL app.store_id = '{claims['store_id']}';\n"
    thread.cursor.execute(store + statement.execute, claims | parameters)
    return thread.cursor.fetchone()


@functools.cache
def claims_of(header: str) -> dict:
    return jwt.decode(header.removeprefix("Bearer "), options={"verify_signature": False})
