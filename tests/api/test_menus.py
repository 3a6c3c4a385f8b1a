"""The menu: what guests see, and what an admin does to it."""

import base64
import io

import pytest
import requests
from PIL import Image

from tableorder.schemas.fields import (
    Allergens,
    Boolean,
    ImageDataUrl,
    Integer,
    OptionalText,
    Origins,
    Text,
    Translations,
)
from tableorder.schemas.menus import GuestMenu, MenuSchema
from tableorder.schemas.values import Displayed
from tests.api.client import UNKNOWN_ID, expect, refused


@pytest.fixture
def category_id(restaurant):
    return restaurant.add_category()


def picture(image_format, size=(8, 8)):
    content = io.BytesIO()
    Image.new("RGB", size, "red").save(content, image_format)
    return content.getvalue()


def data_url(image_format, content=None):
    encoded = base64.b64encode(picture(image_format.upper()) if content is None else content).decode()
    return f"data:image/{image_format};base64,{encoded}"


def test_guests_see_the_menu_in_its_order(restaurant, tablet):
    drinks = restaurant.add_category("음료", display_order=2)
    meals = restaurant.add_category("식사", display_order=1)
    more = restaurant.add_category("안주", display_order=2)
    last = restaurant.add_menu(category_id=meals, menu_name="비빔밥", price=10000, display_order=5)
    first = restaurant.add_menu(
        category_id=meals, menu_name="김치찌개", price=9000, display_order=1, description="매워요"
    )
    second = restaurant.add_menu(
        category_id=meals, menu_name="된장찌개", price=8000, display_order=1, is_available=False
    )
    menu = expect(200, tablet.get("/customer/menus"))
    assert menu["store_id"] == restaurant.store_id
    assert [(c["category_id"], c["category_name"], c["display_order"]) for c in menu["categories"]] == [
        (meals, "식사", 1),
        (drinks, "음료", 2),
        (more, "안주", 2),
    ]
    assert [m["menu_id"] for m in menu["categories"][0]["menus"]] == [first, second, last]
    shown = menu["categories"][0]["menus"][0]
    assert shown.keys() == GuestMenu().fields.keys() - Displayed().fields.keys()
    assert shown == shown | {
        "menu_id": first,
        "menu_name": "김치찌개",
        "price": 9000,
        "description": "매워요",
        "image_base64": None,
        "display_order": 1,
        "is_available": True,
        "option_groups": [],
    }
    assert menu["categories"][0]["menus"][1]["is_available"] is False
    assert menu["categories"][1]["menus"] == []


# Two values for each field of its kind.
VALUES = {
    Integer: (7, 8),
    Boolean: (False, True),
    Text: ("국수", "냉면"),
    OptionalText: ("우유", "땅콩"),
    ImageDataUrl: (data_url("webp"), data_url("webp", picture("WEBP", (9, 9)))),  # other kinds become one
    Allergens: (["우유", "난류"], []),
    Origins: ([{"ingredient": "쌀", "origin": "국내산"}], []),
    Translations: ({"en": {"name": "Noodles"}}, {"ja": {"name": "冷麺", "description": "冷たい"}}),
}


def values_of(category_ids):
    """By field of a menu, two values for it."""
    values = {name: VALUES[type(field)] for name, field in MenuSchema().fields.items()}
    return values | {"category_id": category_ids, "spicy": (1, 3)}


def test_each_field_of_a_menu_is_kept_shown_and_changed(restaurant, tablet, category_id):
    """Whatever fields a menu has: a new one needs no test like this."""
    values = values_of((category_id, restaurant.add_category("다른 분류")))
    menu = {name: first for name, (first, _) in values.items()}
    added = expect(201, restaurant.admin.post("/admin/menus", menu))
    assert added == added | menu
    path = f"/admin/menus/{added['menu_id']}"
    for name, (_, second) in values.items():
        menu[name] = second
        # with it, since a menu comes last in another category unless its place is given
        change = {name: second, "display_order": menu["display_order"]}
        assert expect(200, restaurant.admin.patch(path, change)).items() >= menu.items()
        for who, lists in ((tablet, "/customer/menus"), (restaurant.admin, "/admin/menus")):
            [category] = [c for c in expect(200, who.get(lists))["categories"] if c["menus"]]
            [shown] = category["menus"]
            told = {"category_id", *GuestMenu().fields} if who is tablet else menu.keys()
            expected = {told_name: value for told_name, value in menu.items() if told_name in told}
            assert shown | {"category_id": category["category_id"]} == shown | expected, (lists, name)


