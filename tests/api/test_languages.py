"""Menus in the guests' languages, and orders that keep what the guests saw."""

from __future__ import annotations

import json
import re
import threading

import pytest

from tableorder.domain.languages import MAX_LANGUAGES, MAX_TRANSLATIONS
from tests.api.client import at_once, expect, refused
from tests.api.test_options import add_group, attach, item

STEW = {"en": {"name": "Kimchi stew", "description": "With pork"}, "ja": {"name": "キムチチゲ"}}


def menu_of(client, lang=None, **options):
    return client.get("/customer/menus", params={"lang": lang} if lang else None, **options)


def dish(document):
    return document["categories"][0]["menus"][0]


def seen(client, lang):
    shown = dish(expect(200, menu_of(client, lang)))
    assert shown["menu_name"] == "김치찌개"
    return shown["display_name"], shown["display_description"], shown["lang"]


@pytest.fixture
def stew(restaurant):
    return restaurant.add_menu(description="묵은지", translations=STEW)


@pytest.mark.parametrize(
    ("lang", "expected"),
    [
        ("en", ("Kimchi stew", "With pork", "en")),
        ("EN-us", ("Kimchi stew", "With pork", "en")),
        ("ja", ("キムチチゲ", "묵은지", "ja")),  # field by field
        ("ko", ("김치찌개", "묵은지", "ko")),
        ("zh-Hans", ("김치찌개", "묵은지", "ko")),
        ("e" * 3, ("김치찌개", "묵은지", "ko")),
    ],
)
def test_a_language_is_looked_up(restaurant, tablet, stew, lang, expected):
    assert seen(tablet, lang) == expected


def test_everything_on_the_menu_has_its_name_in_the_language(restaurant, tablet):
    category_id = restaurant.add_category("찌개", translations={"en": {"name": "Stews"}})
    menu_id = restaurant.add_menu(category_id=category_id, translations=STEW)
    group_id, [mild, hot] = add_group(
        restaurant, ("순한맛", 0, {"translations": {"en": {"name": "Mild"}}}), ("매운맛", 0)
    )
    renamed = {"translations": {"en": {"name": "Spice", "description": "How hot"}}}
    assert expect(200, restaurant.admin.patch(f"/admin/option-groups/{group_id}", renamed)).items() >= renamed.items()
    expect(200, attach(restaurant, menu_id, group_id))
    [category] = expect(200, menu_of(tablet, "en"))["categories"]
    [menu] = category["menus"]
    [group] = menu["option_groups"]
    shown = [(each["display_name"], each["display_description"], each["lang"]) for each in (category, menu, group)]
    assert shown == [("Stews", None, "en"), ("Kimchi stew", "With pork", "en"), ("Spice", "How hot", "en")]
    assert [(option["display_name"], option["lang"]) for option in group["options"]] == [
        ("Mild", "en"),
        ("매운맛", "ko"),
    ]
    assert [option["option_id"] for option in group["options"]] == [mild, hot]
    assert "translations" not in json.dumps(category)
    without = expect(200, menu_of(tablet))
    assert not {"display_name", "display_description", "lang"} & {*re.findall(r'"(\w+)":', json.dumps(without))}


def test_admins_see_and_change_the_translations(restaurant, stew):
    admin, none = restaurant.admin, {"translations": {}}
    category_id = restaurant.add_category("음료")
    group_id, [option_id] = add_group(restaurant, ("얼음", 0))
    paths = [f"/admin/menus/{stew}", f"/admin/categories/{category_id}", f"/admin/option-groups/{group_id}"]
    for path in [*paths, f"/admin/options/{option_id}"]:
        changed = {"translations": {"zh-Hant": {"name": "冰"}}}
        assert (
            expect(200, admin.patch(path, {"translations": {"ZH-hant": {"name": " 冰 "}}})).items() >= changed.items()
        )
        same = expect(200, admin.patch(path, {"display_order": 3}))
        assert same["translations"] == changed["translations"]
        listed = [admin.get(f"/admin/{noun}").text for noun in ("menus", "categories", "option-groups")]
        assert any("冰" in text for text in listed)
        assert expect(200, admin.patch(path, none)).items() >= none.items()


TOO_MANY = {f"{chr(97 + n // 26)}{chr(97 + n % 26)}": {"name": "x"} for n in range(MAX_LANGUAGES + 1)}


@pytest.mark.parametrize(
    "translations",
    [
        None, [], "en", {"english": {"name": "x"}}, {"": {"name": "x"}}, {"en": {}}, {"en": "x"}, {"en": {"name": ""}},
        {"en": {"name": None}}, {"en": {"title": "x"}}, {"en": {"name": "x" * 101}}, {"en": {"name": "a\u202eb"}},
        {"en": {"description": "x" * 501}}, {"en": {"name": "x"}, "EN": {"name": "y"}}, TOO_MANY,
        {tag: {"description": "가" * 500} for tag in [*TOO_MANY][:8]},
    ],
)  # fmt: skip
def test_what_is_no_translation_is_refused(restaurant, stew, translations, query):
    if isinstance(translations, dict) and len(translations) == 8:
        assert len(json.dumps(translations, ensure_ascii=False).encode()) > MAX_TRANSLATIONS
    problem = refused(
        400, "validation_failed", restaurant.admin.patch(f"/admin/menus/{stew}", {"translations": translations})
    )
    assert [*problem["errors"]] == ["translations"]
    [(kept,)] = query("SELECT translations FROM menus WHERE menu_id = %s", stew)
    assert kept == STEW


