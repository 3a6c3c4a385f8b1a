"""An uploaded picture, converted by a process of its own: no thread decodes, and the worker's memory does not grow."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

from tableorder.domain.errors import NotServing, ValidationFailed
from tableorder.domain.images import CONVERSION_REFUSED, Picture, Upload
from tableorder.web.context import picture_work

COMMAND = (sys.executable, "-m", "tableorder.domain.image_conversion")
ENVIRONMENT = {"PYTHONPATH": str(Path(__file__).resolve().parents[2])}  # none of our secrets
SECONDS = 50  # less than nginx waits


def convert_picture(upload: Upload, *, field: str) -> Picture:
    """The picture as it is to be stored. Raises TooManyPictures, NotServing, ValidationFailed for the field."""
    with picture_work().turn() as run:
        try:
            ended = run(lambda: _convert(upload))
        except subprocess.TimeoutExpired:
            raise _refused(field, "takes too long to decode") from None
    if ended.returncode == 0:
        return Picture(ended.stdout)
    if ended.returncode == CONVERSION_REFUSED:
        raise _refused(field, ended.stdout.decode())
    if ended.returncode in (-signal.SIGTERM, -signal.SIGINT):
        raise NotServing
    if ended.returncode < 0:  # out of time or memory, or a decoder has crashed
        raise _refused(field, "takes too much to decode")
    raise RuntimeError(f"the conversion of a picture failed: {ended.stderr.decode(errors='replace')}")


def _convert(upload: Upload) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [*COMMAND, upload.image_format],
        input=upload.content,
        capture_output=True,
        env=ENVIRONMENT,
        timeout=SECONDS,
    )


def _refused(field: str, why: str) -> ValidationFailed:
    return ValidationFailed(errors={field: [why[0].upper() + why[1:] + "."]})
