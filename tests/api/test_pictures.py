"""A menu's picture is decoded whole and kept as a WebP with an address of its own."""

import hashlib
import io
import random
import struct
import zlib

import pytest
from PIL import Image

from tests.api.client import UNKNOWN_ID, expect, refused
from tests.images import assert_can_be_shown, colour, content, data_url, flag, turned_photo

CUT_SHORT = content("JPEG")[:-40]
HUGE = b"".join(
    struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
    for name, body in ((b"IHDR", struct.pack(">IIBBBBB", 30_000, 30_000, 8, 2, 0, 0, 0)), (b"IEND", b""))
)


def send(restaurant, image):
    category_id = restaurant.add_category(f"분류 {random.random()}")
    return restaurant.admin.post(
        "/admin/menus", {"category_id": category_id, "menu_name": "x", "price": 1, "image_base64": image}
    )


# What is kept of it; tests/domain/test_images.py has all kinds


@pytest.mark.parametrize("image_format", ["PNG", "JPEG", "WEBP"])
def test_a_photo_is_shown_upright_and_without_its_place(restaurant, image_format):
    menu = expect(201, send(restaurant, data_url(image_format, turned_photo(image_format))))
    answer = restaurant.admin.get(menu["image_url"].removeprefix("/api/v1"))
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "image/webp")
    assert menu["image_url"] == f"/api/v1/pictures/{hashlib.sha256(answer.content).hexdigest()}.webp"
    assert menu["image_base64"] == data_url("WEBP", answer.content)
    assert_can_be_shown(answer.content)
    shown = Image.open(io.BytesIO(answer.content))
    assert shown.size == (20, 40)
    assert (colour(shown, 10, 5), colour(shown, 10, 35)) == ("blue", "red")


@pytest.mark.parametrize(
    ("image", "why"),
    [
        (data_url("JPEG", CUT_SHORT), "Must be a whole JPEG image: this one is cut short or damaged."),
        (data_url("GIF", content("PNG")), "Must be a real image of the type it names (GIF)."),
        (data_url("PNG", b"\x89PNG\r\n\x1a\n" + HUGE), "Must have at most 40 megapixels."),
        (
            data_url("BMP", content("PNG")),
            "Must be a data URL of a PNG, JPEG, WebP or GIF image: data:image/png;base64,….",
        ),
    ],
)
def test_who_sends_no_picture_is_told_why(restaurant, image, why):
    assert refused(400, "validation_failed", send(restaurant, image))["errors"] == {"image_base64": [why]}


@pytest.mark.parametrize("blank", ["", " "])
def test_an_empty_field_is_no_picture(restaurant, blank):
    assert expect(201, send(restaurant, blank))["image_base64"] is None
    menu_id = restaurant.add_menu(image_base64=data_url("PNG", content("PNG")))
    assert (
        expect(200, restaurant.admin.patch(f"/admin/menus/{menu_id}", {"image_base64": blank}))["image_base64"] is None
    )


def test_what_was_fetched_and_is_sent_again_stays_as_it_is(restaurant):
    menu = expect(201, send(restaurant, data_url("JPEG", content("JPEG"))))
    again = expect(200, restaurant.admin.patch(f"/admin/menus/{menu['menu_id']}", menu | {"price": 2}))
    assert (again["price"], again["image_url"]) == (2, menu["image_url"])


# Where it is


@pytest.fixture
def picture_url(restaurant):
    return expect(201, send(restaurant, data_url("PNG", content("PNG"))))["image_url"]


def test_a_picture_is_for_anybody_and_for_good(client, picture_url):
    path = picture_url.removeprefix("/api/v1")
    answer = client.get(path)
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    etag = f'"{picture_url[-69:-5]}"'
    assert answer.headers["ETag"] == etag
    for known in (etag, f"W/{etag}", f'"other", {etag}'):
        again = client.get(path, headers={"If-None-Match": known})
        assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", etag)
        assert again.headers["Cache-Control"] == answer.headers["Cache-Control"]
    assert client.get(path, headers={"If-None-Match": '"other"'}).content == answer.content
    head = client.call("HEAD", path)
    assert (head.status_code, head.content, head.headers["Content-Length"]) == (200, b"", str(len(answer.content)))
    refused(405, "method_not_allowed", client.post(path))


def test_another_name_is_not_found(client, picture_url):
    refused(404, "picture_not_found", client.get(f"/pictures/{'0' * 64}.webp"))
    path = picture_url.removeprefix("/api/v1")
    for wrong in (path[:-5], path.upper().replace("/PICTURES", "/pictures"), path[:-6] + ".webp", f"{path}.webp"):
        assert refused(404, "not_found", client.get(wrong)).keys()
    unknown = client.get(f"/pictures/{'0' * 64}.webp", headers={"If-None-Match": f'"{"0" * 64}"'})
    refused(404, "picture_not_found", unknown)


# In the menu


