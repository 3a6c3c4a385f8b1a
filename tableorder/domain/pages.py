"""Pages of long lists."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

# Of a page's documents as they are stored, which is compressed: some 5 MB as they are sent. A page that would have more
# ends before; it always has one entry.
PAGE_BYTES = 512 * 1024


@dataclass(frozen=True)
class Page:
    """At most `limit` entries, newest first, from the start of day `start` to the end of day `end`.

    `before` is the last entry of the page before, as its time in microseconds since 1970 and its id: an entry that
    is added meanwhile moves no page. `offset` entries are left out, counted from there or from the newest.
    """

    limit: int
    start: date | None = None
    end: date | None = None
    before: tuple[int, int] | None = None
    offset: int = 0

    @classmethod
    def from_query(cls, query: Mapping[str, Any]) -> Page:
        """The page that a query, loaded by a BooksQuery, asks for."""
        return cls(query["limit"], query["start_date"], query["end_date"], query["cursor"], query.get("offset", 0))

    def parameters(self) -> dict[str, object]:
        """The parameters of the statement that reads the page."""
        time, identifier = self.before or (None, None)
        return {
            "limit": self.limit,
            "page_bytes": PAGE_BYTES,
            "start": self.start,
            "end": self.end,
            "before_time": time,
            "before_id": identifier,
            "offset": self.offset,
        }