def test_what_may_be_empty_is_null_when_left_out_or_cleared(restaurant, category_id):
    needed = {"category_id": category_id, "menu_name": "국수", "price": 1}
    may_be_empty = [name for name, field in MenuSchema().fields.items() if field.allow_none]
    assert {"description", "image_base64"} <= {*may_be_empty}
    added = expect(201, restaurant.admin.post("/admin/menus", needed))
    assert [added[name] for name in may_be_empty] == [None] * len(may_be_empty)
    path = f"/admin/menus/{added['menu_id']}"
    given = {name: values_of(())[name][0] for name in may_be_empty}
    expect(200, restaurant.admin.patch(path, given))
    for name in may_be_empty:
        given[name] = None
        assert expect(200, restaurant.admin.patch(path, {name: None})).items() >= given.items()


def test_one_category_can_be_asked_for(restaurant, open_restaurant, tablet):
    drinks, meals = restaurant.add_category("음료"), restaurant.add_category("식사")
    foreign = open_restaurant().add_category("음료")
    for client, path in ((tablet, "/customer/menus"), (restaurant.admin, "/admin/menus")):
        menu = expect(200, client.get(f"{path}?category_id={meals}"))
        assert [c["category_id"] for c in menu["categories"]] == [meals] != [drinks]
        for unknown in (UNKNOWN_ID, foreign):
            refused(404, "category_not_found", client.get(f"{path}?category_id={unknown}"))
        refused(400, "validation_failed", client.get(f"{path}?category_id=x"))


def test_a_menu_that_has_not_changed_is_not_sent_again(restaurant, tablet):
    menu_id = restaurant.add_menu()
    first = tablet.get("/customer/menus")
    etag = first.headers["ETag"]
    for known in (etag, f"W/{etag}", f'"other", {etag}'):
        again = tablet.get("/customer/menus", headers={"If-None-Match": known})
        assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", etag)
    expect(200, restaurant.admin.patch(f"/admin/menus/{menu_id}", {"price": 1}))
    changed = tablet.get("/customer/menus", headers={"If-None-Match": etag})
    assert expect(200, changed)["categories"][0]["menus"][0]["price"] == 1
    assert changed.headers["ETag"] != etag


@pytest.mark.parametrize("known", ["", '""', 'W/"", W/"&"', '"', "W/", ",,,", '"x', '"*"'])
def test_an_if_none_match_of_something_else_gets_the_menu(tablet, known):
    expect(200, tablet.get("/customer/menus", headers={"If-None-Match": known}))


def test_an_if_none_match_of_anything_is_met_by_any_menu(restaurant, tablet):
    etag = tablet.get("/customer/menus").headers["ETag"]
    for _ in range(2):
        answer = tablet.get("/customer/menus", headers={"If-None-Match": "*"})
        assert (answer.status_code, answer.content, answer.headers["ETag"]) == (304, b"", etag)
        restaurant.add_menu()
        etag = tablet.get("/customer/menus").headers["ETag"]
    unknown = tablet.get(f"/customer/menus?category_id={UNKNOWN_ID}", headers={"If-None-Match": "*"})
    refused(404, "category_not_found", unknown)


def test_every_kind_of_change_renews_the_etag_and_only_of_its_store(restaurant, open_restaurant, tablet):
    other = open_restaurant()
    other.add_table(1)
    others_etag = other.seat(1).get("/customer/menus").headers["ETag"]
    etags = [tablet.get("/customer/menus").headers["ETag"]]

    def changed():
        etags.append(tablet.get("/customer/menus").headers["ETag"])
        return len(set(etags)) == len(etags)

    category_id = restaurant.add_category("식사")
    assert changed()
    menu_id = restaurant.add_menu(category_id=category_id)
    assert changed()
    expect(200, restaurant.admin.patch(f"/admin/menus/{menu_id}", {"is_available": False}))
    assert changed()
    expect(200, restaurant.admin.patch(f"/admin/categories/{category_id}", {"display_order": 3}))
    assert changed()
    expect(200, restaurant.admin.put("/admin/menus/order", {"menu_ids": [menu_id]}))
    assert changed()
    expect(200, restaurant.admin.delete(f"/admin/menus/{menu_id}"))
    assert changed()
    expect(200, restaurant.admin.delete(f"/admin/categories/{category_id}"))
    assert changed()
    assert other.seat(1).get("/customer/menus").headers["ETag"] == others_etag


