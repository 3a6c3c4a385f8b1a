"""`bin/tableorder demo …`: the demo restaurant."""

from __future__ import annotations

from typing import Any

from tableorder.commands import CHECKOUT
from tableorder.database.administration import administer
from tableorder.database.connection import Connection
from tableorder.management.arguments import Options, add_command, add_noun, answer

USERNAME = "demo"
ADMIN_PASSWORD = "demo-admin"  # noqa: S105 - public, it is printed and in the README
TABLE_PASSWORD = "demo-table"  # noqa: S105
TABLE_NUMBER = 3

# By the name of a drawing in sql/demo, the dish; sql/demo/draw.py has drawn them.
DRAWINGS = {
    "kimchi-jjigae": "김치찌개",
    "doenjang-jjigae": "된장찌개",
    "sundubu-jjigae": "순두부찌개",
    "galbitang": "갈비탕",
    "samgyeopsal": "삼겹살 200g",
    "dwaejigalbi": "돼지갈비 250g",
    "godeungeo-gui": "고등어구이",
    "bibimbap": "돌솥비빔밥",
    "naengmyeon": "물냉면",
    "gonggibap": "공기밥",
    "jeomsim-teukseon": "점심 특선",
    "haemul-pajeon": "해물파전",
    "dubu-kimchi": "두부김치",
    "cola": "콜라",
    "soju": "소주",
    "beer": "맥주 500ml",
}

SHOW_DRAWINGS = """
WITH demo AS (
    SELECT store_id FROM stores WHERE admin_username = %(username)s
)
INSERT INTO pictures (store_id, sha256, webp)
SELECT demo.store_id, sha256(given.webp), given.webp
  FROM demo, unnest(%(webps)s::bytea[]) AS given (webp)
    ON CONFLICT DO NOTHING;

UPDATE menus
   SET picture_sha256 = sha256(given.webp)
  FROM stores, unnest(%(names)s, %(webps)s::bytea[]) AS given (menu_name, webp)
 WHERE stores.admin_username = %(username)s
   AND menus.store_id = stores.store_id
   AND menus.menu_name = given.menu_name
"""


def add_commands(nouns: Any) -> None:
    """Declare the command."""
    add_command(
        add_noun(nouns, "demo", "the demo restaurant"),
        "load",
        load_demo,
        "load the demo restaurant",
        about="Its passwords are public, so not where others can reach it.",
        examples=["bin/tableorder demo load"],
    )


def load_demo(url: str, options: Options) -> None:
    with administer(url) as connection:
        loaded = load(connection)
    answer(
        options,
        {"loaded": loaded, "admin_username": USERNAME},
        f"Loaded the demo restaurant: admin {USERNAME} / {ADMIN_PASSWORD}, tables 1 to 8 / {TABLE_PASSWORD}."
        if loaded
        else "The demo restaurant is there already.",
    )


def load(connection: Connection) -> bool:
    """Load the demo restaurant; False if it is there already."""
    before = _count(connection)
    connection.fetch_all((CHECKOUT / "sql" / "demo.sql").read_text(encoding="utf-8"))
    if _count(connection) == before:
        return False
    webps = [(CHECKOUT / "sql" / "demo" / f"{drawing}.webp").read_bytes() for drawing in DRAWINGS]
    connection.fetch_all(SHOW_DRAWINGS, {"username": USERNAME, "names": [*DRAWINGS.values()], "webps": webps})
    return True


def _count(connection: Connection) -> int:
    return connection.fetch_value("SELECT count(*) FROM stores")
