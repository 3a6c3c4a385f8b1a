"""Converts a picture to the WebP that is stored: python -m tableorder.domain.image_conversion PNG < picture > webp

This is a separate process with bounded memory and time, because decoding 40 megapixels takes up to 700 MB, and because
the picture may come from an attacker. Status 0: standard output has the WebP. CONVERSION_REFUSED: it has the reason.
"""

from __future__ import annotations

import io
import resource
import sys
import warnings
from contextlib import suppress
from pathlib import Path

from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

from tableorder.domain.images import CONVERSION_REFUSED, MAX_PICTURE_BYTES, ImageRefused, Upload

MAX_MEGAPIXELS = 40
MAX_FRAMES = 100
MAX_FRAMES_MEGAPIXELS = 200  # of all frames together
MAX_SCANS = 100  # of a progressive JPEG, which go over the whole picture each; encoders make ten
MAX_SIDE = 1280  # pixels, of the WebP

QUALITIES = (82, 72, 60, 45, 30)  # tried in turn, until the WebP is small enough
SHRINK = 0.7  # if none is

MEMORY = 2_000_000_000  # bytes of addresses
SECONDS = 20  # of a processor

_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_PNG_TEXTS = (b"tEXt", b"zTXt", b"iTXt")
_SCAN = b"\xff\xda"
_PLAIN_CHUNKS = (b"VP8 ", b"VP8L", b"VP8X", b"ALPH")
_EXTRAS = 0b00101110  # of VP8X's flags: a profile, Exif, XMP and animation

Image.MAX_IMAGE_PIXELS = MAX_MEGAPIXELS * 1_000_000 // 2  # Pillow refuses twice as many, and warns of more
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)


def convert(upload: Upload) -> bytes:
    """The WebP of a picture: upright, at most MAX_SIDE pixels wide and high, nothing in it but the pixels.

    The picture is decoded whole, with all frames: there is no other way to know whether it can be shown. A WebP that is
    like that already comes back as it is, so that one that is fetched and sent again does not get worse each time.
    Raises ImageRefused.
    """
    content, image_format = upload.content, upload.image_format
    if image_format == "PNG":
        content = _without_texts(content)
    if image_format == "JPEG" and content.count(_SCAN) > MAX_SCANS:
        raise ImageRefused(f"must have at most {MAX_SCANS} scans")
    try:
        with Image.open(io.BytesIO(content), formats=[image_format]) as image:
            image.verify()  # of a PNG the checksums, of other formats nothing
        with Image.open(io.BytesIO(content), formats=[image_format]) as image:
            size = image.size
            shown = _first_frame(image)
            _load_the_others(image)
        if image_format == "WEBP" and max(size) <= MAX_SIDE and _is_plain_webp(content):
            return content
        return _encode(shown)
    except Image.DecompressionBombError:
        raise ImageRefused(f"must have at most {MAX_MEGAPIXELS} megapixels") from None
    except UnidentifiedImageError:
        raise ImageRefused(f"must be a real image of the type it names ({image_format})") from None
    except MemoryError:
        raise ImageRefused("must need less memory to be decoded") from None
    except ImageRefused:
        raise
    except Exception:  # Pillow's decoders raise nearly anything on rubbish
        raise _damaged(image_format) from None


def _first_frame(image: Image.Image) -> Image.Image:
    """The picture as it is shown, in sRGB. A large JPEG is decoded to a smaller size at once."""
    if image.format == "JPEG":
        image.draft(None, _within(image.size))
    image.load()
    profile = image.info.get("icc_profile")
    shown = _in_colours(image)
    if max(shown.size) > MAX_SIDE:
        shown = shown.resize(_within(shown.size), Image.Resampling.LANCZOS, reducing_gap=3.0)
    shown = _in_srgb(_upright(shown), profile)
    shown.info = {}
    return shown


def _upright(image: Image.Image) -> Image.Image:
    """As the camera was held, if it says so in a way that can be read."""
    try:
        return ImageOps.exif_transpose(image)
    except Exception:  # as with decoders; a browser shows such a picture as it lies
        return image


