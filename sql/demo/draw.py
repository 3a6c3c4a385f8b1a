"""Draws the dishes of the demo restaurant: python sql/demo/draw.py sql/demo

Each is seen from above, made of circles, strips and leaves at places that its name decides. The files are kept in the
repository: another release of Pillow would write other bytes.
"""

from __future__ import annotations

import math
import random
import sys
from pathlib import Path

from PIL import Image, ImageDraw, ImageFilter

SIZE = 480, 360  # pixels, of the picture
SCALE = 3  # drawn so many times as large, for smooth edges

CENTRE = SIZE[0] * SCALE // 2, SIZE[1] * SCALE // 2
WOOD, LINEN, SLATE, MINT = "#c89b6a", "#e9dfcf", "#56606b", "#bcd5c6"
STONE, CHINA, BRASS = ("#2f2b2a", "#453f3d"), ("#f4f1ea", "#ffffff"), ("#c9a45c", "#e0c388")

Colours = tuple[str, ...]


class Dish:
    """A drawing: a table, what stands on it, and what lies in that."""

    def __init__(self, name: str, table: str) -> None:
        self._random = random.Random(name)  # noqa: S311
        self.image = Image.new("RGB", (SIZE[0] * SCALE, SIZE[1] * SCALE), table)
        self._draw = ImageDraw.Draw(self.image)
        for y in range(0, self.image.height, 46 * SCALE):  # boards
            self._draw.line((0, y, self.image.width, y), fill=_darker(table, 0.93), width=2 * SCALE)

    def vessel(self, radius: int, colours: Colours, *, flat: float = 1.0) -> Dish:
        """A bowl or a plate, with its shadow."""
        shadow = Image.new("L", self.image.size)
        ImageDraw.Draw(shadow).ellipse(_box(CENTRE, radius + 6, flat, down=14), fill=120)
        self.image.paste("#1b1410", mask=shadow.filter(ImageFilter.GaussianBlur(12 * SCALE)))
        self._draw.ellipse(_box(CENTRE, radius, flat), fill=colours[0])
        self._draw.ellipse(_box(CENTRE, radius - 7, flat), fill=colours[1])
        self._draw.ellipse(_box(CENTRE, radius - 16, flat), fill=colours[0])
        return self

    def filled(self, radius: int, colour: str) -> Dish:
        """A broth or rice: lighter towards the middle."""
        for step in range(12):
            self._draw.ellipse(_box(CENTRE, radius - step * radius // 14), fill=_darker(colour, 0.82 + step * 0.018))
        return self

    def circles(self, count: int, size: int, colours: Colours, *, within: int) -> Dish:
        for place in self._places(count, within):
            radius = size * self._random.uniform(0.8, 1.2)
            colour = self._random.choice(colours)
            self._draw.ellipse(_box(place, radius), fill=_darker(colour, 0.86))
            self._draw.ellipse(_box((place[0] - SCALE, place[1] - SCALE), radius * 0.86), fill=colour)
        return self

    def strips(self, count: int, length: int, width: int, colours: Colours, *, within: int) -> Dish:
        for x, y in self._places(count, within):
            turn = self._random.uniform(0, math.pi)
            across = math.cos(turn) * length * SCALE / 2, math.sin(turn) * length * SCALE / 2
            ends = (x - across[0], y - across[1], x + across[0], y + across[1])
            colour = self._random.choice(colours)
            self._draw.line(ends, fill=_darker(colour, 0.82), width=(width + 3) * SCALE)
            self._draw.line(ends, fill=colour, width=width * SCALE)
        return self

    def blocks(self, count: int, size: int, colours: Colours, *, within: int) -> Dish:
        """Cubes of tofu or meat."""
        for x, y in self._places(count, within):
            turn, colour = self._random.uniform(0, math.pi / 2), self._random.choice(colours)
            for shade, grown in ((0.84, size + 3), (1.0, size)):
                corners = [
                    (
                        x + math.cos(turn + n * math.pi / 2) * grown * SCALE,
                        y + math.sin(turn + n * math.pi / 2) * grown * SCALE,
                    )
                    for n in range(4)
                ]
                self._draw.polygon(corners, fill=_darker(colour, shade))
        return self

    def fish(self, colours: Colours) -> Dish:
        """Two halves, side by side."""
        for down, colour in zip((-34, 34), colours, strict=True):
            x, y = CENTRE[0], CENTRE[1] + down * SCALE
            self._draw.polygon(
                [(x + 84 * SCALE, y), (x + 128 * SCALE, y - 26 * SCALE), (x + 128 * SCALE, y + 26 * SCALE)], fill=colour
            )
            self._draw.ellipse((x - 118 * SCALE, y - 29 * SCALE, x + 104 * SCALE, y + 29 * SCALE), fill=colour)
            for step in range(6):
                at = x + (step * 32 - 84) * SCALE
                self._draw.line((at, y - 17 * SCALE, at + 14 * SCALE, y + 17 * SCALE), fill="#c9a35e", width=5 * SCALE)
        return self

    def egg(self, radius: int) -> Dish:
        self._draw.ellipse(_box(CENTRE, radius), fill="#fffaf0")
        self._draw.ellipse(_box(CENTRE, radius * 0.55), fill="#f2a91e")
        self._draw.ellipse(_box((CENTRE[0] - 5 * SCALE, CENTRE[1] - 5 * SCALE), radius * 0.18), fill="#f9cf74")
        return self

    def glass(self, drink: str, top: str) -> Dish:
        """A glass from the side."""
        x, y = CENTRE
        left, right, upper, lower = x - 62 * SCALE, x + 62 * SCALE, y - 130 * SCALE, y + 130 * SCALE
        self._draw.ellipse(
            (left - 20 * SCALE, lower - 16 * SCALE, right + 50 * SCALE, lower + 22 * SCALE), fill="#3a3f46"
        )
        glass = [(left, upper), (right, upper), (right - 14 * SCALE, lower), (left + 14 * SCALE, lower)]
        self._draw.polygon(glass, fill="#dfe8ee")
        filled = [(left + 7 * SCALE, upper + 40 * SCALE), (right - 7 * SCALE, upper + 40 * SCALE)]
        self._draw.polygon(
            [*filled, (right - 20 * SCALE, lower - 9 * SCALE), (left + 20 * SCALE, lower - 9 * SCALE)], fill=drink
        )
        self._draw.rounded_rectangle(
            (left + 6 * SCALE, upper + 24 * SCALE, right - 6 * SCALE, upper + 60 * SCALE), 12 * SCALE, fill=top
        )
        for _ in range(26):
            at = (
                self._random.randint(left + 30 * SCALE, right - 30 * SCALE),
                self._random.randint(upper + 80 * SCALE, lower - 30 * SCALE),
            )
            self._draw.ellipse(_box(at, self._random.uniform(1.5, 4)), fill=_darker(drink, 1.25))
        self._draw.line(
            (left + 20 * SCALE, upper + 70 * SCALE, left + 30 * SCALE, lower - 40 * SCALE),
            fill="#f4f8fa",
            width=5 * SCALE,
        )
        return self

    def save(self, file: Path) -> None:
        self.image.resize(SIZE, Image.Resampling.LANCZOS).save(file, "WEBP", quality=80, method=6)

    def _places(self, count: int, within: int) -> list[tuple[float, float]]:
        """So many places around the middle, far from each other."""
        places: list[tuple[float, float]] = []
        for number in range(count):
            distance = within * SCALE * math.sqrt((number + 0.5) / count)
            turn = number * 2.39996 + self._random.uniform(-0.4, 0.4)
            places.append((CENTRE[0] + distance * math.cos(turn), CENTRE[1] + distance * math.sin(turn)))
        self._random.shuffle(places)
        return places


def _box(centre: tuple[float, float], radius: float, flat: float = 1.0, down: int = 0) -> tuple[float, ...]:
    x, y, radius = centre[0], centre[1] + down * SCALE, radius * SCALE
    return x - radius, y - radius * flat, x + radius, y + radius * flat


def _darker(colour: str, share: float) -> str:
    parts = (min(255, round(int(colour[n : n + 2], 16) * share)) for n in (1, 3, 5))
    return "#" + "".join(f"{part:02x}" for part in parts)


GREEN, ONION, CHILLI, SESAME = (
    ("#6a9c3d", "#86b552"),
    ("#dfe8c0", "#b9d48a"),
    ("#c8291c", "#e0482f"),
    ("#f5e6c0", "#e8d29a"),
)
TOFU, MEAT, KIMCHI, RICE = (
    ("#fbf4e2", "#f4e9cf"),
    ("#8f4f35", "#a5623f"),
    ("#d4502f", "#e98a5c", "#b93a22"),
    ("#fdfbf4", "#f3eee0"),
)


def stew(name: str, broth: str) -> Dish:
    return Dish(name, WOOD).vessel(150, STONE).filled(126, broth)


def plate(name: str, table: str, *, flat: float = 1.0) -> Dish:
    return Dish(name, table).vessel(158, CHINA, flat=flat)


def dishes() -> dict[str, Dish]:
    """By the name of its file."""
    return {
        "kimchi-jjigae": stew("kimchi", "#c2401f").strips(16, 60, 17, KIMCHI, within=95)
        .blocks(5, 17, TOFU, within=80).blocks(5, 14, MEAT, within=90).circles(10, 7, GREEN, within=90),
        "doenjang-jjigae": stew("doenjang", "#a9762f").blocks(9, 19, TOFU, within=90)
        .circles(7, 17, ("#c9d98a", "#a7c25c"), within=92).circles(6, 6, CHILLI, within=80)
        .circles(9, 6, GREEN, within=90),
        "sundubu-jjigae": stew("sundubu", "#cf3d1c").circles(9, 25, TOFU, within=88)
        .circles(5, 13, ("#d8c7a0", "#8d7a66"), within=95).egg(34).circles(9, 6, GREEN, within=95),
        "galbitang": Dish("galbitang", LINEN).vessel(150, BRASS).filled(124, "#d9c39a")
        .strips(4, 80, 34, MEAT, within=62).strips(5, 84, 4, ("#f7f0dc",), within=80)
        .circles(16, 7, GREEN, within=95),
        "samgyeopsal": Dish("samgyeopsal", SLATE).vessel(158, STONE)
        .strips(11, 120, 26, ("#e3a58e", "#f3d3c2", "#c97b60"), within=88).circles(6, 15, ONION, within=110)
        .strips(4, 40, 8, GREEN, within=110),
        "dwaejigalbi": Dish("dwaejigalbi", SLATE).vessel(158, STONE)
        .strips(9, 110, 32, ("#8a3f22", "#6e2f19", "#a3532c"), within=82).circles(30, 3, SESAME, within=100)
        .circles(8, 8, GREEN, within=110),
        "godeungeo-gui": plate("godeungeo", MINT, flat=0.8).fish(("#5d6d77", "#748690"))
        .circles(2, 20, ("#f2d84b",), within=90),
        "bibimbap": Dish("bibimbap", WOOD).vessel(155, STONE).filled(130, "#f6f0df")
        .strips(16, 62, 6, ("#e88a2a",), within=100).strips(14, 56, 7, GREEN, within=100)
        .strips(10, 54, 8, MEAT, within=98).strips(12, 60, 5, ("#f7f3d9",), within=100).egg(46)
        .circles(20, 3, SESAME, within=100),
        "naengmyeon": Dish("naengmyeon", MINT).vessel(155, BRASS).filled(128, "#d8d3c3")
        .strips(46, 110, 4, ("#8b7a68", "#a08f7b"), within=62).circles(5, 24, ("#cfe3a8", "#e3efc9"), within=88)
        .egg(30).strips(6, 46, 9, ("#f3efe6",), within=92),
        "gonggibap": Dish("gonggibap", LINEN).vessel(120, BRASS).filled(100, "#f4efe1")
        .strips(120, 10, 4, RICE, within=88),
        "jeomsim-teukseon": plate("jeomsim", WOOD)
        .strips(34, 58, 17, ("#b5452a", "#9c3a22", "#c75a36"), within=88).circles(6, 14, ONION, within=95)
        .circles(9, 8, GREEN, within=100).circles(24, 3, SESAME, within=95),
        "haemul-pajeon": plate("pajeon", WOOD).filled(128, "#dcae55").strips(20, 170, 7, GREEN, within=78)
        .circles(9, 15, ("#f1b7a0", "#e88f75"), within=92).circles(7, 12, ("#f4ead8",), within=98)
        .circles(8, 6, CHILLI, within=95),
        "dubu-kimchi": plate("dubu", MINT).blocks(9, 32, TOFU, within=108).strips(18, 54, 17, KIMCHI, within=50)
        .circles(26, 3, SESAME, within=60),
        "cola": Dish("cola", MINT).glass("#3b1a10", "#7a4a33"),
        "soju": Dish("soju", LINEN).glass("#bfe3d0", "#e6f5ee"),
        "beer": Dish("beer", WOOD).glass("#e6a420", "#fff8e6"),
    }  # fmt: skip


if __name__ == "__main__":
    for file_name, dish in dishes().items():
        dish.save(Path(sys.argv[1]) / f"{file_name}.webp")
