"""`bin/tableorder pictures convert`: the pictures of before become files of their own, while the service works."""

from __future__ import annotations

import base64
import io
import json
import signal
import subprocess
import sys

import pytest
from PIL import Image

from tests.api.server import run_sql
from tests.management.running import CHECKOUT, environment, manage
from tests.waiting import until


def old_picture(colour: str, size: tuple[int, int] = (1500, 30)) -> str:
    written = io.BytesIO()
    Image.new("RGB", size, colour).save(written, "PNG")
    return f"data:image/PNG;base64,{base64.b64encode(written.getvalue()).decode()}"


@pytest.fixture
def url(make_database) -> str:
    """Two stores with a category each."""
    url = make_database()
    for store_id in (1, 2):
        run_sql(url, "INSERT INTO stores VALUES (%s, '식당', %s, '-') RETURNING 1", store_id, f"사장{store_id}")
        run_sql(url, "INSERT INTO categories (store_id, category_name) VALUES (%s, '국') RETURNING 1", store_id)
    return url


def add_menu(url: str, store_id: int, image: str | None, deleted_at: str | None = None) -> int:
    [(menu_id,)] = run_sql(
        url,
        """
        INSERT INTO menus (store_id, category_id, menu_name, price, image_base64, deleted_at)
        SELECT store_id, category_id, '국', 1, %s, %s FROM categories WHERE store_id = %s
        RETURNING menu_id
        """,
        image,
        deleted_at,
        store_id,
    )
    return menu_id


def convert(url: str, home) -> dict:
    ended = manage("pictures", "convert", "--json", home=home, DATABASE_URL=url)
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout)


def shown(url: str) -> dict[int, tuple[bool, bytes | None]]:
    """By menu: whether the old column has a picture, and the one that it shows."""
    rows = run_sql(
        url,
        """
        SELECT menu_id, image_base64 IS NOT NULL, webp
          FROM menus LEFT JOIN pictures ON sha256 = picture_sha256 AND pictures.store_id = menus.store_id
        """,
    )
    return {menu_id: (is_old, bytes(webp) if webp else None) for menu_id, is_old, webp in rows}


def test_each_picture_is_converted_once_and_what_cannot_be_read_is_left(url, tmp_path):
    red, also_red = (add_menu(url, store_id, old_picture("red")) for store_id in (1, 2))
    same, none = add_menu(url, 1, old_picture("red")), add_menu(url, 1, None)
    broken = add_menu(url, 2, old_picture("blue")[:-40])
    rubbish = add_menu(url, 2, "rubbish")
    retired = add_menu(url, 1, old_picture("green"), "2026-05-05")
    answer = convert(url, tmp_path)
    assert answer["converted"] == 3
    assert {each["menu_id"]: each["store_id"] for each in answer["left"]} == {broken: 2, rubbish: 2}
    assert "damaged" in answer["left"][0]["reason"] and "data URL" in answer["left"][1]["reason"]
    now = shown(url)
    assert [now[menu_id] for menu_id in (none, broken, rubbish, retired)] == [
        (False, None), (True, None), (True, None), (True, None),
    ]  # fmt: skip
    for menu_id in (red, also_red, same):
        is_old, webp = now[menu_id]
        assert not is_old and Image.open(io.BytesIO(webp)).size == (1280, 26)
    assert run_sql(url, "SELECT store_id, unused_since FROM pictures ORDER BY store_id") == [(1, None), (2, None)]
    versions = run_sql(url, "SELECT version FROM menu_versions ORDER BY store_id")
    assert convert(url, tmp_path)["converted"] == 0
    assert shown(url) == now and run_sql(url, "SELECT version FROM menu_versions ORDER BY store_id") == versions


def test_a_picture_that_is_changed_meanwhile_stays_as_it_was_changed(url, tmp_path):
    from tableorder.database.administration import administer
    from tableorder.domain.images import Picture
    from tableorder.repositories.pictures import OldPictureRepository

    menu_id, other = add_menu(url, 1, old_picture("red")), add_menu(url, 1, old_picture("blue"))
    with administer(url) as connection:
        pictures = OldPictureRepository(connection)
        assert pictures.measure()[0] == 2
        read = [pictures.find_next(after=(0, 0)), pictures.find_next(after=(1, menu_id))]
        run_sql(url, "UPDATE menus SET image_base64 = %s WHERE menu_id = %s RETURNING 1", old_picture("green"), menu_id)
        converted = {old: Picture(old.data_url.encode()[:100] + str(old.menu_id).encode()) for old in read}
        assert pictures.replace(store_id=1, pictures=converted) == 1
    assert shown(url)[menu_id] == (True, None) and shown(url)[other][1]


def test_it_can_be_stopped_and_run_again(url, tmp_path):
    menu_ids = [add_menu(url, 1, old_picture(f"#{n:02x}0000", (1500, 1500))) for n in range(45)]
    command = [sys.executable, "-m", "tableorder.management", "pictures", "convert"]
    running = subprocess.Popen(
        command,
        cwd=CHECKOUT,
        env=environment(tmp_path, DATABASE_URL=url),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    until(lambda: any(webp for _, webp in shown(url).values()))
    running.send_signal(signal.SIGTERM)
    _, told = running.communicate(timeout=60)
    assert running.returncode == 1 and b"converting pictures" in told
    done = sum(not is_old for is_old, _ in shown(url).values())
    assert 20 <= done < 45
    assert convert(url, tmp_path) == {"converted": 45 - done, "left": []}
    assert all(not is_old and webp for is_old, webp in (shown(url)[menu_id] for menu_id in menu_ids))
