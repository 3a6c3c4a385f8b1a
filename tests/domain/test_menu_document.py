"""A menu document's pictures are taken out of it, for as long as there is time."""

from __future__ import annotations

import pytest

from tableorder.domain.errors import ValidationFailed
from tableorder.domain.image_conversion import convert
from tableorder.domain.images import Picture, Upload
from tableorder.domain.menu_document import TOO_MANY_PICTURES, take_pictures
from tests.images import content, photo


def document():
    first, second = (Upload(content("PNG", photo(size)), "PNG") for size in ((8, 8), (9, 9)))
    return {"menus": [{"image_base64": upload} for upload in (first, first, second)]}


def converted(upload: Upload, pointer: str) -> Picture:
    return Picture(convert(upload))


def test_each_picture_is_converted_once_and_named_by_its_menus():
    given = document()
    pictures = take_pictures(given, converted, seconds=60)
    first, second = (each.sha256.hex() for each in pictures)
    assert [menu["picture_sha256"] for menu in given["menus"]] == [first, first, second]


def test_after_the_time_the_next_picture_is_refused():
    with pytest.raises(ValidationFailed) as refusal:
        take_pictures(document(), converted, seconds=0)
    assert refusal.value.told()["errors"] == {"/menus/0/image_base64": [TOO_MANY_PICTURES]}


def test_without_pictures_there_is_nothing_to_refuse():
    assert take_pictures({"menus": [{"ref": "x"}]}, converted, seconds=0) == []
