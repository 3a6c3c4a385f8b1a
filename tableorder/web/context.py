"""What a request's application gives it: the settings and the way to the database."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TypeVar

from flask import current_app

from tableorder.config import Config
from tableorder.database.connection import Connection, Database
from tableorder.transactions.notifier import Notifier
from tableorder.transactions.replica import Replica
from tableorder.web.password_work import PasswordWork

T = TypeVar("T")

CONFIG = "tableorder.config"
DATABASE = "tableorder.database"
NOTIFIER = "tableorder.notifier"
REPLICA = "tableorder.replica"
BCRYPT_WORK = "tableorder.password_work"


def config() -> Config:
    """The application's settings."""
    return current_app.extensions[CONFIG]


def database() -> Database:
    """The application's database."""
    return current_app.extensions[DATABASE]


def connect(store_id: int | None) -> AbstractContextManager[Connection]:
    """A connection that sees the rows of one store only, or of none. Raises Unavailable."""
    return database().connect(store_id)


def read(store_id: int, query: Callable[[Connection], T]) -> T:
    """What `query` finds on a connection that sees all that the store has committed, if need be on a standby.

    For what is much work to read. Raises Unavailable.
    """
    replica: Replica = current_app.extensions[REPLICA]
    return replica.read(store_id, query)


def password_work() -> PasswordWork:
    """What this process checks and hashes passwords with."""
    return current_app.extensions[BCRYPT_WORK]


def announce(store_id: int) -> None:
    """Let the live feed know that something was committed in the store."""
    notifier: Notifier = current_app.extensions[NOTIFIER]
    notifier.notify(store_id)
