"""What a request's application gives it: the settings and the way to the database."""

from contextlib import AbstractContextManager

from flask import current_app

from tableorder.config import Config
from tableorder.database.connection import Connection, Database
from tableorder.http.announcer import Announcer

CONFIG = "tableorder.config"
DATABASE = "tableorder.database"
ANNOUNCER = "tableorder.announcer"


def config() -> Config:
    """The application's settings."""
    return current_app.extensions[CONFIG]


def database() -> Database:
    """The application's database."""
    return current_app.extensions[DATABASE]


def connect(store_id: int | None) -> AbstractContextManager[Connection]:
    """A connection that sees the rows of one store only, or of none. Raises Unavailable."""
    return database().connect(store_id)


def announce(store_id: int) -> None:
    """Let the live feed know that something was committed in the store."""
    announcer: Announcer = current_app.extensions[ANNOUNCER]
    announcer.announce(store_id)
