"""What is uploaded as a picture: what is taken, what is refused and why, and what is kept of it."""

import base64
import io
import random
import struct
import subprocess
import zlib

import pytest
from PIL import Image, PngImagePlugin

from tableorder.domain.image_conversion import convert
from tableorder.domain.images import CONVERSION_REFUSED, ImageRefused, Upload, read_data_url
from tableorder.web.pictures import COMMAND
from tests.images import assert_can_be_shown, colour, content, data_url, flag, photo, turned_photo

FRAMES = 100


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


def convert_by_program(upload: Upload) -> bytes:
    """As a worker does: within the program's bounds of memory and time."""
    ended = subprocess.run([*COMMAND, upload.image_format], input=upload.content, capture_output=True)
    if ended.returncode == CONVERSION_REFUSED:
        raise ImageRefused(ended.stdout.decode())
    assert ended.returncode == 0, ended
    return ended.stdout


def stored(image, by=convert):
    """What is stored of an upload, which is all that a WebP may be."""
    webp = by(read_data_url(image))
    assert_can_be_shown(webp)
    return webp


def accept(image, by=convert):
    """What is shown of an upload."""
    return Image.open(io.BytesIO(stored(image, by)))


def refuse(image, why, by=convert):
    with pytest.raises(ImageRefused) as refused:
        by(read_data_url(image))
    reason = str(refused.value)
    assert reason.startswith("must ") and why in reason and len(reason) < 200


@pytest.mark.parametrize(
    "image",
    [
        "data:image/jpeg;base64,/9j/wAALCAABAAEBAREA",
        "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAAAElEQVQ1rwYeAAAAAElFTkSuQmCC",
    ],
)
def test_a_head_without_pixels_is_no_picture(image):
    refuse(image, "damaged")


@pytest.mark.parametrize("image_format", ["PNG", "JPEG", "WEBP", "GIF"])
@pytest.mark.parametrize("share", [0.3, 0.5, 0.9, 0.99])
def test_a_picture_that_is_cut_short_is_refused(image_format, share):
    whole = content(image_format)
    accept(data_url(image_format, whole))
    refuse(data_url(image_format, whole[: int(len(whole) * share)]), "")


def test_a_png_has_an_end():
    whole = content("PNG")
    for missing in (1, 4, 8, 12):
        refuse(data_url("PNG", whole[:-missing]), "damaged")
    accept(data_url("PNG", whole + b"and more"))


def test_a_progressive_jpeg_that_is_cut_short_is_refused():
    whole = content("JPEG", photo((400, 400)), progressive=True)
    accept(data_url("JPEG", whole))
    for share in (0.3, 0.6, 0.9):
        refuse(data_url("JPEG", whole[: int(len(whole) * share)]), "damaged")


def test_a_png_with_too_few_or_other_pixels_is_refused():
    rows = b"".join(b"\0" + random.Random(2).randbytes(30) for _ in range(10))
    accept(data_url("PNG", png(10, 10, zlib.compress(rows))))
    refuse(data_url("PNG", png(10, 10, zlib.compress(rows[:100]))), "damaged")
    refuse(data_url("PNG", png(10, 10, zlib.compress(rows)[:-40])), "damaged")
    whole = bytearray(png(10, 10, zlib.compress(rows)))
    whole[60] ^= 0xFF
    refuse(data_url("PNG", bytes(whole)), "damaged")


@pytest.mark.parametrize("image_format", ["PNG", "JPEG", "GIF", "WEBP"])
def test_a_picture_has_40_megapixels_at_most(image_format):
    large, larger = [
        content(image_format, Image.new("L", (8000, height)), **({"method": 0} if image_format == "WEBP" else {}))
        for height in (5000, 5001)
    ]
    accept(data_url(image_format, large), convert_by_program)
    refuse(data_url(image_format, larger), "40 megapixels", convert_by_program)


def test_a_bomb_is_refused_by_its_head():
    for side in (9400, 30_000, 2**31 - 1):
        bomb = png(side, side, zlib.compress(b"\0" * 10_000_000, 9))
        refuse(data_url("PNG", bomb), "40 megapixels")


@pytest.mark.parametrize("image_format", ["GIF", "WEBP", "PNG"])
def test_a_picture_has_100_frames_at_most(image_format):
    accept(data_url(image_format, frames(image_format, FRAMES)))
    refuse(data_url(image_format, frames(image_format, FRAMES + 1)), "100 frames")


def test_a_jpeg_has_100_scans_at_most():
    whole = content("JPEG", Image.new("RGB", (64, 64)), progressive=True)
    last = whole[whole.rindex(b"\xff\xda") : -2]
    more = 100 - whole.count(b"\xff\xda")
    accept(data_url("JPEG", whole[:-2] + last * more + whole[-2:]))
    refuse(data_url("JPEG", whole[:-2] + last * (more + 1) + whole[-2:]), "100 scans")


def test_all_frames_together_have_a_limit():
    moving = bytearray(frames("GIF", 6))
    accept(data_url("GIF", moving))
    moving[6:10] = struct.pack("<HH", 8000, 5000)  # the size of the whole, of which each frame is a part
    refuse(data_url("GIF", moving), "5 frames", convert_by_program)