def shown_in(client, path):
    [menu] = [menu for category in expect(200, client.get(path))["categories"] for menu in category["menus"]]
    return menu["image_url"], menu["image_base64"]


@pytest.mark.parametrize("who", ["tablet", "admin"])
def test_the_menu_has_the_address_and_only_if_asked_nothing_else(restaurant, tablet, picture_url, who):
    client, path = (tablet, "/customer/menus") if who == "tablet" else (restaurant.admin, "/admin/menus")
    url, data = shown_in(client, path)
    assert url == picture_url and data.startswith("data:image/webp;base64,")
    assert shown_in(client, f"{path}?pictures=url") == (picture_url, None)
    problem = refused(400, "validation_failed", client.get(f"{path}?pictures=none"))
    assert problem["errors"] == {"pictures": ["Must be one of: url."]}


def test_each_form_of_the_menu_has_its_own_etag(tablet, picture_url):
    forms = ["/customer/menus", "/customer/menus?pictures=url"]
    etags = [tablet.get(form).headers["ETag"] for form in forms]
    assert len(set(etags)) == 2
    for _ in range(3):  # whichever worker has it kept by now
        for form, own, other in zip(forms, etags, reversed(etags), strict=True):
            assert tablet.get(form, headers={"If-None-Match": own}).status_code == 304
            assert tablet.get(form, headers={"If-None-Match": other}).status_code == 200
        assert shown_in(tablet, forms[0])[1] and shown_in(tablet, forms[1]) == (picture_url, None)


# Beside those of the version before


OLD = "data:image/PNG;base64,AAAA"


def store_as_before(query, menu_id, image=OLD):
    query("UPDATE menus SET image_base64 = %s WHERE menu_id = %s RETURNING true", image, menu_id)


def test_a_picture_of_before_is_shown_as_it_is_until_it_is_changed(restaurant, tablet, query):
    menu_id = restaurant.add_menu()
    store_as_before(query, menu_id)
    for path in ("/customer/menus", "/customer/menus?pictures=url"):
        assert shown_in(tablet, path) == (None, OLD)
    path = f"/admin/menus/{menu_id}"
    assert expect(200, restaurant.admin.patch(path, {"price": 7}))["image_base64"] == OLD
    changed = expect(200, restaurant.admin.patch(path, {"image_base64": data_url("PNG", content("PNG"))}))
    assert changed["image_url"]
    assert shown_in(tablet, "/customer/menus?pictures=url") == (changed["image_url"], None)
    store_as_before(query, menu_id)
    assert expect(200, restaurant.admin.patch(path, {"image_base64": None}))["image_base64"] is None


def test_what_a_process_of_the_version_before_stores_is_shown(restaurant, tablet, picture_url, query):
    [(menu_id,)] = query(
        "SELECT menu_id FROM menus WHERE encode(picture_sha256, 'hex') = %s AND store_id = %s",
        picture_url[-69:-5],
        restaurant.store_id,
    )
    store_as_before(query, menu_id)
    assert shown_in(tablet, "/customer/menus") == (None, OLD)


# Which are in use


def unused(query, restaurant):
    rows = query(
        "SELECT encode(sha256, 'hex') FROM pictures WHERE store_id = %s AND unused_since IS NOT NULL",
        restaurant.store_id,
    )
    return {f"/api/v1/pictures/{sha256}.webp" for (sha256,) in rows}


def test_a_picture_is_in_use_as_long_as_any_menu_shows_it(restaurant, query):
    image = data_url("PNG", content("PNG"))
    first, second = (expect(201, send(restaurant, image)) for _ in range(2))
    url = first["image_url"]
    assert second["image_url"] == url and unused(query, restaurant) == set()
    expect(200, restaurant.admin.patch(f"/admin/menus/{first['menu_id']}", {"image_base64": None}))
    assert unused(query, restaurant) == set()
    expect(200, restaurant.admin.delete(f"/admin/menus/{second['menu_id']}"))
    assert unused(query, restaurant) == {url}
    expect(200, restaurant.admin.patch(f"/admin/menus/{first['menu_id']}", {"image_base64": image}))
    assert unused(query, restaurant) == set()
    other = data_url("PNG", content("PNG", flag()))
    expect(200, restaurant.admin.patch(f"/admin/menus/{first['menu_id']}", {"image_base64": other}))
    assert unused(query, restaurant) == {url}


def test_a_menu_that_is_not_added_leaves_no_picture_in_use(restaurant, query):
    body = {"category_id": UNKNOWN_ID, "menu_name": "x", "price": 1, "image_base64": data_url("PNG", content("PNG"))}
    refused(404, "category_not_found", restaurant.admin.post("/admin/menus", body))
    refused(404, "menu_not_found", restaurant.admin.patch(f"/admin/menus/{UNKNOWN_ID}", body))
    assert query("SELECT count(*) FROM pictures WHERE store_id = %s", restaurant.store_id) == [(0,)]
