"""Logging in, tokens, and what repeated failures lead to."""

import base64
import json
import os
import time
import uuid
from concurrent.futures import ThreadPoolExecutor

import bcrypt
import jwt
import psutil
import pytest

from tableorder.blueprints import find_nouns
from tableorder.config import Config
from tableorder.web.app import create_app
from tests.api.client import TABLE_PASSWORD, Client, expect, refused
from tests.api.server import JWT_SECRET_KEY, Server
from tests.waiting import until

FEATURES = [
    *(
        "options",
        "notes",
        "quotes",
        "stock",
        "void_lines",
        "pictures",
        "languages",
        "dayparts",
        "labels",
        "staff",
        "devices",
        "calls",
        "menu_document",
    ),
]
HOURS_16 = 57_600


def test_a_table_logs_in(restaurant):
    table_id = restaurant.add_table(5)
    answer = expect(200, restaurant.log_in(5))
    claims = jwt.decode(answer.pop("access_token"), JWT_SECRET_KEY, algorithms=["HS256"])
    session_id = answer.pop("session_id")
    assert answer == {
        "token_type": "Bearer",
        "expires_in": HOURS_16,
        "table_id": table_id,
        "table_number": 5,
        "store_id": restaurant.store_id,
        "store_name": "한식당",
        "features": FEATURES,
    }
    assert claims.pop("exp") - claims.pop("iat") == HOURS_16
    assert claims == {
        "sub": f"table_{table_id}",
        "user_type": "table",
        "store_id": restaurant.store_id,
        "table_id": table_id,
        "table_number": 5,
        "session_id": session_id,
        "epoch": 1,
    }
    assert str(uuid.UUID(session_id)) == session_id


def test_an_admin_logs_in(restaurant, client):
    body = {"username": restaurant.username, "password": restaurant.password}
    answer = expect(200, client.post("/auth/admin/login", body))
    claims = jwt.decode(answer.pop("access_token"), JWT_SECRET_KEY, algorithms=["HS256"])
    assert answer == {
        "token_type": "Bearer",
        "expires_in": HOURS_16,
        "store_id": restaurant.store_id,
        "store_name": "한식당",
        "username": restaurant.username,
        "role": "owner",
        "staff_id": None,
        "features": FEATURES,
    }
    assert claims.pop("exp") - claims.pop("iat") == HOURS_16
    assert claims == {
        "sub": restaurant.username,
        "user_type": "admin",
        "store_id": restaurant.store_id,
        "role": "owner",
        "staff_id": None,
        "epoch": 1,
    }


def test_a_second_login_joins_the_session_until_it_ends(restaurant):
    table_id = restaurant.add_table()
    first = restaurant.seat().claims["session_id"]
    assert restaurant.seat().claims["session_id"] == first
    expect(200, restaurant.end_session(table_id))
    assert restaurant.seat().claims["session_id"] != first


def test_all_wrong_credentials_are_answered_alike(restaurant, client):
    restaurant.add_table(1)
    table = {"store_id": restaurant.store_id, "table_number": 1, "table_password": TABLE_PASSWORD}
    wrong = [
        client.post("/auth/table/login", table | {"table_password": "wrong"}),
        client.post("/auth/table/login", table | {"table_number": 999}),
        client.post("/auth/table/login", table | {"store_id": 2_000_000_000}),
        client.post("/auth/admin/login", {"username": restaurant.username, "password": "wrong"}),
        client.post("/auth/admin/login", {"username": "nobody", "password": "wrong"}),
    ]
    problems = [refused(401, "credentials_invalid", response) for response in wrong]
    assert len({json.dumps(problem | {"request_id": ""}) for problem in problems}) == 1


@pytest.mark.parametrize("login", ["table", "admin"])
def test_an_unknown_account_costs_the_work_of_a_wrong_password(restaurant, server, monkeypatch, login):
    """Both check one bcrypt hash of the same cost, so that the time of the answer does not tell them apart."""
    restaurant.add_table(1)
    table = {"store_id": restaurant.store_id, "table_number": 1, "table_password": "wrong"}
    wrong, unknown = {
        "table": (table, table | {"table_number": 2}),
        "admin": ({"username": restaurant.username, "password": "wrong"}, {"username": "nobody", "password": "wrong"}),
    }[login]
    work = []
    check = bcrypt.checkpw

    def counted(password, password_hash):
        work.append((len(password_hash), password_hash[:7]))  # "$2b$04$": the algorithm and the cost
        return check(password, password_hash)

    monkeypatch.setattr(bcrypt, "checkpw", counted)
    environment = {"DATABASE_URL": server.database_url, "JWT_SECRET_KEY": JWT_SECRET_KEY, "BCRYPT_COST": "4"}
    here = create_app(Config.from_environment(environment), find_nouns()).test_client()
    for body in (wrong, unknown):
        assert here.post(f"/api/v1/auth/{login}/login", json=body).status_code == 401
    assert work == [(60, b"$2b$04$")] * 2


