"""Anything at all is sent, and the server answers by rule: no 5xx, and no row unless it said 201."""

import json
import unicodedata

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.api.client import expect

FEW = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda children: st.lists(children, max_size=5) | st.dictionaries(st.text(), children, max_size=5),
    max_leaves=20,
)
integers = st.integers(-(2**33), 2**33) | st.integers(-2, 120)
texts = st.text(st.characters(), max_size=120) | st.text(st.characters(categories=["Cs", "Cc", "Lo"]), max_size=20)


def some_of(**fields):
    """Objects with some of the fields, each right or anything."""
    return st.fixed_dictionaries({}, optional={name: value | anything for name, value in fields.items()})


def as_kept(value):
    """What becomes of a value that is accepted."""
    return unicodedata.normalize("NFC", value.strip()) or None if isinstance(value, str) else value


def post(client, path, body):
    headers = {"Content-Type": "application/json"}
    return client.call("POST", path, data=json.dumps(body), headers=headers)


def test_orders(restaurant, tablet, query):
    menu_id = restaurant.add_menu()
    lines = some_of(menu_id=st.just(menu_id) | integers, quantity=integers)
    bodies = some_of(items=st.lists(lines, max_size=60)) | anything
    placed = 0

    @FEW
    @given(bodies)
    def check(body):
        nonlocal placed
        answer = post(tablet, "/customer/orders", body)
        assert answer.status_code in (201, 400, 404), answer.text
        placed += answer.status_code == 201

    check()
    assert query("SELECT count(*) FROM orders WHERE store_id = %s", restaurant.store_id) == [(placed,)]
    [(mispriced,)] = query(
        "SELECT count(*) FROM orders WHERE store_id = %s AND total_amount <>"
        " (SELECT sum(quantity * unit_price) FROM order_items WHERE order_items.order_id = orders.order_id)",
        restaurant.store_id,
    )
    assert mispriced == 0


def test_menus(restaurant, tablet, query):
    category_id = restaurant.add_category()
    added = {}
    bodies = (
        some_of(
            category_id=st.just(category_id) | integers,
            menu_name=texts,
            price=integers,
            description=st.none() | texts,
            image_base64=st.none() | texts,
            display_order=integers,
            is_available=st.booleans(),
        )
        | anything
    )

    @FEW
    @given(bodies)
    def check(body):
        answer = post(restaurant.admin, "/admin/menus", body)
        assert answer.status_code in (201, 400, 404), answer.text
        if answer.status_code == 201:
            menu = answer.json()
            assert {name: as_kept(value) for name, value in body.items()}.items() <= menu.items()
            added[menu["menu_id"]] = menu

    check()
    assert query("SELECT count(*) FROM menus WHERE store_id = %s", restaurant.store_id) == [(len(added),)]
    shown = {m["menu_id"]: m for c in expect(200, tablet.get("/customer/menus"))["categories"] for m in c["menus"]}
    assert shown == {menu_id: {name: menu[name] for name in shown[menu_id]} for menu_id, menu in added.items()}


def test_changes_of_menus(restaurant, tablet):
    menu_id = restaurant.add_menu()
    bodies = some_of(menu_name=texts, price=integers, description=st.none() | texts, display_order=integers)

    @FEW
    @given(bodies)
    def check(body):
        headers = {"Content-Type": "application/json"}
        answer = restaurant.admin.call("PATCH", f"/admin/menus/{menu_id}", data=json.dumps(body), headers=headers)
        assert answer.status_code in (200, 400), answer.text
        kept = {name: as_kept(value) for name, value in body.items()} if answer.status_code == 200 else {}
        assert kept.items() <= answer.json().items()

    check()


@pytest.mark.parametrize("path", ["/auth/table/login", "/auth/admin/login"])
def test_logins(client, path):
    fields = {"store_id": integers, "table_number": integers, "table_password": texts}
    if "admin" in path:
        fields = {"username": texts, "password": texts}

    @FEW
    @given(some_of(**fields) | anything)
    def check(body):
        assert post(client, path, body).status_code in (400, 401, 429)

    check()


def test_queries(restaurant, tablet):
    table_id = restaurant.add_table(2)
    paths = st.sampled_from(
        [
            "/admin/orders",
            "/admin/menus",
            "/admin/voids",
            "/admin/history",
            f"/admin/tables/{table_id}/history",
            "/customer/orders",
        ]
    )
    names = (
        "status", "table_id", "table_number", "category_id", "limit", "offset", "start_date", "end_date", "cursor"
    )  # fmt: skip
    parameters = st.dictionaries(
        st.sampled_from(names), st.text(st.characters(exclude_categories=["Cs"])) | integers | st.dates(), max_size=4
    )

    @FEW
    @given(paths, parameters)
    def check(path, query):
        client = tablet if path.startswith("/customer") else restaurant.admin
        assert client.get(path, params=query).status_code in (200, 400, 404)

    check()
