"""docs/schema.svg is the schema as the migrations make it. `DRAW=1 bin/test` with this file draws it anew."""

import os

from tests.management.running import CHECKOUT
from tests.migrations.schema_diagram import draw, read_tables

DRAWING = CHECKOUT / "docs" / "schema.svg"


def test_the_drawing_is_of_the_schema_as_it_is(connect):
    drawn = draw(read_tables(connect()))
    if os.environ.get("DRAW"):
        DRAWING.write_text(drawn)
    assert DRAWING.read_text() == drawn
