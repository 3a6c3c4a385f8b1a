"""A menu's picture, kept as the data URL that a browser shows as it is (RFC 2397)."""

import base64
import binascii
import io
import re
import warnings

MAX_IMAGE_BYTES = 2 * 1024 * 1024

_DATA_URL = re.compile(r"data:image/(png|jpeg|webp|gif);base64,([A-Za-z0-9+/]+={0,2})")


def image_problem(data_url: str) -> str | None:
    """Why `data_url` is not the data URL of a real PNG, JPEG, WebP or GIF of at most 2 MiB, or None if it is."""
    match = _DATA_URL.fullmatch(data_url)
    if match is None:
        return "Must be a data URL of a PNG, JPEG, WebP or GIF image: data:image/png;base64,…"
    try:
        content = base64.b64decode(match[2], validate=True)
    except binascii.Error:
        return "Must hold valid base64."
    if len(content) > MAX_IMAGE_BYTES:
        return f"Must not be larger than {MAX_IMAGE_BYTES} bytes."
    return None if _is_image(content, match[1].upper()) else f"Must be a real image of the type it names ({match[1]})."


def _is_image(content: bytes, image_format: str) -> bool:
    from PIL import Image  # here, because most processes never see a picture and it takes a while to load

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(content), formats=[image_format]) as image:
                image.verify()
    except Exception:  # Pillow's decoders raise nearly anything on rubbish
        return False
    return True
