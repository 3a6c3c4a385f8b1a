"""The menu as one document: out of a store, into a store, and compared with what is there."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.api.client import expect, refused
from tests.api.test_menus import data_url, picture
from tests.api.test_options import add_group, attach, menus_of

PATH = "/admin/menu-document"
EMPTY: dict[str, Any] = {"categories": [], "menus": [], "option_groups": [], "dayparts": []}


def export(restaurant, query=""):
    return expect(200, restaurant.admin.get(PATH + query))


def put(restaurant, document, version=None, query=""):
    version = version or document.get("version") or export(restaurant)["version"]
    return restaurant.admin.put(PATH + query, document, headers={"If-Match": f'"{version}"'})


def document_of(**lists):
    return {"format": "tableorder.menu/1", **lists}


def content(document):
    return {name: value for name, value in document.items() if name != "version"}


def changes(answer):
    """What has changed, without the counts and the version."""
    return {name: answer[name] for name in ("created", "updated", "retired")}


NOTHING: dict[str, list[Any]] = {"created": [], "updated": [], "retired": []}


@pytest.fixture
def full(restaurant):
    """A restaurant with something of everything."""
    stews = restaurant.add_category("찌개", translations={"en": {"name": "Stews"}})
    drinks = restaurant.add_category("음료")
    kimchi = restaurant.add_menu(
        category_id=stews,
        menu_name="김치찌개",
        description="묵은지와\n돼지고기",
        translations={"en": {"name": "Kimchi stew", "description": "With pork"}, "zh-Hans": {"name": "泡菜汤"}},
        allergens=["대두", "돼지고기"],
        origins=[{"ingredient": "돼지고기", "origin": "국내산"}],
        spicy=2,
        image_base64=data_url("png"),
    )
    restaurant.add_menu(category_id=stews, menu_name="된장찌개", is_available=False, allergens=[])
    restaurant.add_menu(category_id=drinks, menu_name="소주", price=5000, min_age=19, display_order=0)
    restaurant.add_menu(category_id=drinks, menu_name="맥주", price=5000, min_age=19, display_order=0)
    size, _ = add_group(restaurant, ("보통", 0, {"is_default": True}), ("곱빼기", 2000), min_select=1)
    extra, _ = add_group(restaurant, ("치즈", 500, {"allergens": ["우유"]}), max_select=3, max_each=2)
    expect(200, attach(restaurant, kimchi, extra, size))
    return restaurant


def test_the_document_has_all_that_an_admin_sets(full):
    document = export(full)
    assert list(document) == ["format", "version", "categories", "menus", "option_groups", "dayparts"]
    assert document["format"] == "tableorder.menu/1" and document["dayparts"] == []
    first, *_, last = document["menus"]
    stews = document["categories"][0]
    size, extra = document["option_groups"]
    assert first == {
        "ref": first["ref"],
        "category": stews["ref"],
        "menu_name": "김치찌개",
        "price": 9000,
        "description": "묵은지와\n돼지고기",
        "translations": {"en": {"name": "Kimchi stew", "description": "With pork"}, "zh-Hans": {"name": "泡菜汤"}},
        "allergens": ["대두", "돼지고기"],
        "origins": [{"ingredient": "돼지고기", "origin": "국내산"}],
        "spicy": 2,
        "min_age": None,
        "picture_sha256": first["picture_sha256"],
        "display_order": 0,
        "is_available": True,
        "option_groups": [extra["ref"], size["ref"]],
        "dayparts": [],
    }
    assert len(first["picture_sha256"]) == 64 and last["menu_name"] == "맥주"
    assert [option["option_name"] for option in size["options"]] == ["보통", "곱빼기"]
    assert extra["options"][0]["allergens"] == ["우유"] and extra["max_each"] == 2
    assert export(full) == document  # the refs stay


def test_what_was_taken_out_changes_nothing_when_it_is_put_back(full, query):
    before, [events] = export(full), query("SELECT count(*) FROM events WHERE store_id = %s", full.store_id)
    menus = expect(200, full.admin.get("/admin/menus"))
    for parameters in ("", "?mode=merge", "?mode=replace", "?dry_run=true"):
        answer = expect(200, put(full, before, query=parameters))
        assert changes(answer) == NOTHING
        assert (answer["unchanged"], answer["warnings"], answer["version"]) == (11, [], before["version"])
    with_pictures = export(full, "?pictures=embed")
    assert changes(expect(200, put(full, with_pictures, query="?mode=replace"))) == NOTHING
    assert export(full) == before and expect(200, full.admin.get("/admin/menus")) == menus
    assert query("SELECT count(*) FROM events WHERE store_id = %s", full.store_id) == [events]


def test_a_document_goes_into_an_empty_store_and_comes_back_to_the_letter(full, open_restaurant, query):
    there = open_restaurant()
    document = export(full, "?pictures=embed")
    answer = expect(200, put(there, document, export(there)["version"]))
    assert len(answer["created"]) == 11 and answer["updated"] == answer["retired"] == []
    copy = export(there, "?pictures=embed")
    assert json.dumps(content(copy)) == json.dumps(content(document))
    assert answer["version"] == copy["version"] != document["version"]
    assert changes(expect(200, put(full, content(copy), document["version"], "?mode=replace"))) == NOTHING
    events = query("SELECT event_data FROM events WHERE store_id = %s AND event_type = 'menu_changed'", there.store_id)
    assert events == [({"version": copy["version"]},)]  # one, whatever the number of rows


def test_guests_see_what_was_put(restaurant, tablet):
    document = document_of(
        categories=[{"ref": "c", "category_name": "찌개", "translations": {"ja": {"name": "チゲ"}}}],
        menus=[{"ref": "m", "category": "c", "menu_name": "순두부", "price": 8000, "option_groups": ["g"]}],
        option_groups=[{"ref": "g", "group_name": "맵기", "options": [{"ref": "o", "option_name": "맵게"}]}],
    )
    expect(200, put(restaurant, document))
    [(_, menu)] = menus_of(tablet).items()
    assert (menu["menu_name"], menu["price"], menu["is_available"]) == ("순두부", 8000, True)
    assert [group["options"][0]["option_name"] for group in menu["option_groups"]] == ["맵게"]
    shown = expect(200, tablet.get("/customer/menus?lang=ja"))["categories"]
    assert shown[0]["display_name"] == "チゲ"
    expect(201, tablet.order((menu["menu_id"], 1)))


def test_it_says_field_by_field_what_changes(full):
    document = export(full)
    menu, group = document["menus"][0], document["option_groups"][0]
    sent = document_of(
        menus=[{"ref": menu["ref"], "price": 9500, "description": None, "option_groups": [group["ref"]]}],
        option_groups=[{"ref": group["ref"], "options": [{"ref": "new", "option_name": "특대", "price_delta": 4000}]}],
    )
    told = expect(200, put(full, sent, query="?dry_run=true"))
    assert export(full) == document
    assert told["created"] == [{"kind": "option", "ref": "new"}]
    assert told["updated"] == [
        {"kind": "menu", "ref": menu["ref"], "field": "description", "from": "묵은지와\n돼지고기", "to": None},
        {
            "kind": "menu",
            "ref": menu["ref"],
            "field": "option_groups",
            "from": menu["option_groups"],
            "to": [group["ref"]],
        },
        {"kind": "menu", "ref": menu["ref"], "field": "price", "from": 9000, "to": 9500},
    ]
    assert (told["retired"], told["unchanged"], told["version"]) == ([], 1, document["version"])
    answer = expect(200, put(full, sent))
    assert changes(answer) == changes(told) and answer["version"] != told["version"]
    after = export(full)
    assert after["version"] == answer["version"]
    assert after["option_groups"][0]["options"][-1] == {
        "ref": "new",
        "option_name": "특대",
        "translations": {},
        "price_delta": 4000,
        "is_available": True,
        "is_default": False,
        "allergens": None,
        "display_order": 2,
    }
    again = expect(200, put(full, sent))
    assert changes(again) == NOTHING and again["version"] == answer["version"]


def test_replace_retires_what_is_not_named(full, tablet):
    document = export(full)
    kept = document["menus"][0]
    ordered = expect(201, tablet.order((next(iter(menus_of(tablet))), 1)))
    sent = document_of(
        categories=[{"ref": "new", "category_name": "찌개"}],  # the name of one that goes
        menus=[{"ref": kept["ref"], "category": "new", "option_groups": []}],
    )
    answer = expect(200, put(full, sent, query="?mode=replace"))
    assert answer["created"] == [{"kind": "category", "ref": "new"}]
    assert {(each["kind"], each["ref"]) for each in answer["retired"]} == {
        *(("category", each["ref"]) for each in document["categories"]),
        *(("menu", each["ref"]) for each in document["menus"][1:]),
        *(("option_group", each["ref"]) for each in document["option_groups"]),
        *(("option", option["ref"]) for group in document["option_groups"] for option in group["options"]),
    }
    after = export(full)
    assert [menu["ref"] for menu in after["menus"]] == [kept["ref"]] and after["option_groups"] == []
    assert [category["category_name"] for category in after["categories"]] == ["찌개"]
    [order] = expect(200, tablet.get("/customer/orders"))["orders"]
    assert order == ordered
    back = expect(200, put(full, document, after["version"], "?mode=replace"))
    assert content(export(full)) == content(document) and len(back["created"]) == 10


def test_an_empty_document_empties_the_menu(full):
    answer = expect(200, put(full, document_of(), query="?mode=replace"))
    assert len(answer["retired"]) == 11
    assert content(export(full)) == document_of(**EMPTY)


def test_categories_may_change_places(full):
    first, second = export(full)["categories"]
    sent = [
        {"ref": first["ref"], "category_name": second["category_name"]},
        {"ref": second["ref"], "category_name": first["category_name"]},
    ]
    assert len(expect(200, put(full, document_of(categories=sent)))["updated"]) == 2
    assert [each["category_name"] for each in export(full)["categories"]] == ["음료", "찌개"]


def test_without_the_version_and_with_an_old_one_nothing_is_done(full):
    document = export(full)
    document["menus"][0]["price"] = 1
    refused(428, "precondition_required", full.admin.put(PATH, document))
    restaurant_change = expect(200, full.admin.get("/admin/menus"))["categories"][0]["menus"][1]["menu_id"]
    expect(200, full.admin.patch(f"/admin/menus/{restaurant_change}", {"price": 7777}))
    now = export(full)
    for query in ("", "?dry_run=true"):
        assert refused(412, "precondition_failed", put(full, document, query=query))["version"] == now["version"]
    assert export(full) == now
    weak = {"If-Match": f'W/"{now["version"]}"'}  # as a proxy that compresses makes it
    expect(200, full.admin.put(PATH, document, headers=weak))
    refused(412, "precondition_failed", full.admin.put(PATH, document, headers={"If-Match": f'"{now["version"]}"'}))
    assert full.admin.get(PATH).headers["ETag"] == f'"{export(full)["version"]}"'


def test_mistakes_are_told_by_pointers(full):
    document = export(full)
    document["menus"][0] |= {"price": "9000", "pirce": 1}
    document["menus"][2] |= {"menu_name": "\u202e소주", "origins": [{"ingredient": "쌀", "origin": ""}]}
    document["option_groups"][1]["options"][0]["price_delta"] = 10**12
    document |= {"a/b~c": 1}
    errors = refused(400, "validation_failed", put(full, document))["errors"]
    assert set(errors) == {
        "/menus/0/price",
        "/menus/0/pirce",
        "/menus/2/menu_name",
        "/menus/2/origins/0/origin",
        "/option_groups/1/options/0/price_delta",
        "/a~1b~0c",
    }
    for wrong in (
        {"menus": {}},
        {"menus": [1]},
        {"menus": [{"price": 1}]},
        {"menus": [{"ref": "m"}, {"ref": "m"}]},
        {"option_groups": [{"ref": "g", "options": [{"ref": "o"}, {"ref": "o"}]}]},
    ):
        refused(400, "validation_failed", put(full, document_of(**wrong)))
    twice = put(full, document_of(menus=[{"ref": "a"}, {"ref": "b"}, {"ref": "a"}]))
    assert set(refused(400, "validation_failed", twice)["errors"]) == {"/menus/2/ref"}
    refused(400, "validation_failed", put(full, {"format": "tableorder.menu/2"}))
    many = document_of(menus=[{"ref": f"m{number}", "price": 0} for number in range(500)])
    assert len(refused(400, "validation_failed", put(full, many))["errors"]) == 100


def test_what_does_not_fit_the_menu_is_told_by_pointers(full, open_restaurant):
    other = export(open_restaurant())
    document = export(full)
    stews, drinks = document["categories"]
    size, extra = document["option_groups"]
    sha256 = "0" * 64
    sent = document_of(
        categories=[{"ref": stews["ref"], "category_name": drinks["category_name"]}, {"ref": "nameless"}],
        menus=[
            {"ref": "a", "menu_name": "a", "price": 1, "category": "nowhere", "option_groups": [size["ref"], "none"]},
            {"ref": "b", "category": stews["ref"]},
            {"ref": document["menus"][0]["ref"], "picture_sha256": sha256},
        ],
        option_groups=[
            {"ref": size["ref"], "min_select": 3, "max_select": 2},
            {"ref": extra["ref"], "min_select": 3, "max_each": 1},
        ],
    )
    for query in ("", "?dry_run=true"):
        problem = refused(400, "validation_failed", put(full, sent, query=query))
        assert set(problem["errors"]) == {
            "/categories/0/category_name",
            "/categories/1/category_name",
            "/menus/0/category",
            "/menus/0/option_groups/1",
            "/menus/1/menu_name",
            "/menus/1/price",
            "/menus/2/picture_sha256",
            "/option_groups/0",
            "/option_groups/0/min_select",
            "/option_groups/1",
        }
    assert export(full) == document and other["menus"] == []
    replaced = document_of(categories=[stews], menus=[document["menus"][0]])
    errors = refused(400, "validation_failed", put(full, replaced, query="?mode=replace"))["errors"]
    assert set(errors) == {"/menus/0/option_groups/0", "/menus/0/option_groups/1"}


def test_another_stores_refs_and_pictures_are_unknown(full, open_restaurant):
    other = open_restaurant()
    theirs = export(full)
    menu, group = theirs["menus"][0], theirs["option_groups"][0]
    sent = document_of(
        categories=[{"ref": "own", "category_name": "찌개"}],
        menus=[menu | {"category": "own", "option_groups": [group["ref"]]}],
    )
    errors = refused(400, "validation_failed", put(other, sent))["errors"]
    assert set(errors) == {"/menus/0/option_groups/0", "/menus/0/picture_sha256"}
    own = document_of(
        categories=[{"ref": "own", "category_name": "찌개"}],
        menus=[{"ref": menu["ref"], "category": "own", "menu_name": "남의 것", "price": 1}],
    )
    assert {"kind": "menu", "ref": menu["ref"]} in expect(200, put(other, own))["created"]
    assert export(full) == theirs


def test_a_name_twice_and_a_price_that_changes_by_half_are_warned_of(full):
    menus = export(full)["menus"]
    sent = document_of(
        menus=[
            {"ref": menus[0]["ref"], "price": 4500},
            {"ref": menus[1]["ref"], "price": 4501},
            {"ref": menus[2]["ref"], "menu_name": menus[3]["menu_name"], "price": 7500},
        ]
    )
    answer = expect(200, put(full, sent))
    assert answer["warnings"] == [
        {"code": "price_changed_by_half", "kind": "menu", "ref": menus[0]["ref"], "pointer": "/menus/0"},
        {"code": "name_twice", "kind": "menu", "ref": menus[2]["ref"], "pointer": "/menus/2"},
        {"code": "price_changed_by_half", "kind": "menu", "ref": menus[2]["ref"], "pointer": "/menus/2"},
    ]


def test_a_picture_that_the_store_has_is_named_and_one_is_taken_away(full, query):
    first, second, *_ = export(full)["menus"]
    sent = document_of(menus=[{"ref": second["ref"], "picture_sha256": first["picture_sha256"].upper()}])
    expect(200, put(full, sent))
    assert export(full)["menus"][1]["picture_sha256"] == first["picture_sha256"]
    gone = document_of(menus=[{"ref": each["ref"], "image_base64": None} for each in (first, second)])
    expect(200, put(full, gone))
    assert {menu["picture_sha256"] for menu in export(full)["menus"]} == {None}
    assert query("SELECT unused_since IS NULL FROM pictures WHERE store_id = %s", full.store_id) == [(False,)]
    new = document_of(menus=[{"ref": first["ref"], "image_base64": data_url("jpeg", picture("JPEG", (9, 9)))}])
    expect(200, put(full, new, query="?dry_run=true"))
    assert query("SELECT count(*) FROM pictures WHERE store_id = %s", full.store_id) == [(1,)]
    expect(200, put(full, new))
    shown = export(full)["menus"][0]["picture_sha256"]
    assert full.admin.get(f"/pictures/{shown}.webp").status_code == 200
    broken = document_of(menus=[{"ref": first["ref"], "image_base64": "data:image/png;base64,AAAA"}])
    assert set(refused(400, "validation_failed", put(full, broken))["errors"]) == {"/menus/0/image_base64"}


LUNCH = [{"weekday": day, "starts": "11:00", "ends": "14:30"} for day in range(7)]
NIGHT = [{"weekday": 5, "starts": "22:00", "ends": "02:00"}]


@pytest.fixture
def timed(full):
    """The restaurant, with hours for a category and for a dish of another one."""
    ids = [
        expect(201, full.admin.post("/admin/dayparts", {"daypart_name": name, "hours": hours}))["daypart_id"]
        for name, hours in (("점심", LUNCH), ("심야", NIGHT))
    ]
    stews, drinks = expect(200, full.admin.get("/admin/menus"))["categories"]
    expect(200, full.admin.put(f"/admin/categories/{drinks['category_id']}/dayparts", {"daypart_ids": ids[1:]}))
    expect(200, full.admin.put(f"/admin/menus/{stews['menus'][0]['menu_id']}/dayparts", {"daypart_ids": ids}))
    return full


def test_the_hours_come_with_the_document_and_go_with_it(timed, open_restaurant, query):
    document = export(timed)
    lunch, night = document["dayparts"]
    assert lunch == {"ref": lunch["ref"], "daypart_name": "점심", "hours": LUNCH} and night["hours"] == NIGHT
    assert [each["dayparts"] for each in document["categories"]] == [[], [night["ref"]]]
    assert [each["dayparts"] for each in document["menus"]] == [sorted([lunch["ref"], night["ref"]]), [], [], []]
    answer = expect(200, put(timed, document, query="?mode=replace"))
    assert changes(answer) == NOTHING and (answer["unchanged"], answer["version"]) == (13, document["version"])
    there = open_restaurant()
    whole = export(timed, "?pictures=embed")
    assert len(expect(200, put(there, whole, export(there)["version"]))["created"]) == 13
    assert json.dumps(content(export(there, "?pictures=embed"))) == json.dumps(content(whole))
    menus, copied = (expect(200, each.admin.get("/admin/menus")) for each in (timed, there))
    assert copied["valid_until"] == menus["valid_until"] is not None
    served = [
        [[menu["served_now"] for menu in category["menus"]] for category in each["categories"]]
        for each in (menus, copied)
    ]
    assert served[0] == served[1]
    statement = "SELECT count(*) FROM events WHERE store_id = %s AND event_type = 'menu_changed'"
    assert query(statement, there.store_id) == [(1,)]


def test_hours_are_changed_given_and_retired_by_a_document(timed):
    document = export(timed)
    (lunch, night), menu = document["dayparts"], document["menus"][0]
    sent = document_of(
        dayparts=[
            {"ref": lunch["ref"], "daypart_name": "심야", "hours": []},
            {"ref": night["ref"], "daypart_name": "점심"},
            {"ref": "new", "daypart_name": "아침", "hours": NIGHT},
        ],
        menus=[{"ref": menu["ref"], "dayparts": ["new", night["ref"]]}],
        categories=[{"ref": document["categories"][1]["ref"], "dayparts": []}],
    )
    answer = expect(200, put(timed, sent))
    assert answer["created"] == [{"kind": "daypart", "ref": "new"}]
    assert {(each["kind"], each["field"]) for each in answer["updated"]} == {
        ("category", "dayparts"), ("daypart", "daypart_name"), ("daypart", "hours"), ("menu", "dayparts"),
    }  # fmt: skip
    after = export(timed)
    assert [each["daypart_name"] for each in after["dayparts"]] == ["심야", "점심", "아침"]
    assert after["menus"][0]["dayparts"] == sorted(["new", night["ref"]])
    assert [each["dayparts"] for each in after["categories"]] == [[], []]
    assert changes(expect(200, put(timed, sent))) == NOTHING
    kept = {**content(after), "dayparts": [], "menus": [each | {"dayparts": []} for each in after["menus"]]}
    assert len(expect(200, put(timed, kept, after["version"], "?mode=replace"))["retired"]) == 3
    assert content(export(timed)) == kept
    assert expect(200, timed.admin.get("/admin/menus"))["valid_until"] is None


def test_hours_that_do_not_fit_are_told_by_pointers(timed):
    document = export(timed)
    lunch, night = document["dayparts"]
    wrong = document_of(dayparts=[{"ref": "a", "hours": [{"weekday": 7, "starts": "24:00", "ends": "02:00"}]}])
    errors = refused(400, "validation_failed", put(timed, wrong))["errors"]
    assert set(errors) == {"/dayparts/0/hours/0/weekday", "/dayparts/0/hours/0/starts"}
    unfit = document_of(
        categories=[{"ref": document["categories"][0]["ref"], "dayparts": ["none"]}],
        menus=[{"ref": document["menus"][0]["ref"], "dayparts": [night["ref"], "gone", lunch["ref"]]}],
        dayparts=[{"ref": "a"}, {"ref": "b", "daypart_name": "점심", "hours": []}],
    )
    errors = refused(400, "validation_failed", put(timed, unfit))["errors"]
    assert set(errors) == {
        "/categories/0/dayparts/0",
        "/menus/0/dayparts/1",
        "/dayparts/0/daypart_name",
        "/dayparts/0/hours",
        "/dayparts/1/daypart_name",
    }
    many = document_of(dayparts=[{"ref": f"d{n}", "daypart_name": f"d{n}", "hours": []} for n in range(49)])
    assert refused(409, "limit_reached", put(timed, many))["limit"] == 50
    assert export(timed) == document


def test_a_table_leaves_the_hours_as_they_are(timed):
    before, table = export(timed), table_of(timed)
    for query in ("", "?mode=replace"):
        assert changes(expect(200, put_table(timed, table, query))) == NOTHING
    assert export(timed) == before


def big_document(menus=1000, groups=100, options=20):
    return document_of(
        categories=[{"ref": f"c{n}", "category_name": f"분류 {n}"} for n in range(20)],
        option_groups=[
            {
                "ref": f"g{n}",
                "group_name": f"그룹 {n}",
                "max_select": 3,
                "options": [
                    {"ref": f"o{n}-{m}", "option_name": f"옵션 {m}", "price_delta": 100 * m} for m in range(options)
                ],
            }
            for n in range(groups)
        ],
        menus=[
            {
                "ref": f"m{n}",
                "category": f"c{n % 20}",
                "menu_name": f"메뉴 {n}",
                "price": 9000,
                "description": "맛있는 메뉴 " * 20,
                "translations": {"en": {"name": f"Dish {n}"}, "ja": {"name": f"料理 {n}"}},
                "option_groups": [f"g{(n + k) % groups}" for k in range(4)],
            }
            for n in range(menus)
        ],
    )


def test_a_thousand_menus_and_two_thousand_options_at_once(restaurant):
    sent = big_document()
    answer = expect(200, put(restaurant, sent))
    assert len(answer["created"]) == 3120
    document = export(restaurant)
    assert (len(document["menus"]), sum(len(group["options"]) for group in document["option_groups"])) == (1000, 2000)
    for menu in document["menus"]:
        menu["price"] += 500
    changed = expect(200, put(restaurant, document, query="?mode=replace"))
    assert (len(changed["updated"]), changed["unchanged"], changed["retired"]) == (1000, 2120, [])
    assert changes(expect(200, put(restaurant, export(restaurant)))) == NOTHING
    assert len(expect(200, put(restaurant, document_of(), query="?mode=replace"))["retired"]) == 3120


def put_table(restaurant, table, query="", version=None):
    headers = {"If-Match": f'"{version}"' if version else "*", "Content-Type": "text/csv"}
    return restaurant.admin.call("PUT", PATH + query, data=table, headers=headers)


def table_of(restaurant):
    answer = restaurant.admin.get(PATH, headers={"Accept": "text/csv"})
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.content == restaurant.admin.get(f"{PATH}?format=csv").content
    return answer.content


def test_a_table_comes_out_for_excel_and_changes_nothing_when_it_is_put_back(full):
    sent = document_of(
        menus=[
            {"ref": menu["ref"], "menu_name": name}
            for menu, name in zip(export(full)["menus"], ("=1+2", "'=1", "-콜라;\\:|", "@\"사이다\""), strict=True)
        ],
        option_groups=[
            {"ref": group["ref"], "group_name": "같은 이름: +500", "options": [
                {"ref": group["options"][0]["ref"], "option_name": "콜라+1"}
            ]}
            for group in export(full)["option_groups"]
        ],
    )  # fmt: skip
    expect(200, put(full, sent))
    before, table = export(full), table_of(full)
    assert table.startswith(b"\xef\xbb\xbfref,category,name,price,description,is_available,options,")
    text = table.decode("utf-8-sig")
    assert "'=1+2" in text and "''=1" in text and "'-콜라;\\:|" in text and '"묵은지와\n돼지고기"' in text
    assert "같은 이름\\: +500:콜라+1+0|곱빼기+2000" in text and "돼지고기:국내산" in text
    for query in ("", "?dry_run=true", "?mode=replace"):
        answer = expect(200, put_table(full, table, query, before["version"]))
        assert changes(answer) == NOTHING and answer["version"] == before["version"]
    korean = text.encode("cp949")
    assert changes(expect(200, put_table(full, korean))) == NOTHING
    assert export(full) == before


def test_a_table_adds_and_changes(full):
    document = export(full)
    first = document["menus"][0]
    rows = [
        "Ref,Category,Name,Price,Options,Allergens,Is_available",
        f'{first["ref"]},찌개,김치찌개,"9,500",',
        ",찌개,순두부,8000,맵기:순하게|맵게+500;사리:라면+1000,없음,FALSE",
        ",후식,식혜,3000,,우유|대두,true",
    ]
    table = "\r\n".join(rows).encode()
    answer = expect(200, put_table(full, table))
    kinds = [each["kind"] for each in answer["created"]]
    assert sorted(kinds) == ["category", "menu", "menu", "option", "option", "option", "option_group", "option_group"]
    after = export(full)
    menus = {menu["menu_name"]: menu for menu in after["menus"]}
    groups = {group["ref"]: group for group in after["option_groups"]}
    assert (menus["김치찌개"]["price"], menus["김치찌개"]["option_groups"]) == (9500, [])
    assert menus["김치찌개"]["description"] == first["description"]  # there is no such column
    hot, extra = (groups[ref] for ref in menus["순두부"]["option_groups"])
    assert [(o["option_name"], o["price_delta"]) for o in hot["options"]] == [("순하게", 0), ("맵게", 500)]
    assert extra["group_name"] == "사리" and menus["순두부"]["allergens"] == [] and not menus["순두부"]["is_available"]
    assert menus["식혜"]["allergens"] == ["우유", "대두"]
    again = expect(200, put_table(full, table))
    assert changes(again) == NOTHING and again["version"] == answer["version"]
    gone = expect(200, put_table(full, "\r\n".join(rows[:3]).encode(), "?mode=replace"))["retired"]
    assert {"kind": "menu", "ref": menus["식혜"]["ref"]} in gone


def test_mistakes_in_a_table_are_told_by_row_and_column(full):
    for table, where in (
        ("name,price\n국수,만원", "/menus/0/price"),
        ("name,price\n국수,1", "/menus/0/category"),
        ("category,name\n면,국수", "/menus/0/price"),
        ("category,name,price\n면,국수,1\n면,\u202e,1", "/menus/1/menu_name"),
        ("category,name,price,options\n면,국수,1,양", "/menus/0/options"),
        ("category,name,price,options\n면,국수,1,양:많이\n면,냉면,1,양:적게", "/menus/1/options"),
        ("category,name,price,origins\n면,국수,1,밀", "/menus/0/origins"),
        ("category,name,price,is_available\n면,국수,1,아마", "/menus/0/is_available"),
        ("category,name,price,allergens\n면,국수,1,돌", "/menus/0/allergens"),
        ("name,price\n국수,1,2", "/menus/0"),
        ("name,preis\n국수,1", ""),
        ('name,price\n"국수,1', ""),
        ("", ""),
        (b"\xff\xfe\x00", ""),
    ):
        content = table if isinstance(table, bytes) else table.encode()
        errors = refused(400, "validation_failed", put_table(full, content))["errors"]
        assert list(errors) == [where], (table, errors)
    refused(428, "precondition_required", full.admin.call("PUT", PATH, data=b"", headers={"Content-Type": "text/csv"}))
    refused(412, "precondition_failed", put_table(full, table_of(full), version="0" * 8))
