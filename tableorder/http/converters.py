"""Identifiers in paths."""

from werkzeug.routing import IntegerConverter, Map

from tableorder.domain.limits import MAX_INTEGER


class IdConverter(IntegerConverter):
    """`<id:order_id>`: an id that the database could know; any other path is simply unknown."""

    def __init__(self, map: Map) -> None:
        super().__init__(map, min=1, max=MAX_INTEGER)