def test_the_etag_is_of_the_category_asked_for(restaurant, tablet):
    category_id = restaurant.add_category("음료")
    restaurant.add_menu()
    whole = tablet.get("/customer/menus").headers["ETag"]
    part = tablet.get(f"/customer/menus?category_id={category_id}", headers={"If-None-Match": whole})
    assert part.status_code == 200 and part.headers["ETag"] != whole


def test_an_admin_adds_a_menu(restaurant, tablet):
    category_id = restaurant.add_category("식사")
    body = {"category_id": category_id, "menu_name": "김치찌개", "price": 9000}
    added = expect(201, restaurant.admin.post("/admin/menus", body))
    assert isinstance(added.pop("menu_id"), int) and added.pop("created_at") == added.pop("updated_at")
    assert added == added | body | {
        "category_name": "식사",
        "description": None,
        "image_base64": None,
        "display_order": 0,
        "is_available": True,
        "orderable": True,
        "remaining": None,
        "option_groups": [],
    }


def test_an_admin_sees_what_guests_see_and_more(restaurant, tablet):
    restaurant.add_menu()
    listed = expect(200, restaurant.admin.get("/admin/menus"))
    [category] = listed["categories"]
    [menu] = category["menus"]
    assert menu.pop("created_at") == menu.pop("updated_at")
    assert [menu.pop(name) for name in ("orderable", "remaining", "translations")] == [True, None, {}]
    assert {name: menu.pop(name) for name in ("category_id", "category_name")}.items() <= category.items()
    assert listed == expect(200, tablet.get("/customer/menus"))


def test_an_admin_changes_a_menu(restaurant):
    first, second = restaurant.add_category("식사"), restaurant.add_category("안주")
    image = data_url("webp")
    menu_id = restaurant.add_menu(category_id=first, description="매워요", image_base64=image)

    def change(**values):
        changed = expect(200, restaurant.admin.patch(f"/admin/menus/{menu_id}", values))
        assert values.items() <= changed.items()
        return changed

    assert change(price=1)["description"] == "매워요"
    assert change(description=None)["image_base64"] == image
    assert change(image_base64=None)["price"] == 1
    assert change(category_id=second)["category_name"] == "안주"
    changed = change(menu_name="부대찌개", display_order=7, is_available=False)
    assert changed["updated_at"] > changed["created_at"]


@pytest.mark.parametrize(
    "image",
    [
        "rubbish",
        "https://example.com/x.png",
        data_url("png").replace("png", "svg+xml"),
        data_url("png").replace("png", "jpeg"),
        data_url("png", b""),
        data_url("png", b"\x89PNG\r\n\x1a\nrubbish"),
        data_url("png", picture("PNG")[:-20]),
        data_url("gif", b"GIF89a"),
        data_url("png") + "!",
        data_url("png")[:-3],
        data_url("png", b"<svg xmlns='http://www.w3.org/2000/svg'/>"),
    ],
)
def test_what_is_no_picture_is_a_400(restaurant, image):
    body = {"category_id": restaurant.add_category(), "menu_name": "x", "price": 1, "image_base64": image}
    problem = refused(400, "validation_failed", restaurant.admin.post("/admin/menus", body))
    assert problem["errors"].keys() == {"image_base64"}


def test_a_picture_has_at_most_2_mb_and_a_body_has_a_limit(restaurant):
    size = 2 * 1024 * 1024
    content = picture("GIF")
    restaurant.add_menu(image_base64=data_url("gif", content + b"\0" * (size - len(content))))
    body = {"category_id": restaurant.add_category("x"), "menu_name": "x", "price": 1}
    large = body | {"image_base64": data_url("gif", content + b"\0" * (size + 1 - len(content)))}
    refused(400, "validation_failed", restaurant.admin.post("/admin/menus", large))
    larger = body | {"image_base64": data_url("gif", b"\0" * 2 * size)}
    refused(413, "request_entity_too_large", restaurant.admin.post("/admin/menus", larger))


