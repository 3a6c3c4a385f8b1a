"""Pictures for tests: drawn, written in any format, and looked at as they are stored."""

from __future__ import annotations

import base64
import io
import random
from typing import Any

from PIL import Image

from tableorder.domain.images import MAX_PICTURE_BYTES


def photo(size: tuple[int, int] = (64, 64), mode: str = "RGB") -> Image.Image:
    """Noise, which no format makes small."""
    return Image.frombytes(mode, size, random.Random(1).randbytes(size[0] * size[1] * len(mode)))


def flag(size: tuple[int, int] = (40, 20)) -> Image.Image:
    """Red, with a blue left half."""
    image = Image.new("RGB", size, "red")
    image.paste("blue", (0, 0, size[0] // 2, size[1]))
    return image


def colour(image: Image.Image, x: int, y: int) -> str:
    """Red or blue, or what it is."""
    red, _, blue = image.convert("RGB").getpixel((x, y))
    return "red" if red > 200 > 60 > blue else "blue" if blue > 200 > 60 > red else f"{red} {blue}"


def content(image_format: str, image: Image.Image | None = None, **options: Any) -> bytes:
    """A file with the image, or with a photo."""
    written = io.BytesIO()
    (image or photo()).save(written, image_format, **options)
    return written.getvalue()


def turned_photo(image_format: str) -> bytes:
    """A flag as a camera writes it that was turned, its left above, and that knows its place."""
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010F] = "a camera"
    exif.get_ifd(0x8825)[2] = (37.0, 33.0, 59.0)  # GPS
    return content(image_format, flag(), exif=exif, quality=95)


def data_url(image_format: str, picture: bytes) -> str:
    return f"data:image/{image_format.lower()};base64,{base64.b64encode(picture).decode()}"


def assert_can_be_shown(webp: bytes) -> None:
    """By a browser, small as it is to be, and that there is nothing in it but the pixels of one frame."""
    assert len(webp) <= MAX_PICTURE_BYTES == 300_000
    with Image.open(io.BytesIO(webp), formats=["WEBP"]) as shown:
        assert max(shown.size) <= 1280 and shown.n_frames == 1
        assert not {"exif", "xmp", "icc_profile"} & shown.info.keys() and not shown.getexif()
        shown.load()
