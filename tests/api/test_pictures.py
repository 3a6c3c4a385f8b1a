"""A menu's picture is decoded whole, within limits of its size, and kept as a WebP with an address of its own."""

import base64
import hashlib
import io
import random
import struct
import zlib
from functools import partial

import pytest
from PIL import Image, PngImagePlugin

from tests.api.client import UNKNOWN_ID, at_once, expect, refused

MEGAPIXELS, FRAMES = 40_000_000, 100


def photo(size=(64, 64), mode="RGB"):
    """Noise, which no format makes small."""
    return Image.frombytes(mode, size, random.Random(1).randbytes(size[0] * size[1] * len(mode)))


def content(image_format, image=None, **options):
    written = io.BytesIO()
    (image or photo()).save(written, image_format, **options)
    return written.getvalue()


def data_url(image_format, picture):
    return f"data:image/{image_format.lower()};base64,{base64.b64encode(picture).decode()}"


def frames(image_format, count):
    pictures = [Image.new("RGB", (4, 4), (number * 2, 255 * (number % 2), 0)) for number in range(count)]
    return content(image_format, pictures[0], save_all=True, append_images=pictures[1:])


def png(width, height, data, *chunks):
    """A PNG of these pixels, RGB, with other chunks before them."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    every = [(b"IHDR", header), *chunks, (b"IDAT", data), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body)) for name, body in every
    )


def send(restaurant, image):
    category_id = restaurant.add_category(f"분류 {random.random()}")
    return restaurant.admin.post(
        "/admin/menus", {"category_id": category_id, "menu_name": "x", "price": 1, "image_base64": image}
    )


def accept(restaurant, image):
    """Add a menu with the picture, and return what is shown of it."""
    return Image.open(io.BytesIO(stored(restaurant, image)))


def stored(restaurant, image):
    """Add a menu with the picture, and return what is stored of it, which is all that a WebP may be."""
    menu = expect(201, send(restaurant, image))
    answer = restaurant.admin.get(menu["image_url"].removeprefix("/api/v1"))
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "image/webp")
    assert menu["image_url"] == f"/api/v1/pictures/{hashlib.sha256(answer.content).hexdigest()}.webp"
    assert menu["image_base64"] == data_url("WEBP", answer.content)
    assert_can_be_shown(answer.content)
    return answer.content


def assert_can_be_shown(webp):
    assert len(webp) <= 300_000
    with Image.open(io.BytesIO(webp), formats=["WEBP"]) as shown:
        assert max(shown.size) <= 1280 and shown.n_frames == 1
        assert not {"exif", "xmp", "icc_profile"} & shown.info.keys() and not shown.getexif()
        shown.load()


def refuse(restaurant, image, why):
    problem = refused(400, "validation_failed", send(restaurant, image))
    [message] = problem["errors"]["image_base64"]
    assert why in message and len(message) < 200


@pytest.mark.parametrize(
    "image",
    [
        "data:image/jpeg;base64,/9j/wAALCAABAAEBAREA",
        "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAAAElEQVQ1rwYeAAAAAElFTkSuQmCC",
    ],
)
def test_a_head_without_pixels_is_no_picture(restaurant, image):
    refuse(restaurant, image, "damaged")


@pytest.mark.parametrize("image_format", ["PNG", "JPEG", "WEBP", "GIF"])
@pytest.mark.parametrize("share", [0.3, 0.5, 0.9, 0.99])
def test_a_picture_that_is_cut_short_is_refused(restaurant, image_format, share):
    whole = content(image_format)
    accept(restaurant, data_url(image_format, whole))
    refuse(restaurant, data_url(image_format, whole[: int(len(whole) * share)]), "")


def test_a_png_has_an_end(restaurant):
    whole = content("PNG")
    for missing in (1, 4, 8, 12):
        refuse(restaurant, data_url("PNG", whole[:-missing]), "damaged")
    accept(restaurant, data_url("PNG", whole + b"and more"))


def test_a_progressive_jpeg_that_is_cut_short_is_refused(restaurant):
    whole = content("JPEG", photo((400, 400)), progressive=True)
    accept(restaurant, data_url("JPEG", whole))
    for share in (0.3, 0.6, 0.9):
        refuse(restaurant, data_url("JPEG", whole[: int(len(whole) * share)]), "damaged")


def test_a_png_with_too_few_or_other_pixels_is_refused(restaurant):
    rows = b"".join(b"\0" + random.Random(2).randbytes(30) for _ in range(10))
    accept(restaurant, data_url("PNG", png(10, 10, zlib.compress(rows))))
    refuse(restaurant, data_url("PNG", png(10, 10, zlib.compress(rows[:100]))), "damaged")
    refuse(restaurant, data_url("PNG", png(10, 10, zlib.compress(rows)[:-40])), "damaged")
    whole = bytearray(png(10, 10, zlib.compress(rows)))
    whole[60] ^= 0xFF
    refuse(restaurant, data_url("PNG", bytes(whole)), "damaged")


@pytest.mark.parametrize("image_format", ["PNG", "JPEG", "GIF", "WEBP"])
def test_a_picture_has_40_megapixels_at_most(restaurant, image_format):
    large = content(image_format, Image.new("L", (8000, 5000)))
    accept(restaurant, data_url(image_format, large))
    refuse(restaurant, data_url(image_format, content(image_format, Image.new("L", (8000, 5001)))), "40 megapixels")


def test_a_bomb_is_refused_by_its_head(restaurant):
    for side in (9400, 30_000, 2**31 - 1):
        bomb = png(side, side, zlib.compress(b"\0" * 10_000_000, 9))
        refuse(restaurant, data_url("PNG", bomb), "40 megapixels")


@pytest.mark.parametrize("image_format", ["GIF", "WEBP", "PNG"])
def test_a_picture_has_100_frames_at_most(restaurant, image_format):
    accept(restaurant, data_url(image_format, frames(image_format, FRAMES)))
    refuse(restaurant, data_url(image_format, frames(image_format, FRAMES + 1)), "100 frames")


def test_a_jpeg_has_100_scans_at_most(restaurant):
    whole = content("JPEG", Image.new("RGB", (64, 64)), progressive=True)
    last = whole[whole.rindex(b"\xff\xda") : -2]
    accept(restaurant, data_url("JPEG", whole))
    refuse(restaurant, data_url("JPEG", whole[:-2] + last * 1000 + whole[-2:]), "100 scans")


def test_all_frames_together_have_a_limit(restaurant):
    moving = bytearray(frames("GIF", 6))
    accept(restaurant, data_url("GIF", moving))
    moving[6:10] = struct.pack("<HH", 8000, 5000)  # the size of the whole, of which each frame is a part
    refuse(restaurant, data_url("GIF", moving), "5 frames")


@pytest.mark.parametrize("size", [1_200_000, 6_000_000])
def test_a_picture_may_have_long_texts_in_it(restaurant, size):
    text = random.Random(3).randbytes(size // 2).hex() if size < 2_000_000 else "가나다" * (size // 9)
    info = PngImagePlugin.PngInfo()
    info.add_itxt("XML:com.adobe.xmp", text, zip=True)
    info.add_text("Comment", "x" * size, zip=True)
    accept(restaurant, data_url("PNG", content("PNG", pnginfo=info)))


def test_a_text_that_swells_without_end_takes_no_memory(restaurant, server):
    bomb = zlib.compress(b"x" * 500_000_000, 9)
    rows = zlib.compress(b"\0" * 310)
    accept(restaurant, data_url("PNG", png(10, 10, rows, (b"zTXt", b"Comment\0\0" + bomb))))


@pytest.mark.parametrize(
    "head",
    [
        "data:image/PNG;base64,",
        "DATA:image/png;BASE64,",
        "data:Image/Png;Base64,",
        "data:image/png;charset=utf-8;base64,",
        "data:image/png;name=menu%20one.png;x=1;base64,",
    ],
)
def test_the_head_of_a_data_url_is_read_as_rfc_2397_says(restaurant, head):
    accept(restaurant, head + base64.b64encode(content("PNG")).decode())


def test_a_jpeg_may_be_called_jpg(restaurant):
    accept(restaurant, "data:image/jpg;base64," + base64.b64encode(content("JPEG")).decode())
    refuse(restaurant, "data:image/jpg;base64," + base64.b64encode(content("PNG")).decode(), "JPEG")


@pytest.mark.parametrize(
    "head",
    [
        "data:image/png;base64;x=1,",
        "data:image/png,",
        "data:image/bmp;base64,",
        'data:image/png;x="><script>;base64,',
        "data:;base64,",
        "image/png;base64,",
        f"data:image/png;{'x=1;' * 50}base64,",
        f"data:image/png;x={'y' * 10_000};base64,",
    ],
)
def test_another_head_is_refused(restaurant, head):
    refuse(restaurant, head + base64.b64encode(content("PNG")).decode(), "data URL")


@pytest.mark.parametrize("blank", ["", " "])
def test_an_empty_field_is_no_picture(restaurant, blank):
    assert expect(201, send(restaurant, blank))["image_base64"] is None
    menu_id = restaurant.add_menu(image_base64=data_url("PNG", content("PNG")))
    assert (
        expect(200, restaurant.admin.patch(f"/admin/menus/{menu_id}", {"image_base64": blank}))["image_base64"] is None
    )


def test_pictures_of_a_camera_are_good(restaurant):
    accept(restaurant, data_url("JPEG", content("JPEG", photo(mode="CMYK"))))
    accept(restaurant, data_url("PNG", content("PNG", photo(mode="RGBA"), icc_profile=b"x" * 1000)))
    two = content("MPO", save_all=True, append_images=[photo()])
    accept(restaurant, data_url("JPEG", two))
    accept(restaurant, data_url("WEBP", content("WEBP", lossless=True)))
    accept(restaurant, data_url("JPEG", content("JPEG", exif=b"Exif\0\0rubbish")))


# What is stored


def flag(size=(40, 20)):
    """Red, with a blue left half."""
    image = Image.new("RGB", size, "red")
    image.paste("blue", (0, 0, size[0] // 2, size[1]))
    return image


def colour(image, x, y):
    red, _, blue = image.convert("RGB").getpixel((x, y))
    return "red" if red > 200 > 60 > blue else "blue" if blue > 200 > 60 > red else f"{red} {blue}"


@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "WEBP"])
def test_a_photo_comes_back_upright_and_without_its_place(restaurant, image_format):
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned: its left is above
    exif[0x010F] = "a camera"
    exif.get_ifd(0x8825)[2] = (37.0, 33.0, 59.0)  # GPS
    sent = content(image_format, flag(), exif=exif, quality=95)
    assert Image.open(io.BytesIO(sent)).getexif().get_ifd(0x8825)
    shown = accept(restaurant, data_url(image_format, sent))
    assert shown.size == (20, 40)
    assert (colour(shown, 10, 5), colour(shown, 10, 35)) == ("blue", "red")


@pytest.mark.parametrize(("mode", "image_format"), [("L", "PNG"), ("1", "PNG"), ("I;16", "PNG"), ("LA", "PNG")])
def test_grey_stays_grey(restaurant, mode, image_format):
    white = Image.new(mode, (8, 8), {"I;16": 65535, "LA": (255, 255), "1": 1}.get(mode, 255))
    assert min(accept(restaurant, data_url(image_format, content(image_format, white))).getpixel((4, 4))) > 250


@pytest.mark.parametrize("image_format", ["PNG", "GIF", "WEBP"])
def test_what_is_transparent_stays_so(restaurant, image_format):
    image = Image.new("RGBA", (16, 16), (0, 0, 0, 0))
    image.paste((255, 0, 0, 255), (0, 0, 8, 16))
    shown = accept(restaurant, data_url(image_format, content(image_format, image)))
    assert [shown.convert("RGBA").getpixel((x, 8))[3] for x in (3, 12)] == [255, 0]


@pytest.mark.parametrize(
    ("size", "scaled"), [((1280, 1280), (1280, 1280)), ((2560, 1000), (1280, 500)), ((1, 4000), (1, 1280))]
)
def test_a_large_picture_is_scaled_down(restaurant, size, scaled):
    assert accept(restaurant, data_url("JPEG", content("JPEG", flag(size)))).size == scaled


def test_even_noise_has_300_kb_at_most(restaurant):
    noise = Image.effect_noise((1400, 1400), 100).convert("RGB")
    accept(restaurant, data_url("JPEG", content("JPEG", noise, quality=70)))


@pytest.mark.parametrize("image_format", ["GIF", "WEBP", "PNG"])
def test_an_animation_keeps_its_first_frame(restaurant, image_format):
    frames = [Image.new("RGB", (16, 16), name) for name in ("red", "blue", "blue")]
    moving = content(image_format, frames[0], save_all=True, append_images=frames[1:])
    assert colour(accept(restaurant, data_url(image_format, moving)), 8, 8) == "red"


def test_what_was_fetched_and_is_sent_again_stays_as_it_is(restaurant):
    menu = expect(201, send(restaurant, data_url("JPEG", content("JPEG"))))
    again = expect(200, restaurant.admin.patch(f"/admin/menus/{menu['menu_id']}", menu | {"price": 2}))
    assert (again["price"], again["image_url"]) == (2, menu["image_url"])


def riff(*chunks):
    body = b"WEBP" + b"".join(
        name + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2) for name, data in chunks
    )
    return b"RIFF" + struct.pack("<I", len(body)) + body


def test_what_is_hidden_in_a_webp_is_not_kept(restaurant):
    plain = content("WEBP", flag())
    pixels = plain[12:16], plain[20 : 20 + int.from_bytes(plain[16:20], "little")]
    secret = b"where it was taken"
    extended = (b"VP8X", b"\0\0\0\0" + (39).to_bytes(3, "little") + (19).to_bytes(3, "little"))
    for hiding in (plain + secret, riff(extended, pixels, (b"XYZ ", secret)), riff(pixels, (b"XMP ", secret))):
        assert secret not in stored(restaurant, data_url("WEBP", hiding))


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


def test_two_menus_that_drop_a_picture_at_once_leave_it_unused(restaurant, query):
    for number in range(5):
        image = data_url("PNG", content("PNG", flag((40 + number, 20))))
        menus = [expect(201, send(restaurant, image)) for _ in range(2)]
        at_once(*[partial(restaurant.admin.delete, f"/admin/menus/{menu['menu_id']}") for menu in menus])
        assert menus[0]["image_url"] in unused(query, restaurant)


def test_a_menu_that_is_not_added_leaves_no_picture_in_use(restaurant, query):
    body = {"category_id": UNKNOWN_ID, "menu_name": "x", "price": 1, "image_base64": data_url("PNG", content("PNG"))}
    refused(404, "category_not_found", restaurant.admin.post("/admin/menus", body))
    refused(404, "menu_not_found", restaurant.admin.patch(f"/admin/menus/{UNKNOWN_ID}", body))
    assert query("SELECT count(*) FROM pictures WHERE store_id = %s", restaurant.store_id) == [(0,)]
