"""Whatever is done to a picture, it is refused with a reason, or what is kept of it can be shown."""

from __future__ import annotations

import functools
import io
import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from tableorder.domain.image_conversion import convert
from tableorder.domain.images import ImageRefused, Upload
from tests.images import assert_can_be_shown

# By name: the format, the mode of the pixels, and how it is written.
KINDS = {
    "PNG": ("PNG", "RGB", {}),
    "PNG of a palette": ("PNG", "P", {}),
    "PNG of grey": ("PNG", "LA", {}),
    "PNG of 16 bits": ("PNG", "I;16", {}),
    "PNG that moves": ("PNG", "RGB", {"save_all": True}),
    "JPEG": ("JPEG", "RGB", {"quality": 90}),
    "progressive JPEG": ("JPEG", "RGB", {"progressive": True}),
    "JPEG for print": ("JPEG", "CMYK", {}),
    "GIF": ("GIF", "P", {}),
    "GIF that moves": ("GIF", "P", {"save_all": True}),
    "WebP": ("WEBP", "RGB", {}),
    "WebP with alpha": ("WEBP", "RGBA", {}),
    "lossless WebP": ("WEBP", "RGBA", {"lossless": True}),
    "WebP that moves": ("WEBP", "RGB", {"save_all": True}),
}

hurried = settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow])


@functools.cache
def whole(kind: str) -> Upload:
    image_format, mode, options = KINDS[kind]
    pixels = random.Random(1)
    frames = [
        Image.frombytes("RGBA", (24, 16), pixels.randbytes(24 * 16 * 4)).convert("L" if mode == "I;16" else mode)
        for _ in range(3)
    ]
    if mode == "I;16":
        frames = [frame.convert("I").convert("I;16") for frame in frames]
    exif = Image.Exif()
    exif[0x0112] = 6
    exif.get_ifd(0x8825)[2] = (37.0, 33.0, 59.0)
    written = io.BytesIO()
    more = {"append_images": frames[1:]} if "save_all" in options else {}
    frames[0].save(written, image_format, exif=exif, **options, **more)
    return Upload(written.getvalue(), image_format)


def kept(upload: Upload) -> bytes | None:
    """What is kept of it, None if it is refused; anything else is an error."""
    try:
        webp = convert(upload)
    except ImageRefused as refusal:
        reason = str(refusal)
    else:
        assert_can_be_shown(webp)
        return webp
    assert reason.startswith("must ") and len(reason) < 200
    return None


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_taken_and_stays_the_same_when_it_is_sent_again(kind):
    webp = kept(whole(kind))
    assert webp and kept(Upload(webp, "WEBP")) == webp


def test_a_small_picture_is_not_enlarged():
    sent = io.BytesIO()
    Image.new("RGB", (40, 30)).save(sent, "PNG")
    with Image.open(io.BytesIO(convert(Upload(sent.getvalue(), "PNG")))) as kept_picture:
        assert kept_picture.size == (40, 30)


@pytest.mark.parametrize("kind", KINDS)
@hurried
@given(share=st.floats(0, 1, exclude_max=True))
def test_a_picture_that_is_cut_short(kind, share):
    content = whole(kind).content
    kept(Upload(content[: int(len(content) * share)], whole(kind).image_format))


@pytest.mark.parametrize("kind", KINDS)
@hurried
@given(flips=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 7)), min_size=1, max_size=20))
def test_a_picture_with_wrong_bits(kind, flips):
    content = bytearray(whole(kind).content)
    for place, bit in flips:
        content[int(len(content) * place)] ^= 1 << bit
    kept(Upload(bytes(content), whole(kind).image_format))


@pytest.mark.parametrize("image_format", ["PNG", "JPEG", "GIF", "WEBP"])
@hurried
@given(kind=st.sampled_from(sorted(KINDS)), added=st.binary(max_size=50))
def test_a_picture_of_another_type_than_it_says_or_with_more_behind_it(image_format, kind, added):
    upload = Upload(whole(kind).content + added, image_format)
    assert kept(upload) is None or image_format == whole(kind).image_format
