"""What a request's application gives it: the settings and the way to the database."""

from contextlib import AbstractContextManager

from flask import current_app

from tableorder.config import Config
from tableorder.database.connection import Connection, Database

CONFIG = "tableorder.config"
DATABASE = "tableorder.database"


def config() -> Config:
    """The application's settings."""
    return current_app.extensions[CONFIG]


def database() -> Database:
    """The application's database."""
    return current_app.extensions[DATABASE]


def connect(store_id: int | None) -> AbstractContextManager[Connection]:
    """A connection that sees the rows of one store only, or of none. Raises Unavailable."""
    return database().connect(store_id)