@pytest.mark.parametrize("is_chunked", [False, True], ids=["with a length", "chunked"])
def test_the_last_byte_that_a_body_may_have(restaurant, is_chunked):
    def send(size: int) -> requests.Response:
        body = b"{" + b" " * (size - 1)
        headers = {"Content-Type": "application/json"}
        return restaurant.admin.call("POST", "/admin/menus", data=iter([body]) if is_chunked else body, headers=headers)

    refused(400, "json_invalid", send(4 * 1024 * 1024))
    refused(413, "request_entity_too_large", send(4 * 1024 * 1024 + 1))


GOOD = {"menu_name": "x", "price": 1}


@pytest.mark.parametrize(
    "change",
    [
        {"menu_name": ""},
        {"menu_name": "   "},
        {"menu_name": "x" * 101},
        {"menu_name": None},
        {"menu_name": 1},
        {"menu_name": "a\0b"},
        {"price": 0},
        {"price": -1},
        {"price": 1.5},
        {"price": "1000"},
        {"price": True},
        {"price": 2**31},
        {"price": None},
        {"description": "x" * 501},
        {"description": ["x"]},
        {"display_order": -1},
        {"is_available": "yes"},
        {"is_available": 1},
        {"is_available": None},
        {"category_id": None},
        {"unknown": 1},
    ],
)
def test_a_bad_value_is_a_400_that_names_it(restaurant, query, change):
    menu_id = restaurant.add_menu()
    body = {"category_id": restaurant.add_category(), **GOOD, **change}
    problem = refused(400, "validation_failed", restaurant.admin.post("/admin/menus", body))
    assert problem["errors"].keys() == change.keys()
    problem = refused(400, "validation_failed", restaurant.admin.patch(f"/admin/menus/{menu_id}", change))
    assert problem["errors"].keys() == change.keys()
    assert query("SELECT count(*) FROM menus WHERE store_id = %s", restaurant.store_id) == [(1,)]


def test_a_change_of_nothing_is_a_400(restaurant):
    refused(400, "validation_failed", restaurant.admin.patch(f"/admin/menus/{restaurant.add_menu()}", {}))


def test_the_limits_themselves_are_good(restaurant):
    restaurant.add_menu(menu_name="가" * 100, description="가" * 500, price=2**31 - 1)
    restaurant.add_menu(menu_name="x", description="", price=1)


def test_a_category_must_be_the_stores_own(restaurant, open_restaurant):
    foreign = open_restaurant().add_category()
    menu_id = restaurant.add_menu()
    for unknown in (foreign, UNKNOWN_ID):
        body = GOOD | {"category_id": unknown}
        refused(404, "category_not_found", restaurant.admin.post("/admin/menus", body))
        refused(404, "category_not_found", restaurant.admin.patch(f"/admin/menus/{menu_id}", {"category_id": unknown}))


def test_a_deleted_menu_is_gone(restaurant, tablet):
    menu_id = restaurant.add_menu()
    answer = expect(200, restaurant.admin.delete(f"/admin/menus/{menu_id}"))
    assert answer["menu_id"] == menu_id and answer["message"]
    assert all(not c["menus"] for c in expect(200, tablet.get("/customer/menus"))["categories"])
    refused(404, "menu_not_found", restaurant.admin.delete(f"/admin/menus/{menu_id}"))
    refused(404, "menu_not_found", restaurant.admin.patch(f"/admin/menus/{menu_id}", {"price": 1}))


def test_another_stores_menus_are_unknown(restaurant, open_restaurant):
    menu_id = restaurant.add_menu()
    other = open_restaurant()
    refused(404, "menu_not_found", other.admin.patch(f"/admin/menus/{menu_id}", {"price": 1}))
    refused(404, "menu_not_found", other.admin.delete(f"/admin/menus/{menu_id}"))
    refused(404, "menu_not_found", other.admin.put("/admin/menus/order", {"menu_ids": [menu_id]}))
    assert expect(200, other.admin.get("/admin/menus"))["categories"] == []


def test_a_category_is_put_in_order(restaurant, tablet):
    category_id = restaurant.add_category()
    ids = [restaurant.add_menu(category_id=category_id) for _ in range(4)]
    wanted = [ids[2], ids[0], ids[3], ids[1]]
    expect(200, restaurant.admin.put("/admin/menus/order", {"menu_ids": wanted}))
    [category] = expect(200, tablet.get("/customer/menus"))["categories"]
    assert [m["menu_id"] for m in category["menus"]] == wanted


