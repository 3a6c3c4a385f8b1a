"""The pictures of menus, each stored once in its store under the SHA-256 of its content."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tableorder.database.connection import Connection
from tableorder.database.statements import load_statements
from tableorder.domain.errors import PictureNotFound
from tableorder.domain.images import Picture
from tableorder.domain.limits import Limits

_SQL = load_statements(__file__)


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


@dataclass(frozen=True)
class OldPicture:
    """A menu's picture as the first versions kept it, within the menu."""

    menu_id: int
    store_id: int
    data_url: str


class OldPictureRepository:
    """The pictures of all stores that are still within their menus, for the operator's command."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def measure(self) -> tuple[int, int]:
        """How many there are, and their bytes together."""
        count, size = self._connection.fetch_one(_SQL["measure_old_pictures"])
        return count, size

    def find_next(self, *, after: tuple[int, int]) -> OldPicture | None:
        """The first one after a store and a menu, (store_id, menu_id)."""
        store_id, menu_id = after
        row = self._connection.find_one(_SQL["find_old_picture"], {"store_id": store_id, "menu_id": menu_id})
        return OldPicture(*row) if row else None

    def replace(self, *, store_id: int, pictures: Mapping[OldPicture, Picture]) -> int:
        """Let the menus of a store show the new pictures, except those that have changed; how many they are."""
        changed: int = self._connection.fetch_value(
            _SQL["replace_old_pictures"],
            {
                "store_id": store_id,
                "menu_ids": [old.menu_id for old in pictures],
                "data_urls": [old.data_url for old in pictures],
                "sha256s": [new.sha256 for new in pictures.values()],
                "webps": [new.webp for new in pictures.values()],
            },
        )
        return changed


def picture_parameters(picture: Picture | None, limits: Limits) -> dict[str, Any]:
    """What the statements that give a menu its picture need."""
    return {
        "picture_sha256": picture.sha256 if picture else None,
        "picture_webp": picture.webp if picture else None,
        "picture_size": len(picture.webp) if picture else 0,
        "picture_limit": limits.picture_bytes,
    }
