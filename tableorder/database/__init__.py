"""PostgreSQL: the pool, the connection that a request works with, migrations, the embedded server."""