@pytest.mark.parametrize(
    "change",
    [
        {"table_password": "x" * 73},
        {"table_password": "가" * 25},
        {"table_password": ""},
        {"table_password": "a\0b"},
        {"table_password": 1234},
        {"table_number": 0},
        {"table_number": 2**31},
        {"table_number": "1"},
        {"table_number": True},
        {"table_number": 1.0},
        {"store_id": None},
        {"extra": 1},
    ],
)
def test_a_malformed_login_is_a_400(restaurant, client, change):
    body = {"store_id": restaurant.store_id, "table_number": 1, "table_password": "x"} | change
    assert refused(400, "validation_failed", client.post("/auth/table/login", body))["errors"].keys() == change.keys()


def test_seventy_two_bytes_are_a_password(restaurant, client):
    password = "가" * 24
    expect(201, restaurant.admin.post("/admin/tables", {"table_number": 1, "table_password": password}))
    body = {"store_id": restaurant.store_id, "table_number": 1, "table_password": password}
    expect(200, client.post("/auth/table/login", body))
    refused(401, "credentials_invalid", client.post("/auth/table/login", body | {"table_password": password[:-1]}))


def test_ten_failures_of_one_account_throttle_it_and_no_other(restaurant, client):
    restaurant.add_table(1)
    restaurant.add_table(2)
    body = {"store_id": restaurant.store_id, "table_number": 1, "table_password": "wrong"}
    for _ in range(10):
        refused(401, "credentials_invalid", Client(client.base).post("/auth/table/login", body))
    throttled = Client(client.base).post("/auth/table/login", body | {"table_password": TABLE_PASSWORD})
    refused(429, "too_many_failures", throttled)
    assert 250 < int(throttled.headers["Retry-After"]) <= 300
    restaurant.seat(2)
    admin = {"username": restaurant.username, "password": restaurant.password}
    expect(200, client.post("/auth/admin/login", admin))


def test_the_throttle_ends_with_its_window(restaurant, client, query):
    table_id = restaurant.add_table(1)
    body = {"store_id": restaurant.store_id, "table_number": 1, "table_password": "wrong"}
    for _ in range(10):
        refused(401, "credentials_invalid", Client(client.base).post("/auth/table/login", body))
    refused(429, "too_many_failures", restaurant.log_in(1))
    query(
        "UPDATE failed_logins"
        "   SET failed_at = ARRAY(SELECT at - interval '301 s' FROM unnest(failed_at) AS at)"
        " WHERE kind = 'table' AND account_id = %s",
        table_id,
    )
    expect(200, restaurant.log_in(1))


def test_a_success_clears_the_failures(restaurant, client):
    restaurant.add_table(1)
    body = {"store_id": restaurant.store_id, "table_number": 1, "table_password": "wrong"}
    for _ in range(3):
        for _ in range(9):
            refused(401, "credentials_invalid", Client(client.base).post("/auth/table/login", body))
        restaurant.seat(1)


def test_an_unknown_account_is_throttled_like_any_other(client):
    body = {"username": f"nobody-{uuid.uuid4()}", "password": "wrong"}
    for _ in range(10):
        refused(401, "credentials_invalid", Client(client.base).post("/auth/admin/login", body))
    refused(429, "too_many_failures", Client(client.base).post("/auth/admin/login", body))


def test_a_hundred_failures_from_one_address_throttle_it(restaurant, client):
    restaurant.add_table(1)
    for n in range(100):
        body = {"store_id": restaurant.store_id, "table_number": 100 + n, "table_password": "wrong"}
        refused(401, "credentials_invalid", client.post("/auth/table/login", body))
    body = {"store_id": restaurant.store_id, "table_number": 1, "table_password": TABLE_PASSWORD}
    refused(429, "too_many_failures", client.post("/auth/table/login", body))
    expect(200, Client(client.base).post("/auth/table/login", body))


