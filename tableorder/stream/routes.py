"""The two live feeds, and who may open them. tableorder/openapi/feeds.py describes them."""

from __future__ import annotations

from collections.abc import Callable

from tableorder.http.tokens import Bearer, require_admin, require_table

ADMIN_FEED = "/api/v1/admin/orders/sse"
TABLE_FEED = "/api/v1/customer/orders/sse"

# Who may open the feed at a path. Each raises Forbidden for anybody else.
PATHS: dict[str, Callable[[Bearer], object]] = {ADMIN_FEED: require_admin, TABLE_FEED: require_table}
