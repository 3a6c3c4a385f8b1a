"""The menu's categories."""

import pytest

from tests.api.client import UNKNOWN_ID, expect, refused


def test_categories_are_listed_in_order_with_their_menus_counted(restaurant):
    second, first = restaurant.add_category("음료", display_order=2), restaurant.add_category("식사", display_order=1)
    restaurant.add_menu(category_id=first)
    expect(200, restaurant.admin.delete(f"/admin/menus/{restaurant.add_menu(category_id=first)}"))
    plain = {"translations": {}, "dayparts": []}
    assert expect(200, restaurant.admin.get("/admin/categories")) == {
        "store_id": restaurant.store_id,
        "categories": [
            {"category_id": first, "category_name": "식사", "display_order": 1, "menu_count": 1} | plain,
            {"category_id": second, "category_name": "음료", "display_order": 2, "menu_count": 0} | plain,
        ],
    }


def test_a_category_is_added_and_changed(restaurant):
    added = expect(201, restaurant.admin.post("/admin/categories", {"category_name": "가" * 50}))
    category_id = added["category_id"]
    assert added == {
        "category_id": category_id,
        "category_name": "가" * 50,
        "translations": {},
        "display_order": 0,
        "dayparts": [],
        "menu_count": 0,
    }
    restaurant.add_menu(category_id=category_id)
    changed = expect(200, restaurant.admin.patch(f"/admin/categories/{category_id}", {"display_order": 4}))
    assert changed == added | {"display_order": 4, "menu_count": 1}
    changed = expect(200, restaurant.admin.patch(f"/admin/categories/{category_id}", {"category_name": "식사"}))
    assert changed == added | {"category_name": "식사", "display_order": 4, "menu_count": 1}


def test_a_name_is_the_only_one_in_its_store(restaurant, open_restaurant):
    restaurant.add_category("식사")
    other = restaurant.add_category("음료")
    refused(409, "category_name_taken", restaurant.admin.post("/admin/categories", {"category_name": "식사"}))
    refused(409, "category_name_taken", restaurant.admin.patch(f"/admin/categories/{other}", {"category_name": "식사"}))
    open_restaurant().add_category("식사")


@pytest.mark.parametrize(
    "change",
    [
        {"category_name": ""},
        {"category_name": "가" * 51},
        {"category_name": 1},
        {"display_order": -1},
        {"display_order": "1"},
    ],
)
def test_a_bad_value_is_a_400_that_names_it(restaurant, change):
    category_id = restaurant.add_category()
    body = {"category_name": "안주"} | change
    for response in (
        restaurant.admin.post("/admin/categories", body),
        restaurant.admin.patch(f"/admin/categories/{category_id}", change),
    ):
        assert refused(400, "validation_failed", response)["errors"].keys() == change.keys()


def test_a_category_with_menus_stays(restaurant):
    category_id = restaurant.add_category()
    menu_id = restaurant.add_menu(category_id=category_id)
    refused(409, "category_not_empty", restaurant.admin.delete(f"/admin/categories/{category_id}"))
    expect(200, restaurant.admin.delete(f"/admin/menus/{menu_id}"))
    assert expect(200, restaurant.admin.delete(f"/admin/categories/{category_id}"))["category_id"] == category_id
    refused(404, "category_not_found", restaurant.admin.delete(f"/admin/categories/{category_id}"))


def test_a_category_goes_though_open_orders_refer_to_its_deleted_menus(restaurant):
    category_id = restaurant.add_category("식사")
    menu_id = restaurant.add_menu(category_id=category_id)
    table_id = restaurant.add_table(1)
    tablet = restaurant.seat(1)
    placed = expect(201, tablet.order((menu_id, 1)))
    expect(200, restaurant.admin.delete(f"/admin/menus/{menu_id}"))
    refused(409, "menu_in_use", restaurant.admin.delete(f"/admin/categories/{category_id}"))
    other = restaurant.add_category("음료")
    expect(200, restaurant.admin.delete(f"/admin/categories/{category_id}"))
    assert expect(200, tablet.get(f"/customer/orders/{placed['order_id']}")) == placed
    refused(409, "menu_in_use", restaurant.admin.delete(f"/admin/categories/{other}"))
    expect(200, restaurant.end_session(table_id))
    expect(200, restaurant.admin.delete(f"/admin/categories/{other}"))


def test_another_stores_categories_are_unknown(restaurant, open_restaurant):
    category_id = restaurant.add_category()
    other = open_restaurant()
    for unknown in (category_id, UNKNOWN_ID):
        refused(404, "category_not_found", other.admin.patch(f"/admin/categories/{unknown}", {"display_order": 1}))
        refused(404, "category_not_found", other.admin.delete(f"/admin/categories/{unknown}"))
    assert expect(200, other.admin.get("/admin/categories"))["categories"] == []


def test_a_category_without_a_place_comes_last(restaurant, tablet):
    second, first = restaurant.add_category("음료", display_order=5), restaurant.add_category("식사", display_order=2)
    added = expect(201, restaurant.admin.post("/admin/categories", {"category_name": "후식"}))
    assert added["display_order"] == 6
    wanted = [first, second, added["category_id"]]
    for client, path in ((tablet, "/customer/menus"), (restaurant.admin, "/admin/categories")):
        assert [c["category_id"] for c in expect(200, client.get(path))["categories"]] == wanted


def test_after_the_last_place_that_there_is_a_category_still_comes_last(restaurant):
    wanted = [restaurant.add_category("음료", display_order=2**31 - 1), restaurant.add_category("식사")]
    categories = expect(200, restaurant.admin.get("/admin/categories"))["categories"]
    assert [category["category_id"] for category in categories] == wanted


def test_the_place_of_a_new_category_goes_by_its_own_store(restaurant, open_restaurant):
    open_restaurant().add_category("음료", display_order=7)
    added = expect(201, restaurant.admin.post("/admin/categories", {"category_name": "음료"}))
    assert added["display_order"] == 0
