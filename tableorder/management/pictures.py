"""`bin/tableorder pictures …`: the pictures of menus."""

from __future__ import annotations

from typing import Any

from tableorder.database.administration import administer
from tableorder.domain.images import ImageRefused, Picture, read_data_url
from tableorder.management.arguments import Options, add_command, add_noun, answer
from tableorder.progress import progress
from tableorder.repositories.pictures import OldPicture, OldPictureRepository

AT_ONCE = 20  # pictures of a store that change together: the tablets fetch the menu again after each time


def add_commands(nouns: Any) -> None:
    """Declare the command."""
    add_command(
        add_noun(nouns, "pictures", "pictures of menus"),
        "convert",
        convert,
        "convert the pictures that the first versions kept within the menus",
        about="The service may go on meanwhile. The command may be stopped at any moment and run again: it goes on "
        "where it was. A picture that cannot be read stays as it is, and is named.",
        examples=["bin/tableorder pictures convert", "bin/tableorder pictures convert --json"],
    )


def convert(url: str, options: Options) -> None:
    with administer(url) as connection:
        converted, left = _convert_all(OldPictureRepository(connection))
    lines = [f"Converted {converted} pictures."]
    lines += [f"Left as it is: the picture of menu {each['menu_id']}, {each['reason']}" for each in left]
    answer(options, {"converted": converted, "left": left}, "\n".join(lines))


def _convert_all(pictures: OldPictureRepository) -> tuple[int, list[dict[str, Any]]]:
    """How many were converted, and which were left, with the reason."""
    converted, left = 0, []
    ready: dict[OldPicture, Picture] = {}
    after, store_id = (0, 0), 0
    _, size = pictures.measure()
    with progress("converting pictures", size) as add:
        while old := pictures.find_next(after=after):
            if ready and (old.store_id != store_id or len(ready) == AT_ONCE):
                converted += pictures.replace(store_id=store_id, pictures=ready)
                ready = {}
            after, store_id = (old.store_id, old.menu_id), old.store_id
            try:
                ready[old] = _convert(old)
            except ImageRefused as refusal:
                left.append({"store_id": old.store_id, "menu_id": old.menu_id, "reason": f"which {refusal}"})
            add(len(old.data_url))
        if ready:
            converted += pictures.replace(store_id=store_id, pictures=ready)
    return converted, left


def _convert(old: OldPicture) -> Picture:
    """Raises ImageRefused."""
    from tableorder.domain.image_conversion import convert  # Pillow, which other commands do without

    return Picture(convert(read_data_url(old.data_url)))
