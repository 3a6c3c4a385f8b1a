"""What the database has to settle: the same things asked for at the same moment, again and again."""

import functools
import secrets
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import psycopg2
import pytest

from tests.api.client import at_once, expect
from tests.factories import value
from tests.waiting import until

ROUNDS = 10


@pytest.fixture
def menu_id(restaurant):
    return restaurant.add_menu(price=1000)


@pytest.mark.parametrize("round_", range(ROUNDS))
def test_twelve_logins_of_one_table_get_one_session(restaurant, query, round_):
    table_id = restaurant.add_table(1)
    answers = at_once(*[functools.partial(restaurant.log_in, 1)] * 12)
    assert len({expect(200, answer)["session_id"] for answer in answers}) == 1
    assert query("SELECT count(*) FROM table_sessions WHERE table_id = %s", table_id) == [(1,)]


@pytest.mark.parametrize("round_", range(ROUNDS))
def test_sixteen_posts_with_one_key_make_one_order(restaurant, menu_id, query, round_):
    restaurant.add_table(1)
    tablet = restaurant.seat(1)
    answers = at_once(*[functools.partial(tablet.order, (menu_id, 1), key="1")] * 16)
    orders = [expect(201, answer) for answer in answers]
    assert all(order == orders[0] for order in orders)
    assert query("SELECT count(*) FROM orders WHERE store_id = %s", restaurant.store_id) == [(1,)]


@pytest.mark.parametrize("round_", range(ROUNDS))
def test_one_key_with_two_bodies_makes_one_order(restaurant, menu_id, query, round_):
    restaurant.add_table(1)
    tablet = restaurant.seat(1)
    answers = at_once(*[functools.partial(tablet.order, (menu_id, 1 + n % 2), key="1") for n in range(8)])
    assert sorted(answer.status_code for answer in answers) == [201] * 4 + [422] * 4
    assert len({expect(201, answer)["order_id"] for answer in answers if answer.ok}) == 1
    assert query("SELECT count(*) FROM orders WHERE store_id = %s", restaurant.store_id) == [(1,)]


@pytest.mark.parametrize("round_", range(ROUNDS))
def test_every_order_acknowledged_around_an_end_session_is_in_the_archive(restaurant, menu_id, query, round_):
    table_id = restaurant.add_table(1)
    tablet = restaurant.seat(1)
    order = functools.partial(tablet.order, (menu_id, 1))
    answers = at_once(*[order] * 6, functools.partial(restaurant.end_session, table_id), *[order] * 6)
    ended = expect(200, answers.pop(6))
    acknowledged = {answer.json()["order_id"] for answer in answers if answer.status_code == 201}
    assert {answer.json().get("code", "placed") for answer in answers} <= {"placed", "session_ended"}
    [archived] = expect(200, restaurant.admin.get(f"/admin/tables/{table_id}/history"))["history"]
    data = archived["archived_order_data"]
    assert {order["order_id"] for order in data["orders"]} == acknowledged
    assert data["session_total"] == ended["total_session_amount"] == 1000 * len(acknowledged)
    assert query("SELECT count(*) FROM orders WHERE store_id = %s", restaurant.store_id) == [(0,)]


@pytest.mark.parametrize("round_", range(ROUNDS))
def test_of_eight_end_sessions_one_wins(restaurant, menu_id, query, round_):
    table_id = restaurant.add_table(1)
    expect(201, restaurant.seat(1).order((menu_id, 1)))
    answers = at_once(*[functools.partial(restaurant.end_session, table_id)] * 8)
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 7
    assert query("SELECT count(*) FROM order_history WHERE table_id = %s", table_id) == [(1,)]


@pytest.mark.parametrize("round_", range(ROUNDS))
def test_a_status_never_runs_backwards(restaurant, menu_id, round_):
    restaurant.add_table(1)
    tablet = restaurant.seat(1)
    order_id = expect(201, tablet.order((menu_id, 1)))["order_id"]
    change = functools.partial(restaurant.admin.patch, f"/admin/orders/{order_id}/status")
    ranks = {"대기중": 0, "준비중": 1, "완료": 2}
    answers = at_once(*[functools.partial(change, {"status": status}) for status in [*ranks] * 4])
    granted = [ranks[answer.json()["status"]] for answer in answers if answer.status_code == 200]
    assert {answer.status_code for answer in answers} <= {200, 409}
    assert max(granted) == 2
    assert expect(200, tablet.get(f"/customer/orders/{order_id}"))["status"] == "완료"


