"""The pictures of menus, each stored once in its store under the SHA-256 of its content."""

from typing import Any

from tableorder.database.connection import Connection
from tableorder.domain.errors import PictureNotFound
from tableorder.domain.images import Picture
from tableorder.domain.limits import Limits


class PictureRepository:
    """Pictures by their names, whichever store they are of, on any connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, *, sha256: str) -> bytes:
        """The WebP with this hash, in hexadecimal digits. Raises PictureNotFound."""
        webp = self._connection.fetch_value(
            "SELECT find_picture(decode(%(sha256)s, 'hex'))",
            {"sha256": sha256},
        )
        if webp is None:
            raise PictureNotFound(sha256=sha256)
        return bytes(webp)


def picture_parameters(picture: Picture | None, limits: Limits) -> dict[str, Any]:
    """What the statements that give a menu its picture need."""
    return {
        "picture_sha256": picture.sha256 if picture else None,
        "picture_webp": picture.webp if picture else None,
        "picture_size": len(picture.webp) if picture else 0,
        "picture_limit": limits.picture_bytes,
    }
