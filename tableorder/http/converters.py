"""Identifiers in paths."""

from werkzeug.exceptions import NotFound
from werkzeug.routing import BaseConverter

from tableorder.domain.limits import MAX_INTEGER


class IdConverter(BaseConverter):
    """`<id:order_id>`: an id that the database could know; any other path is simply unknown.

    NotFound, not werkzeug's ValidationError: after that the path would still count as known for its other methods.
    """

    regex = "[1-9][0-9]{0,9}"

    def to_python(self, value: str) -> int:
        if int(value) > MAX_INTEGER:
            raise NotFound
        return int(value)
