"""The demo restaurant."""

from tableorder.database.connection import Connection
from tableorder.environment import CHECKOUT

USERNAME = "demo"
ADMIN_PASSWORD = "demo-admin"  # noqa: S105 - public, it is printed and in the README
TABLE_PASSWORD = "demo-table"  # noqa: S105
TABLE_NUMBER = 3


def load_demo(connection: Connection) -> bool:
    """Load the demo restaurant; False if it is there already."""
    before = _count(connection)
    connection.fetch_all((CHECKOUT / "sql" / "demo.sql").read_text())
    return _count(connection) > before


def _count(connection: Connection) -> int:
    return connection.fetch_value("SELECT count(*) FROM stores")
