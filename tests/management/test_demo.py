"""The demo restaurant: each of its dishes has a drawing."""

from __future__ import annotations

import io
import runpy

from PIL import Image, ImageChops, ImageStat

from tableorder.database.administration import administer
from tableorder.management import demo
from tests.api.server import run_sql
from tests.management.running import CHECKOUT

DRAWN = CHECKOUT / "sql" / "demo"


def test_each_dish_of_the_demo_restaurant_has_a_drawing(make_database):
    url = make_database()
    with administer(url) as connection:
        assert demo.load(connection) and not demo.load(connection)
    shown = run_sql(
        url,
        """
        SELECT menu_name, webp, unused_since
          FROM menus LEFT JOIN pictures ON sha256 = picture_sha256 AND pictures.store_id = menus.store_id
        """,
    )
    assert {name for name, _, _ in shown} == {*demo.DRAWINGS.values()}
    assert all(webp and unused_since is None for _, webp, unused_since in shown)
    assert len({bytes(webp) for _, webp, _ in shown}) == len(shown)
    assert sum(len(webp) for _, webp, _ in shown) < 150_000


def test_the_drawings_are_what_the_script_draws():
    """To the eye: another release of Pillow writes other bytes."""
    drawn = runpy.run_path(str(DRAWN / "draw.py"))
    assert {file.stem for file in DRAWN.glob("*.webp")} == {*demo.DRAWINGS} == {*drawn["dishes"]()}
    for name, dish in drawn["dishes"]().items():
        kept = Image.open(io.BytesIO((DRAWN / f"{name}.webp").read_bytes())).convert("RGB")
        difference = ImageChops.difference(kept, dish.image.resize(kept.size))
        assert max(ImageStat.Stat(difference).mean) < 6, name
