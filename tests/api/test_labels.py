"""What guests are told of a dish: allergens, origins, how spicy it is, from which age; and what they are not told."""

import json

import pytest

from tableorder.domain.labels import ALLERGENS, LISTED_INGREDIENTS, MAX_ORIGINS, LabelledMenu, missing_labels
from tests.api.client import expect, refused
from tests.api.test_options import add_group, attach

PORK = {"ingredient": "돼지고기", "origin": "국내산"}
LABELS = {"allergens": ["돼지고기", "대두"], "origins": [PORK], "spicy": 2, "min_age": 19}


def menu_of(client, lang=None):
    return expect(200, client.get("/customer/menus", params={"lang": lang} if lang else None))


def test_guests_get_the_labels_with_the_menu(restaurant, tablet):
    menu_id = restaurant.add_menu(**LABELS)
    group_id, [option_id] = add_group(restaurant, ("치즈", 500, {"allergens": ["우유"]}))
    expect(200, attach(restaurant, menu_id, group_id))
    expect(200, restaurant.admin.patch("/admin/settings", {"origin_notice": "쌀: 국내산"}))
    document = menu_of(tablet)
    [menu] = document["categories"][0]["menus"]
    assert menu == menu | LABELS
    assert menu["option_groups"][0]["options"][0]["allergens"] == ["우유"]
    assert document["origin_notice"] == "쌀: 국내산"
    path = f"/admin/options/{option_id}"
    assert expect(200, restaurant.admin.patch(path, {"price_delta": 1}))["allergens"] == ["우유"]
    assert expect(200, restaurant.admin.patch(path, {"allergens": None}))["allergens"] is None


def test_a_dish_declares_nothing_at_first(restaurant, tablet):
    restaurant.add_menu()
    document = menu_of(tablet)
    [menu] = document["categories"][0]["menus"]
    assert (menu["allergens"], menu["origins"], menu["spicy"], menu["min_age"]) == (None, [], 0, None)
    assert document["origin_notice"] is None


@pytest.mark.parametrize(
    ("lang", "eggs"),
    [
        (None, "난류"),
        ("ko", "난류"),
        ("en-GB", "Eggs"),
        ("ja", "卵"),
        ("zh-Hans-CN", "蛋类"),
        ("zh", "난류"),
        ("vi", "난류"),
    ],
)
def test_the_allergens_have_names_in_our_languages_whatever_the_store_has_translated(restaurant, tablet, lang, eggs):
    restaurant.add_menu(translations={"vi": {"name": "Canh"}})
    for _ in range(4):  # whichever worker answers, and whatever it has kept
        names = menu_of(tablet, lang)["allergen_names"]
        assert tuple(names) == ALLERGENS and names["난류"] == eggs


def test_two_languages_with_other_names_of_allergens_are_two_documents(restaurant, tablet):
    restaurant.add_menu()
    languages = ("en", "en-US", "zh-Hans", "fr")
    etags = {lang: tablet.get(f"/customer/menus?lang={lang}").headers["ETag"] for lang in languages}
    assert etags["en"] == etags["en-US"] and len({*etags.values()}) == 3


@pytest.mark.parametrize(
    "change",
    [
        {"allergens": ["egg"]},
        {"allergens": ["우유", "우유"]},
        {"allergens": "우유"},
        {"allergens": [["우유"]]},
        {"allergens": [None]},
        {"origins": [PORK] * (MAX_ORIGINS + 1)},
        {"origins": None},
        {"origins": [{"ingredient": "쌀"}]},
        {"origins": [PORK | {"price": 1}]},
        {"origins": [PORK | {"origin": "가" * 101}]},
        {"spicy": 4},
        {"spicy": None},
        {"min_age": 0},
        {"min_age": 151},
    ],
    ids=lambda change: json.dumps(change)[:40],
)
def test_what_is_no_label_is_refused(restaurant, menu_id, change):
    problem = refused(400, "validation_failed", restaurant.admin.patch(f"/admin/menus/{menu_id}", change))
    assert [*problem["errors"]] == [*change]


def test_an_admin_is_told_what_guests_are_not(restaurant, open_restaurant):
    category_id = restaurant.add_category()
    ids = {
        name: restaurant.add_menu(category_id=category_id, menu_name=name) for name in ("돼지갈비", "김치찌개", "콜라")
    }
    open_restaurant().add_menu(menu_name="삼겹살")
    labels = expect(200, restaurant.admin.get("/admin/menus/labels"))
    assert labels["undeclared"] == [*ids.values()]
    assert labels["suspects"] == [
        {"menu_id": ids["돼지갈비"], "ingredient": "돼지고기"},
        {"menu_id": ids["김치찌개"], "ingredient": "배추김치"},
    ]
    declared = {"allergens": [], "origins": [PORK]}
    expect(200, restaurant.admin.patch(f"/admin/menus/{ids['돼지갈비']}", declared))
    expect(200, restaurant.admin.patch("/admin/settings", {"origin_notice": "배추김치: 국내산"}))
    expect(200, restaurant.admin.delete(f"/admin/menus/{ids['콜라']}"))
    labels = expect(200, restaurant.admin.get("/admin/menus/labels"))
    assert labels == {"undeclared": [ids["김치찌개"]], "suspects": []}


def test_a_store_without_menus_lacks_nothing(restaurant):
    assert expect(200, restaurant.admin.get("/admin/menus/labels")) == {"undeclared": [], "suspects": []}


@pytest.mark.parametrize("ingredient", LISTED_INGREDIENTS)
def test_each_word_of_an_ingredient_is_a_hint_until_its_origin_is_given(ingredient):
    suspect = {"menu_id": 1, "ingredient": ingredient}
    for word in LISTED_INGREDIENTS[ingredient]:
        bare = missing_labels([LabelledMenu(1, f"매운 {word}", is_declared=True, ingredients="")], "")
        assert suspect in bare["suspects"] and bare["undeclared"] == []
        told = missing_labels([LabelledMenu(1, f"매운 {word}", is_declared=True, ingredients=ingredient)], "")
        assert suspect not in told["suspects"]
