"""Where an order is: in the list of the guests who are at the table, in the archive of a session, or in the voids."""

from __future__ import annotations

from collections import defaultdict
from typing import Any, NamedTuple

LIVE, ARCHIVED, VOIDED = "live", "archived", "voided"

# A row for each time that an order is found somewhere. A live one counts only if its session is the table's present
# one: no list shows the others.
PLACES = """
SELECT orders.order_id, 'live' AS place, orders.session_id::text, orders.total_amount::bigint, orders.status::text
  FROM orders
  JOIN tables ON tables.table_id = orders.table_id AND tables.current_session_id = orders.session_id
 WHERE orders.store_id = %(store_id)s
 UNION ALL
SELECT (entry ->> 'order_id')::integer, 'archived', order_history.session_id::text,
       (entry ->> 'total_amount')::bigint, entry ->> 'status'
  FROM order_history
 CROSS JOIN LATERAL jsonb_array_elements(order_history.archived_order_data -> 'orders') AS entry
 WHERE order_history.store_id = %(store_id)s
 UNION ALL
SELECT order_id, 'voided', session_id::text, (voided_order ->> 'total_amount')::bigint, voided_order ->> 'status'
  FROM order_voids
 WHERE store_id = %(store_id)s AND kind = 'order'
"""

# What each archived session came to.
BILLS = """
SELECT session_id::text, (archived_order_data ->> 'session_total')::bigint,
       jsonb_array_length(archived_order_data -> 'orders')
  FROM order_history
 WHERE store_id = %(store_id)s
"""

# A row for each time that an order was announced as new.
ANNOUNCED = """
SELECT (event_data ->> 'order_id')::integer
  FROM events
 WHERE store_id = %(store_id)s AND event_type = 'order_created'
"""


class Place(NamedTuple):
    """One find of an order."""

    place: str
    session_id: str
    total: int
    status: str


def by_order(rows: list[tuple[Any, ...]]) -> dict[int, list[Place]]:
    """The rows of PLACES, order by order."""
    found: dict[int, list[Place]] = defaultdict(list)
    for order_id, *place in rows:
        found[order_id].append(Place(*place))
    return dict(found)
