"""A menu's picture, kept as the data URL that a browser shows as it is (RFC 2397)."""

from __future__ import annotations

import base64
import binascii
import functools
import io
import re
import threading
import warnings
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image

MAX_IMAGE_BYTES = 2 * 1024 * 1024
MAX_MEGAPIXELS = 40
MAX_FRAMES = 100
MAX_FRAMES_MEGAPIXELS = 200  # of all frames together
MAX_SCANS = 100  # of a progressive JPEG, which go over the whole picture each; encoders make ten

_PARAMETER = r";[\w!#$&^.+-]{1,50}=[\w!#$&^.+%'~*()-]{0,100}"
_DATA_URL = re.compile(
    rf"data:image/(png|jpe?g|webp|gif)(?:{_PARAMETER}){{0,10}};base64,([A-Za-z0-9+/]+={{0,2}})",
    re.ASCII | re.IGNORECASE,
)
_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_PNG_TEXTS = (b"tEXt", b"zTXt", b"iTXt")
_SCAN = b"\xff\xda"

# One at a time in a process: 40 megapixels take 150 MB while they are decoded, as a WebP 600 MB.
_decoding = threading.Lock()


class _Refused(Exception):
    """Why a picture is not taken."""


def image_problem(data_url: str) -> str | None:
    """Why `data_url` is not the data URL of a PNG, JPEG, WebP or GIF that can be shown, or None if it is.

    To be read after the name of the field. The picture is decoded whole: there is no other way to know.
    """
    match = _DATA_URL.fullmatch(data_url)
    if match is None:
        return "must be a data URL of a PNG, JPEG, WebP or GIF image: data:image/png;base64,…"
    try:
        content = base64.b64decode(match[2], validate=True)
    except binascii.Error:
        return "must hold valid base64"
    if len(content) > MAX_IMAGE_BYTES:
        return f"must not be larger than {MAX_IMAGE_BYTES} bytes"
    image_format = match[1].upper().replace("JPG", "JPEG")
    try:
        with _decoding:
            _decode(content, image_format)
    except _Refused as refusal:
        return str(refusal)
    return None


def _decode(content: bytes, image_format: str) -> None:
    """Decode every frame of the picture. Raises _Refused if it cannot be, or is too large."""
    if image_format == "PNG":
        content = _without_texts(content)
    if image_format == "JPEG" and content.count(_SCAN) > MAX_SCANS:
        raise _Refused(f"must have at most {MAX_SCANS} scans")
    pillow = _pillow()
    try:
        with pillow.open(io.BytesIO(content), formats=[image_format]) as image:
            image.verify()  # of a PNG the checksums, of other formats nothing
        with pillow.open(io.BytesIO(content), formats=[image_format]) as image:
            _load(image)
    except pillow.DecompressionBombError:
        raise _Refused(f"must have at most {MAX_MEGAPIXELS} megapixels") from None
    except pillow.UnidentifiedImageError:
        raise _Refused(f"must be a real image of the type it names ({image_format})") from None
    except _Refused:
        raise
    except Exception:  # Pillow's decoders raise nearly anything on rubbish
        raise _damaged(image_format) from None


def _load(image: Image) -> None:
    width, height = image.size
    frames_allowed = min(MAX_FRAMES, MAX_FRAMES_MEGAPIXELS * 1_000_000 // (width * height))
    for number in range(MAX_FRAMES + 1):
        if number and image.format not in ("PNG", "GIF", "WEBP"):
            return  # a JPEG of several pictures is shown as the first
        try:
            image.seek(number)
        except EOFError:
            return
        if number == frames_allowed:
            raise _Refused(f"must have at most {frames_allowed} frames of this size")
        image.load()


def _without_texts(png: bytes) -> bytes:
    """The PNG without the texts in it: Pillow would unpack them, and refuses long ones. Raises _Refused for half a PNG.

    Another format comes back as it is.
    """
    if not png.startswith(_PNG_SIGNATURE):
        return png
    kept, start, name = [_PNG_SIGNATURE], len(_PNG_SIGNATURE), b""
    while name != b"IEND":
        name = png[start + 4 : start + 8]
        end = start + 12 + int.from_bytes(png[start : start + 4])
        if end > len(png):
            raise _damaged("PNG")
        if name not in _PNG_TEXTS:
            kept.append(png[start:end])
        start = end
    return b"".join(kept)


def _damaged(image_format: str) -> _Refused:
    return _Refused(f"must be a whole {image_format} image: this one is cut short or damaged")


@functools.cache
def _pillow() -> ModuleType:
    """Pillow, which refuses what is too large by its head. Most processes never see a picture, and it loads slowly."""
    from PIL import Image

    Image.MAX_IMAGE_PIXELS = MAX_MEGAPIXELS * 1_000_000 // 2  # it refuses twice as many, and warns of more
    warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)
    return Image
