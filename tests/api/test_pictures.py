"""A menu's picture is decoded whole, within limits of its size."""

import base64
import io
import random
import struct
import zlib

import pytest
from PIL import Image, PngImagePlugin

from tests.api.client import expect, refused

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
    assert expect(201, send(restaurant, image))["image_base64"] == image


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
    exif = Image.Exif()
    exif[0x0112] = 6
    accept(restaurant, data_url("JPEG", content("JPEG", exif=exif, progressive=True)))
    accept(restaurant, data_url("JPEG", content("JPEG", photo(mode="CMYK"))))
    accept(restaurant, data_url("PNG", content("PNG", photo(mode="RGBA"), icc_profile=b"x" * 1000)))
    two = content("MPO", save_all=True, append_images=[photo()])
    accept(restaurant, data_url("JPEG", two))
    accept(restaurant, data_url("WEBP", content("WEBP", lossless=True)))
