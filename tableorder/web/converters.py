"""Identifiers in paths."""

from werkzeug.exceptions import NotFound
from werkzeug.routing import BaseConverter

from tableorder.domain.limits import MAX_BIG_INTEGER, MAX_INTEGER


class IdConverter(BaseConverter):
    """`<id:menu_id>`: an id that the database could know; any other path is simply unknown.

    NotFound, not werkzeug's ValidationError: after that the path would still count as known for its other methods.
    """

    regex = "[1-9][0-9]{0,9}"
    most = MAX_INTEGER

    def to_python(self, value: str) -> int:
        if int(value) > self.most:
            raise NotFound
        return int(value)


class BigIdConverter(IdConverter):
    """`<big_id:order_id>`: the id of an order or of its line."""

    regex = "[1-9][0-9]{0,18}"
    most = MAX_BIG_INTEGER


class Sha256Converter(BaseConverter):
    """`<sha256:name>`: a SHA-256 in lower-case hexadecimal digits, as we write it."""

    regex = "[0-9a-f]{64}"
