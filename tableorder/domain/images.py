"""A menu's picture: what is uploaded, as a data URL (RFC 2397), and the WebP that is stored of it.

The program that converts one, which needs Pillow and much memory, is domain/image_conversion.py.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass
from functools import cached_property

MAX_UPLOAD_BYTES = 2 * 1024 * 1024
MAX_PICTURE_BYTES = 300_000

CONVERSION_REFUSED = 3  # the status with which the program ends that refuses a picture

_PARAMETER = r";[\w!#$&^.+-]{1,50}=[\w!#$&^.+%'~*()-]{0,100}"
_DATA_URL = re.compile(
    rf"data:image/(png|jpe?g|webp|gif)(?:{_PARAMETER}){{0,10}};base64,([A-Za-z0-9+/]+={{0,2}})",
    re.ASCII | re.IGNORECASE,
)


class ImageRefused(Exception):
    """Why a picture is not taken, to be read after the name of its field."""


@dataclass(frozen=True)
class Upload:
    """A picture as somebody sends it: its bytes, and what they claim to be (PNG, JPEG, WEBP or GIF)."""

    content: bytes
    image_format: str


@dataclass(frozen=True)
class Picture:
    """A picture as it is stored and shown: a WebP of at most MAX_PICTURE_BYTES, and its hash."""

    webp: bytes

    @cached_property
    def sha256(self) -> bytes:
        """The 32 bytes by which it is known."""
        return hashlib.sha256(self.webp).digest()


def read_data_url(data_url: str) -> Upload:
    """The picture in a data URL, not looked at yet. Raises ImageRefused."""
    match = _DATA_URL.fullmatch(data_url)
    if match is None:
        raise ImageRefused("must be a data URL of a PNG, JPEG, WebP or GIF image: data:image/png;base64,…")
    try:
        content = base64.b64decode(match[2], validate=True)
    except binascii.Error:
        raise ImageRefused("must hold valid base64") from None
    if len(content) > MAX_UPLOAD_BYTES:
        raise ImageRefused(f"must not be larger than {MAX_UPLOAD_BYTES} bytes")
    return Upload(content, match[1].upper().replace("JPG", "JPEG"))
