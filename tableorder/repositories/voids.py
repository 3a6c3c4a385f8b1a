"""Orders that an admin deleted: off the lists, on the books."""

from tableorder.database.connection import Connection


class VoidRepository:
    """A store's voids; documents come as JSON text. They are written by OrderRepository.void."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def list(self, *, store_id: int, limit: int, offset: int) -> str:
        """The voids, newest first: who, when, why, and the order with every line."""
        return self._connection.fetch_value(
            """
            WITH page AS (
                SELECT void_id, order_id, session_id, table_id, table_number, voided_at, voided_by, reason,
                       voided_order
                  FROM order_voids
                 WHERE store_id = %(store_id)s
                 ORDER BY voided_at DESC, void_id DESC
                 LIMIT %(limit)s OFFSET %(offset)s
            )
            SELECT json_build_object(
                       'store_id', %(store_id)s,
                       'total_count', (SELECT count(*) FROM order_voids WHERE store_id = %(store_id)s),
                       'voids', COALESCE((
                           SELECT json_agg(json_build_object(
                                      'void_id', void_id,
                                      'order_id', order_id,
                                      'session_id', session_id,
                                      'table_id', table_id,
                                      'table_number', table_number,
                                      'voided_at', voided_at,
                                      'voided_by', voided_by,
                                      'reason', reason,
                                      'order', voided_order)
                                  ORDER BY voided_at DESC, void_id DESC)
                             FROM page), '[]'))::text
            """,
            {"store_id": store_id, "limit": limit, "offset": offset},
        )