@pytest.mark.parametrize("round_", range(ROUNDS))
def test_changes_of_an_order_around_an_end_session_are_archived_or_refused(restaurant, menu_id, query, round_):
    """A void or a new status is either in the books as acknowledged, or 404: never both, never neither."""
    table_id = restaurant.add_table(1)
    tablet = restaurant.seat(1)
    moved, voided = (expect(201, tablet.order((menu_id, n)))["order_id"] for n in (1, 2))
    change = functools.partial(restaurant.admin.patch, f"/admin/orders/{moved}/status", {"status": "완료"})
    void = functools.partial(restaurant.admin.delete, f"/admin/orders/{voided}")
    changed, ended, gone = at_once(change, functools.partial(restaurant.end_session, table_id), void)
    expect(200, ended)
    [archived] = expect(200, restaurant.admin.get(f"/admin/tables/{table_id}/history"))["history"]
    statuses = {order["order_id"]: order["status"] for order in archived["archived_order_data"]["orders"]}
    assert statuses[moved] == ("완료" if changed.status_code == 200 else "대기중")
    assert (voided in statuses) == (gone.status_code == 404)
    voids = expect(200, restaurant.admin.get("/admin/voids"))["voids"]
    assert [entry["order_id"] for entry in voids] == ([voided] if gone.status_code == 200 else [])


@pytest.mark.parametrize("round_", range(ROUNDS))
def test_logins_around_an_end_session_get_a_session_that_is_there(restaurant, menu_id, query, round_):
    table_id = restaurant.add_table(1)
    first = restaurant.seat(1).claims["session_id"]
    login = functools.partial(restaurant.log_in, 1)
    answers = at_once(*[login] * 4, functools.partial(restaurant.end_session, table_id), *[login] * 4)
    expect(200, answers.pop(4))
    sessions = {expect(200, answer)["session_id"] for answer in answers}
    active = query("SELECT session_id::text FROM table_sessions WHERE table_id = %s AND is_active", table_id)
    assert len(active) <= 1 and sessions <= {first, *[session_id for (session_id,) in active]}
    current = query("SELECT current_session_id::text FROM tables WHERE table_id = %s", table_id)
    assert current == (active or [(None,)])


@pytest.mark.parametrize("round_", range(ROUNDS))
def test_a_table_deleted_during_a_login_loses_nothing(restaurant, query, round_):
    table_id = restaurant.add_table(1)
    login, deleted = at_once(
        functools.partial(restaurant.log_in, 1), functools.partial(restaurant.admin.delete, f"/admin/tables/{table_id}")
    )
    outcome = (login.status_code, deleted.status_code)
    assert outcome in {(200, 409), (401, 200), (404, 200)}
    assert query("SELECT count(*) FROM tables WHERE table_id = %s", table_id) == [(int(outcome == (200, 409)),)]


@pytest.mark.parametrize("round_", range(ROUNDS))
def test_a_category_deleted_while_a_menu_is_added_keeps_the_menu(restaurant, query, round_):
    category_id = restaurant.add_category()
    body = {"category_id": category_id, "menu_name": "x", "price": 1}
    added, deleted = at_once(
        functools.partial(restaurant.admin.post, "/admin/menus", body),
        functools.partial(restaurant.admin.delete, f"/admin/categories/{category_id}"),
    )
    assert (added.status_code, deleted.status_code) in {(201, 409), (404, 200)}
    assert query("SELECT count(*) FROM menus WHERE category_id = %s", category_id) == [(int(added.ok),)]


@pytest.mark.parametrize("round_", range(ROUNDS))
def test_of_eight_tables_with_one_number_one_is_added(restaurant, round_):
    body = {"table_number": 1, "table_password": "1234"}
    answers = at_once(*[functools.partial(restaurant.admin.post, "/admin/tables", body)] * 8)
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 7


@pytest.mark.parametrize("round_", range(ROUNDS))
def test_one_order_of_menus_wins_whole(restaurant, query, round_):
    category_id = restaurant.add_category()
    ids = [restaurant.add_menu(category_id=category_id) for _ in range(6)]
    orders = [ids[n:] + ids[:n] for n in range(6)]
    answers = at_once(*[functools.partial(restaurant.admin.put, "/admin/menus/order", {"menu_ids": o}) for o in orders])
    assert [answer.status_code for answer in answers] == [200] * 6
    now = query("SELECT menu_id FROM menus WHERE category_id = %s ORDER BY display_order, menu_id", category_id)
    assert [menu_id for (menu_id,) in now] in orders