def test_a_login_holds_up_nobody_else(server, tmp_path):
    """In one process, while bcrypt is at work for a second or so: by itself, on whichever processor is free."""
    slow = Server(server.database_url, tmp_path / "log", WEB_CONCURRENCY="1", BCRYPT_COST="14")
    try:
        slow.wait_until_ready()
        client = Client(slow.base)
        [worker] = psutil.Process(slow.process.pid).children()
        with ThreadPoolExecutor(1) as threads:
            login = threads.submit(client.post, "/auth/admin/login", {"username": "nobody", "password": "x"})
            served, free = 0, False
            while not login.done():
                served += expect(200, client.get("/health")) == {"status": "healthy"}
                free |= any(os.sched_getaffinity(thread.id) == os.sched_getaffinity(0) for thread in worker.threads())
        refused(401, "credentials_invalid", login.result())
        assert served > 10 and free
    finally:
        slow.stop()


def tokens(restaurant):
    """A token a way, each wrong in one respect, and the code of its refusal."""
    now = int(time.time())
    claims = {"sub": restaurant.username, "user_type": "admin", "store_id": restaurant.store_id, "iat": now}
    good = claims | {"exp": now + 60}

    def sign(claims, key=JWT_SECRET_KEY, algorithm="HS256"):
        return jwt.encode(claims, key, algorithm=algorithm)

    expect(200, restaurant.admin.get("/admin/tables", token=sign(good)))
    needed = good.keys() - {"iat"}
    without = [sign({name: value for name, value in good.items() if name != missing}) for missing in needed]
    header, payload, _ = sign(good).split(".")
    none = base64.urlsafe_b64encode(b'{"alg":"none","typ":"JWT"}').rstrip(b"=").decode()
    wrong = [
        sign(good, key="another key, which is also 32 bytes long"),
        sign(good, algorithm="HS512", key=JWT_SECRET_KEY * 2),
        sign(good | {"user_type": "owner"}),
        sign(good | {"store_id": "x"}),
        sign(good | {"store_id": None}),
        f"{none}.{payload}.",
        f"{header}.{payload}.",
        f"{header}.{payload}",
        "rubbish",
        "x" * 5000,
    ]
    return [(token, "token_invalid") for token in without + wrong] + [
        (sign(claims | {"exp": now - 1}), "token_expired")
    ]


def test_a_token_that_is_wrong_in_any_respect_is_a_401(restaurant):
    for token, code in tokens(restaurant):
        response = restaurant.admin.get("/admin/tables", token=token)
        refused(401, code, response)
        assert response.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("ahead", [2, 3600])
def test_a_token_of_a_host_whose_clock_is_ahead_is_taken(restaurant, ahead):
    now = int(time.time())
    claims = {"sub": restaurant.username, "user_type": "admin", "store_id": restaurant.store_id, "exp": now + 60}
    for issued in ({}, {"iat": now + ahead}):
        token = jwt.encode(claims | issued, JWT_SECRET_KEY)
        expect(200, restaurant.admin.get("/admin/tables", token=token))


def test_a_token_that_was_good_a_moment_ago_is_refused_once_it_has_expired(restaurant):
    now = int(time.time())
    claims = {"sub": restaurant.username, "user_type": "admin", "store_id": restaurant.store_id, "iat": now}
    for seconds in (3, 10, 60):  # whichever is enough for ten requests
        expires = int(time.time()) + seconds
        token = jwt.encode(claims | {"exp": expires}, JWT_SECRET_KEY)
        answers = [restaurant.admin.get("/admin/tables", token=token) for _ in range(10)]  # every worker knows it now
        if time.time() < expires:
            break
    assert [answer.status_code for answer in answers] == [200] * 10
    until(lambda: time.time() >= expires)
    for _ in range(10):
        refused(401, "token_expired", restaurant.admin.get("/admin/tables", token=token))


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Basic YTpi", "Token x"])
def test_no_token_is_a_401(client, header):
    refused(401, "token_missing", client.get("/admin/tables", headers={"Authorization": header}))


def test_the_wrong_role_is_a_403(restaurant):
    restaurant.add_table(1)
    refused(403, "forbidden", restaurant.seat(1).get("/admin/tables"))
    refused(403, "forbidden", restaurant.admin.get("/customer/menus"))