def _within(size: tuple[int, int]) -> tuple[int, int]:
    """The size, in proportion, that is at most MAX_SIDE wide and high."""
    scale = min(1.0, MAX_SIDE / max(size))
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def _in_colours(image: Image.Image) -> Image.Image:
    """The picture in RGB, RGBA or CMYK."""
    if image.mode in ("RGB", "RGBA", "CMYK"):
        return image if "transparency" not in image.info else image.convert("RGBA")
    if image.mode.startswith("I"):  # 16 bits of grey
        return image.convert("I").point(lambda level: level * (1 / 257)).convert("L").convert("RGB")
    return image.convert("RGBA" if image.has_transparency_data else "RGB")


def _in_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """The colours as a screen without colour management shows them; a profile that is of no use is ignored."""
    mode = "RGBA" if image.mode == "RGBA" else "RGB"
    if profile:
        with suppress(ImageCms.PyCMSError, OSError):
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            converted = ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode=mode)
            if converted is not None:
                return converted
    return image.convert(mode)


def _load_the_others(image: Image.Image) -> None:
    """Decode the frames after the first. A JPEG of several pictures is shown as the first."""
    if image.format not in ("PNG", "GIF", "WEBP"):
        return
    width, height = image.size
    allowed = max(1, min(MAX_FRAMES, MAX_FRAMES_MEGAPIXELS * 1_000_000 // (width * height)))
    for number in range(1, allowed + 1):
        try:
            image.seek(number)
        except EOFError:
            return
        if number == allowed:
            raise ImageRefused(f"must have at most {allowed} frames of this size")
        image.load()


def _encode(image: Image.Image) -> bytes:
    while True:
        for quality in QUALITIES:
            written = io.BytesIO()
            image.save(written, "WEBP", quality=quality, alpha_quality=quality, method=4)
            if written.tell() <= MAX_PICTURE_BYTES:
                return written.getvalue()
        image = image.resize([max(1, int(side * SHRINK)) for side in image.size], Image.Resampling.LANCZOS)


def _is_plain_webp(content: bytes) -> bool:
    """Whether it is what we would store: small, one frame, and nothing in it but pixels (RFC 9649)."""
    if len(content) > MAX_PICTURE_BYTES or int.from_bytes(content[4:8], "little") != len(content) - 8:
        return False
    start = 12
    while start < len(content):
        name, size = content[start : start + 4], int.from_bytes(content[start + 4 : start + 8], "little")
        if name not in _PLAIN_CHUNKS or (name == b"VP8X" and content[start + 8] & _EXTRAS):
            return False
        start += 8 + size + size % 2
    return start == len(content)


def _without_texts(png: bytes) -> bytes:
    """The PNG without the texts in it, which Pillow would unpack, or refuse. Raises ImageRefused for half a PNG.

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


def _damaged(image_format: str) -> ImageRefused:
    return ImageRefused(f"must be a whole {image_format} image: this one is cut short or damaged")


def _bound_this_process() -> None:
    for kind, most in ((resource.RLIMIT_AS, MEMORY), (resource.RLIMIT_CPU, SECONDS), (resource.RLIMIT_CORE, 0)):
        with suppress(ValueError, OSError):  # less is allowed already, or the system knows no such bound
            resource.setrlimit(kind, (most, most))
    with suppress(OSError):  # Linux: where memory runs out this process is ended, and no other
        Path("/proc/self/oom_score_adj").write_bytes(b"1000")


def main() -> int:
    """Convert one picture, from standard input to standard output."""
    _bound_this_process()
    try:
        answer, status = convert(Upload(sys.stdin.buffer.read(), sys.argv[1])), 0
    except ImageRefused as refusal:
        answer, status = str(refusal).encode(), CONVERSION_REFUSED
    sys.stdout.buffer.write(answer)
    return status


if __name__ == "__main__":
    sys.exit(main())