@pytest.mark.parametrize("round_", range(ROUNDS))
def test_what_comes_to_a_category_while_it_is_put_in_order_comes_last(restaurant, query, round_):
    """And no two calls wait for each other: each answers as if it had come before or after the others."""
    category_id = restaurant.add_category()
    ids = [restaurant.add_menu(category_id=category_id) for _ in range(4)]
    movers = [restaurant.add_menu() for _ in range(2)]
    menu = {"category_id": category_id, "menu_name": "x", "price": 1}
    answers = at_once(
        functools.partial(restaurant.admin.put, "/admin/menus/order", {"menu_ids": ids[::-1]}),
        *[functools.partial(restaurant.admin.post, "/admin/menus", menu)] * 3,
        *(functools.partial(restaurant.admin.patch, f"/admin/menus/{m}", {"category_id": category_id}) for m in movers),
    )
    assert answers[0].status_code in (200, 409)
    assert [answer.status_code for answer in answers[1:]] == [201] * 3 + [200] * 2
    rows = query("SELECT menu_id, display_order FROM menus WHERE category_id = %s ORDER BY 2, 1", category_id)
    assert [menu_id for menu_id, _ in rows[:4]] == (ids[::-1] if answers[0].ok else ids)
    assert len({place for _, place in rows}) == len(rows) == 9


def test_a_menu_that_is_added_waits_for_the_order_under_way(restaurant, server, query):
    """A second connection holds up the reorder where it has given the places and has not committed."""
    category_id = restaurant.add_category()
    ids = [restaurant.add_menu(category_id=category_id, display_order=0) for _ in range(4)]
    menu = {"category_id": category_id, "menu_name": "x", "price": 1}
    with closing(psycopg2.connect(server.database_url)) as other, ThreadPoolExecutor(2) as pool:
        value(other, "SELECT 1 FROM menu_versions WHERE store_id = %s FOR UPDATE", restaurant.store_id)
        reorder = pool.submit(restaurant.admin.put, "/admin/menus/order", {"menu_ids": ids[::-1]})
        until(lambda: waiting(query, "WITH ORDINALITY") == 1)
        add = pool.submit(restaurant.admin.post, "/admin/menus", menu)
        until(lambda: waiting(query, "INSERT INTO menus") == 1)
        other.rollback()
        expect(200, reorder.result())
        added = expect(201, add.result())
    rows = query("SELECT menu_id FROM menus WHERE category_id = %s ORDER BY display_order, menu_id", category_id)
    assert [menu_id for (menu_id,) in rows] == [*ids[::-1], added["menu_id"]]


def waiting(query, text):
    """How many connections of this database wait for a lock with such a statement."""
    [(count,)] = query(
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE datname = current_database() AND wait_event_type = 'Lock' AND strpos(query, %s) > 0",
        text,
    )
    return count


def test_a_new_price_is_in_the_very_next_answer_of_every_worker(restaurant, menu_id):
    restaurant.add_table(1)
    tablet = restaurant.seat(1)
    etag = tablet.get("/customer/menus").headers["ETag"]
    for price in range(1001, 1031):
        expect(200, restaurant.admin.patch(f"/admin/menus/{menu_id}", {"price": price}))
        look = functools.partial(tablet.get, "/customer/menus", headers={"If-None-Match": etag})
        answers = at_once(*[look] * 6)
        for answer in answers:
            assert expect(200, answer)["categories"][0]["menus"][0]["price"] == price
        etag = answers[0].headers["ETag"]
        assert expect(201, tablet.order((menu_id, 1)))["total_amount"] == price


@pytest.mark.parametrize("round_", range(ROUNDS))
def test_guesses_sent_all_at_once_are_not_worth_more_than_one_by_one(restaurant, round_):
    """Ten failures and no more are told as such, however many guesses arrive together; the right one comes too late."""
    restaurant.add_table(1)
    body = {"store_id": restaurant.store_id, "table_number": 1}
    login = functools.partial(restaurant.admin.post, "/auth/table/login")
    guesses = [functools.partial(login, body | {"table_password": secrets.token_hex(4)}) for _ in range(40)]
    statuses = [answer.status_code for answer in at_once(*guesses)]
    assert (statuses.count(401), statuses.count(429)) == (10, 30)
    assert restaurant.log_in(1).status_code == 429
