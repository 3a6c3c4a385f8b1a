"""What a store sets for itself."""

import pytest

from tableorder.schemas.settings import MAX_ORIGIN_NOTICE
from tests.api.client import at_once, expect, refused

NOTICE = "쌀: 국내산\n김치(배추·고춧가루): 국내산"


def settings(restaurant):
    return expect(200, restaurant.admin.get("/admin/settings"))


def change(restaurant, **values):
    return restaurant.admin.patch("/admin/settings", values)


def test_a_store_that_has_set_nothing_has_the_defaults(restaurant, query):
    expected = {"store_id": restaurant.store_id, "time_zone": "Asia/Seoul", "origin_notice": None}
    assert settings(restaurant) == expected
    assert query("SELECT FROM store_settings WHERE store_id = %s", restaurant.store_id) == []


def test_a_change_keeps_what_it_does_not_name(restaurant, open_restaurant):
    other = open_restaurant()
    assert expect(200, change(restaurant, origin_notice=NOTICE))["time_zone"] == "Asia/Seoul"
    changed = expect(200, change(restaurant, time_zone="Europe/Berlin"))
    assert changed == settings(restaurant)
    assert changed == {"store_id": restaurant.store_id, "time_zone": "Europe/Berlin", "origin_notice": NOTICE}
    assert expect(200, change(restaurant, origin_notice=None))["origin_notice"] is None
    assert settings(restaurant)["time_zone"] == "Europe/Berlin" != settings(other)["time_zone"]


@pytest.mark.parametrize("time_zone", ["Asia/Soul", "KST-9", "+09:00", "서울", "' OR 1=1 --", " "])
def test_a_time_zone_is_one_that_postgresql_knows(restaurant, time_zone):
    problem = refused(400, "validation_failed", change(restaurant, time_zone=time_zone, origin_notice="x"))
    assert [*problem["errors"]] == ["time_zone"]
    assert settings(restaurant) == settings(restaurant) | {"time_zone": "Asia/Seoul", "origin_notice": None}


@pytest.mark.parametrize("body", [{}, {"time_zone": None}, {"origin_notice": "가" * (MAX_ORIGIN_NOTICE + 1)}, {"x": 1}])
def test_what_is_no_setting_is_refused(restaurant, body):
    refused(400, "validation_failed", change(restaurant, **body))


def test_the_first_changes_of_a_store_come_at_once(restaurant):
    """Both are kept: which of them makes the row, the database decides."""
    for answer in at_once(
        lambda: change(restaurant, origin_notice=NOTICE), lambda: change(restaurant, time_zone="Asia/Tokyo")
    ):
        expect(200, answer)
    assert settings(restaurant) == settings(restaurant) | {"time_zone": "Asia/Tokyo", "origin_notice": NOTICE}


def test_the_notice_renews_the_menus_version(restaurant, tablet):
    etag = tablet.get("/customer/menus").headers["ETag"]
    expect(200, change(restaurant, origin_notice=NOTICE))
    noticed = tablet.get("/customer/menus").headers["ETag"]
    expect(200, change(restaurant, origin_notice=NOTICE))
    assert tablet.get("/customer/menus").headers["ETag"] == noticed != etag
