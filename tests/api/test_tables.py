"""Tables, as an admin keeps them."""

import bcrypt
import pytest

from tests.api.client import UNKNOWN_ID, Client, expect, refused


def test_tables_are_listed_by_number_with_their_session(restaurant):
    ids = {number: restaurant.add_table(number) for number in (2, 1)}
    session_id = restaurant.seat(2).claims["session_id"]
    assert expect(200, restaurant.admin.get("/admin/tables")) == {
        "store_id": restaurant.store_id,
        "tables": [
            {"table_id": ids[1], "table_number": 1, "current_session_id": None, "is_active": False},
            {"table_id": ids[2], "table_number": 2, "current_session_id": session_id, "is_active": True},
        ],
    }


def test_a_table_is_added(restaurant):
    added = expect(201, restaurant.admin.post("/admin/tables", {"table_number": 7, "table_password": "1234"}))
    assert added.items() >= {"table_number": 7, "store_id": restaurant.store_id, "current_session_id": None}.items()
    assert isinstance(added["table_id"], int)
    assert "1234" not in str(added) and "hash" not in str(added)


def test_a_number_is_the_only_one_in_its_store(restaurant, open_restaurant):
    restaurant.add_table(1)
    second = restaurant.add_table(2)
    body = {"table_number": 1, "table_password": "1234"}
    refused(409, "table_number_taken", restaurant.admin.post("/admin/tables", body))
    refused(409, "table_number_taken", restaurant.admin.patch(f"/admin/tables/{second}", {"table_number": 1}))
    open_restaurant().add_table(1)


def test_a_tables_number_and_password_change(restaurant):
    table_id = restaurant.add_table(1)
    session_id = restaurant.seat(1).claims["session_id"]
    changed = expect(200, restaurant.admin.patch(f"/admin/tables/{table_id}", {"table_number": 9}))
    assert (changed["table_number"], changed["current_session_id"]) == (9, session_id)
    assert restaurant.seat(9).claims["session_id"] == session_id
    expect(200, restaurant.admin.patch(f"/admin/tables/{table_id}", {"table_password": "새 비밀번호"}))
    body = {"store_id": restaurant.store_id, "table_number": 9}
    login = "/auth/table/login"
    expect(200, Client(restaurant.base).post(login, body | {"table_password": "새 비밀번호"}))
    refused(401, "credentials_invalid", restaurant.log_in(9))


@pytest.mark.parametrize(
    "change",
    [
        {"table_number": 0},
        {"table_number": 2**31},
        {"table_number": "1"},
        {"table_password": ""},
        {"table_password": "123"},
        {"table_password": "x" * 73},
        {"table_password": "a\0"},
        {"table_password": None},
    ],
)
def test_a_bad_value_is_a_400_that_names_it(restaurant, change):
    table_id = restaurant.add_table(1)
    body = {"table_number": 2, "table_password": "1234"} | change
    for response in (
        restaurant.admin.post("/admin/tables", body),
        restaurant.admin.patch(f"/admin/tables/{table_id}", change),
    ):
        assert refused(400, "validation_failed", response)["errors"].keys() == change.keys()
    refused(400, "validation_failed", restaurant.admin.patch(f"/admin/tables/{table_id}", {}))


def test_a_table_with_guests_stays_and_its_history_outlives_it(restaurant):
    table_id, menu_id = restaurant.add_table(3), restaurant.add_menu()
    expect(201, restaurant.seat(3).order((menu_id, 1)))
    refused(409, "table_in_use", restaurant.admin.delete(f"/admin/tables/{table_id}"))
    expect(200, restaurant.end_session(table_id))
    history = expect(200, restaurant.admin.get(f"/admin/tables/{table_id}/history"))
    assert expect(200, restaurant.admin.delete(f"/admin/tables/{table_id}"))["table_id"] == table_id
    refused(404, "table_not_found", restaurant.admin.delete(f"/admin/tables/{table_id}"))
    assert expect(200, restaurant.admin.get(f"/admin/tables/{table_id}/history")) == history
    assert (history["table_number"], history["total_count"]) == (3, 1)
    refused(401, "credentials_invalid", restaurant.log_in(3))


def test_another_stores_tables_are_unknown(restaurant, open_restaurant):
    table_id = restaurant.add_table(1)
    restaurant.seat(1)
    other = open_restaurant()
    for unknown in (table_id, UNKNOWN_ID):
        refused(404, "table_not_found", other.admin.patch(f"/admin/tables/{unknown}", {"table_number": 2}))
        refused(404, "table_not_found", other.admin.delete(f"/admin/tables/{unknown}"))
        refused(404, "table_not_found", other.end_session(unknown))
        refused(404, "table_not_found", other.admin.get(f"/admin/tables/{unknown}/history"))
    assert expect(200, other.admin.get("/admin/tables"))["tables"] == []


def test_a_short_password_that_is_in_use_keeps_working(restaurant, query):
    table_id = restaurant.add_table(1)
    password_hash = bcrypt.hashpw(b"12", bcrypt.gensalt(4)).decode()
    query("UPDATE tables SET table_password_hash = %s WHERE table_id = %s", password_hash, table_id)
    body = {"store_id": restaurant.store_id, "table_number": 1, "table_password": "12"}
    expect(200, Client(restaurant.base).post("/auth/table/login", body))