@pytest.mark.parametrize("size", [1_200_000, 6_000_000])
def test_a_picture_may_have_long_texts_in_it(size):
    text = random.Random(3).randbytes(size // 2).hex() if size < 2_000_000 else "가나다" * (size // 9)
    info = PngImagePlugin.PngInfo()
    info.add_itxt("XML:com.adobe.xmp", text, zip=True)
    info.add_text("Comment", "x" * size, zip=True)
    accept(data_url("PNG", content("PNG", pnginfo=info)))


def test_a_text_that_swells_without_end_takes_no_memory():
    packer = zlib.compressobj(9)
    pieces = [packer.compress(b"x" * 1_000_000) + packer.flush(zlib.Z_FULL_FLUSH) for _ in range(2)]
    bomb = pieces[0] + 2000 * pieces[1]  # 2 GB
    rows = zlib.compress(b"\0" * 310)
    accept(data_url("PNG", png(10, 10, rows, (b"zTXt", b"Comment\0\0" + bomb))), convert_by_program)


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
def test_the_head_of_a_data_url_is_read_as_rfc_2397_says(head):
    accept(head + base64.b64encode(content("PNG")).decode())


def test_a_jpeg_may_be_called_jpg():
    accept("data:image/jpg;base64," + base64.b64encode(content("JPEG")).decode())
    refuse("data:image/jpg;base64," + base64.b64encode(content("PNG")).decode(), "JPEG")


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
def test_another_head_is_refused(head):
    refuse(head + base64.b64encode(content("PNG")).decode(), "data URL")


def test_pictures_of_a_camera_are_good():
    accept(data_url("JPEG", content("JPEG", photo(mode="CMYK"))))
    accept(data_url("PNG", content("PNG", photo(mode="RGBA"), icc_profile=b"x" * 1000)))
    two = content("MPO", save_all=True, append_images=[photo()])
    accept(data_url("JPEG", two))
    accept(data_url("WEBP", content("WEBP", lossless=True)))
    accept(data_url("JPEG", content("JPEG", exif=b"Exif\0\0rubbish")))


# What is stored


@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "WEBP"])
def test_a_photo_comes_back_upright_and_without_its_place(image_format):
    sent = turned_photo(image_format)
    assert Image.open(io.BytesIO(sent)).getexif().get_ifd(0x8825)
    shown = accept(data_url(image_format, sent))
    assert shown.size == (20, 40)
    assert (colour(shown, 10, 5), colour(shown, 10, 35)) == ("blue", "red")


@pytest.mark.parametrize(
    ("mode", "level", "shown"),
    [
        ("L", 255, 255),
        ("L", 100, 100),
        ("1", 1, 255),
        ("I;16", 65_535, 255),
        ("I;16", 25_700, 100),
        ("LA", (100, 255), 100),
    ],
)
def test_grey_stays_as_bright_as_it_is(mode, level, shown):
    grey = Image.new(mode, (8, 8), level)
    pixel = accept(data_url("PNG", content("PNG", grey))).convert("RGB").getpixel((4, 4))
    assert all(abs(part - shown) < 5 for part in pixel)


@pytest.mark.parametrize("image_format", ["PNG", "GIF", "WEBP"])
def test_what_is_transparent_stays_so(image_format):
    image = Image.new("RGBA", (16, 16), (0, 0, 0, 0))
    image.paste((255, 0, 0, 255), (0, 0, 8, 16))
    shown = accept(data_url(image_format, content(image_format, image)))
    assert [shown.convert("RGBA").getpixel((x, 8))[3] for x in (3, 12)] == [255, 0]


@pytest.mark.parametrize(
    ("size", "scaled"), [((1280, 1280), (1280, 1280)), ((2560, 1000), (1280, 500)), ((1, 4000), (1, 1280))]
)
def test_a_large_picture_is_scaled_down(size, scaled):
    assert accept(data_url("JPEG", content("JPEG", flag(size)))).size == scaled


def test_even_noise_has_300_kb_at_most():
    noise = Image.effect_noise((1400, 1400), 100).convert("RGB")
    accept(data_url("JPEG", content("JPEG", noise, quality=70)))


@pytest.mark.parametrize("image_format", ["GIF", "WEBP", "PNG"])
def test_an_animation_keeps_its_first_frame(image_format):
    frames = [Image.new("RGB", (16, 16), name) for name in ("red", "blue", "blue")]
    moving = content(image_format, frames[0], save_all=True, append_images=frames[1:])
    assert colour(accept(data_url(image_format, moving)), 8, 8) == "red"


def riff(*chunks):
    body = b"WEBP" + b"".join(
        name + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2) for name, data in chunks
    )
    return b"RIFF" + struct.pack("<I", len(body)) + body


def test_what_is_hidden_in_a_webp_is_not_kept():
    plain = content("WEBP", flag())
    pixels = plain[12:16], plain[20 : 20 + int.from_bytes(plain[16:20], "little")]
    secret = b"where it was taken"
    extended = (b"VP8X", b"\0\0\0\0" + (39).to_bytes(3, "little") + (19).to_bytes(3, "little"))
    for hiding in (plain + secret, riff(extended, pixels, (b"XYZ ", secret)), riff(pixels, (b"XMP ", secret))):
        assert secret not in stored(data_url("WEBP", hiding))