@pytest.mark.parametrize("lang", ["en_US", "*", "", "x" * 36, "'; --", "한국어", "en-"])
def test_what_is_no_language_is_refused(tablet, stew, lang):
    refused(400, "validation_failed", tablet.get("/customer/menus", params={"lang": lang}))
    order = {"items": [item(stew)], "lang": lang}
    refused(400, "validation_failed", tablet.post("/customer/orders", order))


def test_a_store_has_thirty_languages_at_most(restaurant, tablet):
    tags = [f"{first}{second}" for first in "abc" for second in "abcdefghijk"]
    for part in (tags[:15], tags[15:30]):
        restaurant.add_menu(translations={tag: {"name": tag} for tag in part})
    body = {"category_name": "음료", "translations": {tags[30]: {"name": "x"}}}
    problem = refused(409, "limit_reached", restaurant.admin.post("/admin/categories", body))
    assert problem["limit"] == 30
    expect(201, restaurant.admin.post("/admin/categories", body | {"translations": {tags[0]: {"name": "x"}}}))


def test_the_etag_is_of_a_language_and_two_asked_for_alike_are_one(restaurant, tablet, stew):
    tags = {lang: menu_of(tablet, lang).headers["ETag"] for lang in (None, "en", "en-US", "ja", "ko", "fr", "vi")}
    assert tags["en"] == tags["en-US"] and tags["ko"] == tags["fr"] == tags["vi"]
    assert len({*tags.values()}) == 4
    for lang, etag in tags.items():
        assert menu_of(tablet, lang, headers={"If-None-Match": etag}).status_code == 304
        for other in {*tags.values()} - {etag}:
            expect(200, menu_of(tablet, lang, headers={"If-None-Match": other}))


def test_a_new_language_is_in_the_next_answer_of_every_worker(restaurant, tablet, stew):
    """A worker that guesses by the languages of before builds the menu anew."""
    for number in range(3):
        lang = ["fr", "de", "it"][number]
        assert {seen(tablet, lang)[2] for _ in range(8)} == {"ko"}
        changed = STEW | {lang: {"name": f"Kimchi {lang}"}}
        expect(200, restaurant.admin.patch(f"/admin/menus/{stew}", {"translations": changed}))
        assert {seen(tablet, lang) for _ in range(8)} == {(f"Kimchi {lang}", "묵은지", lang)}
    expect(200, restaurant.admin.patch(f"/admin/menus/{stew}", {"translations": {}}))
    assert {seen(tablet, "it") for _ in range(8)} == {("김치찌개", "묵은지", "ko")}


def test_languages_that_come_at_once_are_all_known(restaurant, tablet, query):
    """Each change looks at the store's languages when it has the version's row, so it sees those of the one before."""
    menus = [restaurant.add_menu(menu_name=f"메뉴 {number}") for number in range(6)]
    tags = ["en", "ja", "vi", "th", "fr", "de"]
    barrier = threading.Barrier(len(tags))

    def translate(menu_id, tag):
        barrier.wait()
        return restaurant.admin.patch(f"/admin/menus/{menu_id}", {"translations": {tag: {"name": tag}}})

    for answer in at_once(*[lambda m=m, t=t: translate(m, t) for m, t in zip(menus, tags, strict=True)]):
        expect(200, answer)
    [(languages,)] = query("SELECT languages FROM menu_versions WHERE store_id = %s", restaurant.store_id)
    assert languages == sorted(tags)


def test_an_order_keeps_the_names_that_the_guests_saw(restaurant, tablet, table_id, stew):
    group_id, [hot, plain] = add_group(
        restaurant, ("매운맛", 500, {"translations": {"en": {"name": "Hot"}}}), ("보통", 0), max_select=2
    )
    expect(200, attach(restaurant, stew, group_id))
    options = [{"option_id": hot}, {"option_id": plain}]
    placed = expect(201, tablet.post("/customer/orders", {"items": [item(stew, options=options)], "lang": "en-US"}))
    expect(200, restaurant.admin.patch(f"/admin/menus/{stew}", {"translations": {}, "menu_name": "찌개"}))
    [line] = expect(200, tablet.get(f"/customer/orders/{placed['order_id']}"))["items"]
    assert placed["items"] == [line]
    assert (line["menu_name"], line["display_name"]) == ("김치찌개", "Kimchi stew")
    names = [(option["option_name"], option["display_name"]) for option in line["options"]]
    assert names == [("매운맛", "Hot"), ("보통", "보통")]
    expect(200, restaurant.end_session(table_id))
    [entry] = expect(200, restaurant.admin.get("/admin/history"))["history"]
    assert entry["archived_order_data"]["orders"][0]["items"] == [line]


def test_an_order_without_a_language_has_no_such_names(restaurant, tablet, stew):
    group_id, [hot] = add_group(restaurant, ("매운맛", 500, {"translations": {"en": {"name": "Hot"}}}))
    expect(200, attach(restaurant, stew, group_id))
    lines = [item(stew, options=[{"option_id": hot}])]
    for body in ({"items": lines}, {"items": lines, "lang": None}):
        [line] = expect(201, tablet.post("/customer/orders", body))["items"]
        assert line["display_name"] is None and "display_name" not in line["options"][0]


def test_another_language_is_another_request_to_a_key(tablet, stew):
    headers = {"Idempotency-Key": "1"}
    body = {"items": [item(stew)], "lang": "en"}
    first = expect(201, tablet.post("/customer/orders", body, headers=headers))
    assert expect(201, tablet.post("/customer/orders", body | {"lang": "EN"}, headers=headers)) == first
    refused(422, "idempotency_key_reused", tablet.post("/customer/orders", body | {"lang": "ja"}, headers=headers))
