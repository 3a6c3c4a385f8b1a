"""A table's sessions: started by its first login, ended by the counter, moved into the history."""

from tableorder.database.connection import Connection
from tableorder.domain.errors import Conflict, NotFound, Unavailable
from tableorder.repositories.orders import ITEMS

# A session can end between our finding it and our reading it, then the next attempt starts a new one.
JOIN_ATTEMPTS = 5


class SessionRepository:
    """The sessions of a store's tables."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def join(self, *, store_id: int, table_id: int) -> str:
        """The table's active session, started now if there is none; simultaneous calls get the same one.

        The unique index on active sessions decides who starts it; the others wait for that one's commit. Raises
        NotFound if the table is gone.
        """
        for _ in range(JOIN_ATTEMPTS):
            session_id = self._connection.fetch_value(
                """
                INSERT INTO table_sessions (store_id, table_id)
                VALUES (%(store_id)s, %(table_id)s)
                    ON CONFLICT (table_id) WHERE is_active DO NOTHING;

                SELECT session_id::text FROM table_sessions WHERE table_id = %(table_id)s AND is_active
                """,
                {"store_id": store_id, "table_id": table_id},
            )
            if session_id is not None:
                return session_id
        raise Unavailable("this table's session keeps ending", code="database_busy")

    def end(self, *, table_id: int) -> str:
        """Move the table's active session into the history, orders and all, and say what it came to.

        Raises NotFound for the table, Conflict (no_active_session). First the session is locked against new orders
        and then its orders against changes; only the statement after that reads them, so that what the others
        committed in the meantime is in the archive.

        A day after its end a session is of no use outside the archive: some of this table's that are there are
        forgotten meanwhile, and some idempotency keys of the store.
        """
        row = self._connection.find_one(
            """
            SELECT FROM table_sessions WHERE table_id = %(table_id)s AND is_active FOR UPDATE;

            SELECT FROM orders
              JOIN table_sessions ON table_sessions.session_id = orders.session_id
             WHERE table_sessions.table_id = %(table_id)s AND table_sessions.is_active
             ORDER BY orders.order_id
               FOR UPDATE OF orders;

            WITH ended AS (
                UPDATE table_sessions
                   SET is_active = false, end_time = clock_timestamp()
                 WHERE table_id = %(table_id)s AND is_active
                RETURNING session_id, table_id, store_id, end_time
            ), bill AS (
                SELECT COALESCE(sum(orders.total_amount), 0) AS total, count(*) AS order_count,
                       COALESCE(jsonb_agg(jsonb_build_object(
                                              'order_id', orders.order_id,
                                              'order_time', orders.order_time,
                                              'total_amount', orders.total_amount,
                                              'status', orders.status,
                                              'items', """
            + ITEMS
            + """)
                                          ORDER BY orders.order_time, orders.order_id), '[]') AS orders
                  FROM orders
                  JOIN ended ON ended.session_id = orders.session_id
            ), archived AS (
                INSERT INTO order_history (session_id, table_id, store_id, table_number, completed_time,
                                           archived_order_data)
                SELECT ended.session_id, ended.table_id, ended.store_id, tables.table_number, ended.end_time,
                       jsonb_build_object('orders', bill.orders, 'session_total', bill.total)
                  FROM ended
                  JOIN tables ON tables.table_id = ended.table_id
                 CROSS JOIN bill
            ), moved AS (
                DELETE FROM orders USING ended WHERE orders.session_id = ended.session_id
            ), forgotten_keys AS (
                DELETE FROM idempotency_keys
                 WHERE ctid = ANY (ARRAY(SELECT idempotency_keys.ctid
                                           FROM idempotency_keys
                                           JOIN ended ON ended.store_id = idempotency_keys.store_id
                                          WHERE idempotency_keys.created_at < now() - interval '1 day'
                                          LIMIT 1000
                                            FOR UPDATE OF idempotency_keys SKIP LOCKED))
            ), past AS (
                SELECT table_sessions.session_id
                  FROM table_sessions
                  JOIN ended ON ended.table_id = table_sessions.table_id
                 WHERE NOT table_sessions.is_active
                   AND table_sessions.end_time < now() - interval '1 day'
                   AND EXISTS (SELECT FROM order_history WHERE order_history.session_id = table_sessions.session_id)
                 LIMIT 100
            ), forgotten_sessions AS (
                DELETE FROM table_sessions USING past WHERE table_sessions.session_id = past.session_id
            )
            SELECT ended.session_id IS NOT NULL,
                   json_build_object(
                       'message', 'the session is over',
                       'table_id', tables.table_id,
                       'table_number', tables.table_number,
                       'session_id', ended.session_id,
                       'total_session_amount', bill.total,
                       'order_count', bill.order_count)::text
              FROM tables
              LEFT JOIN ended ON ended.table_id = tables.table_id
             CROSS JOIN bill
             WHERE tables.table_id = %(table_id)s
            """,
            {"table_id": table_id},
        )
        if row is None:
            raise NotFound(f"there is no table {table_id}", code="table_not_found")
        was_active, document = row
        if not was_active:
            raise Conflict(f"table {table_id} has no active session", code="no_active_session")
        return document