def test_an_order_of_menus_names_each_of_one_category_once(restaurant, tablet):
    category_id = restaurant.add_category()
    ids = [restaurant.add_menu(category_id=category_id) for _ in range(3)]
    deleted, elsewhere = restaurant.add_menu(category_id=category_id), restaurant.add_menu()
    expect(200, restaurant.admin.delete(f"/admin/menus/{deleted}"))

    def put(menu_ids):
        return restaurant.admin.put("/admin/menus/order", {"menu_ids": menu_ids})

    refused(409, "menus_missing", put(ids[:2]))
    refused(400, "several_categories", put([*ids, elsewhere]))
    refused(404, "menu_not_found", put([*ids, deleted]))
    refused(404, "menu_not_found", put([*ids, UNKNOWN_ID]))
    refused(400, "validation_failed", put([*ids, ids[0]]))
    refused(400, "validation_failed", put([]))
    refused(400, "validation_failed", put("x"))
    refused(400, "validation_failed", put([*ids, "x"]))
    refused(400, "validation_failed", put([1] * 5000))
    expect(200, put(ids[::-1]))


def in_order(restaurant, category_id):
    """The category's menus as they are listed."""
    [category] = expect(200, restaurant.admin.get(f"/admin/menus?category_id={category_id}"))["categories"]
    return [menu["menu_id"] for menu in category["menus"]]


def test_a_menu_without_a_place_comes_last_after_a_reorder(restaurant, category_id):
    ids = [restaurant.add_menu(category_id=category_id) for _ in range(3)]
    expect(200, restaurant.admin.put("/admin/menus/order", {"menu_ids": ids[::-1]}))
    ids = [*ids[::-1], *(restaurant.add_menu(category_id=category_id) for _ in range(2))]
    assert in_order(restaurant, category_id) == ids
    first = restaurant.add_menu(category_id=category_id, display_order=0)
    assert in_order(restaurant, category_id) == [first, *ids]


def test_a_deleted_menu_has_no_place(restaurant, category_id):
    gone = restaurant.add_menu(category_id=category_id, display_order=100)
    expect(200, restaurant.admin.delete(f"/admin/menus/{gone}"))
    menu = {"category_id": category_id, "menu_name": "국수", "price": 1}
    assert expect(201, restaurant.admin.post("/admin/menus", menu))["display_order"] == 0


def test_after_the_last_place_that_there_is_a_menu_still_comes_last(restaurant, category_id):
    ids = [restaurant.add_menu(category_id=category_id, display_order=2**31 - 1)]
    ids.append(restaurant.add_menu(category_id=category_id))
    ids.append(restaurant.add_menu())
    expect(200, restaurant.admin.patch(f"/admin/menus/{ids[2]}", {"category_id": category_id}))
    assert in_order(restaurant, category_id) == ids


def test_a_menu_that_moves_comes_last_unless_its_place_is_given(restaurant, category_id):
    moving = restaurant.add_menu()
    ids = [restaurant.add_menu(category_id=category_id) for _ in range(2)]
    expect(200, restaurant.admin.put("/admin/menus/order", {"menu_ids": ids[::-1]}))
    moved = expect(200, restaurant.admin.patch(f"/admin/menus/{moving}", {"category_id": category_id}))
    assert (moved["category_id"], moved["display_order"]) == (category_id, 3)
    assert in_order(restaurant, category_id) == [*ids[::-1], moving]
    other = restaurant.add_menu()
    expect(200, restaurant.admin.patch(f"/admin/menus/{other}", {"category_id": category_id, "display_order": 0}))
    assert in_order(restaurant, category_id) == [other, *ids[::-1], moving]


def test_a_menu_that_is_sent_its_own_category_stays_in_its_place(restaurant, category_id):
    ids = [restaurant.add_menu(category_id=category_id) for _ in range(3)]
    expect(200, restaurant.admin.patch(f"/admin/menus/{ids[0]}", {"category_id": category_id, "price": 2}))
    assert in_order(restaurant, category_id) == ids


@pytest.mark.parametrize("path", ["/admin/menus", "/admin/categories"])
def test_null_is_no_place(restaurant, category_id, path):
    body = {"category_id": category_id, "menu_name": "국수", "price": 1} if "menus" in path else {"category_name": "면"}
    problem = refused(400, "validation_failed", restaurant.admin.post(path, body | {"display_order": None}))
    assert problem["errors"].keys() == {"display_order"}
