"""What a request's application gives it: the settings and the way to the database."""

from contextlib import AbstractContextManager

from flask import current_app, request

from tableorder.config import Config
from tableorder.database.connection import Check, Connection, Database
from tableorder.repositories.tokens import check_of, check_reading_books
from tableorder.transactions.store_access import StoreAccess
from tableorder.web.client_address import client_address
from tableorder.web.long_work import LongWork
from tableorder.web.middleware import GRANT, READS_BOOKS

CONFIG = "tableorder.config"
DATABASE = "tableorder.database"
STORE_ACCESS = "tableorder.store_access"
BCRYPT_WORK = "tableorder.password_work"
PICTURE_WORK = "tableorder.picture_work"


def config() -> Config:
    """The application's settings."""
    return current_app.extensions[CONFIG]


def database() -> Database:
    """The application's database."""
    return current_app.extensions[DATABASE]


def connect(store_id: int | None) -> AbstractContextManager[Connection]:
    """A connection to the primary for a short read, or for a change that is no event. Raises Unavailable."""
    return database().connect(store_id, None if store_id is None else _check())


def writing(store_id: int) -> AbstractContextManager[Connection]:
    """A connection to change the store with: the live feed is notified at its good end. Raises Unavailable."""
    return _store_access().writing(store_id, _check())


def reading(store_id: int) -> AbstractContextManager[Connection]:
    """A connection for a long read, which a standby may answer. Raises Unavailable."""
    return _store_access().reading(store_id, _check())


def _check() -> Check | None:
    """The check of the request's token before each statement; None for a request without a token."""
    grant = request.environ.get(GRANT)
    if grant is None:
        return None
    if READS_BOOKS in request.environ:
        return check_reading_books(grant, client_address(), request.environ[READS_BOOKS])
    return check_of(grant, client_address())


def password_work() -> LongWork:
    """What this process checks and hashes passwords with."""
    return current_app.extensions[BCRYPT_WORK]


def picture_work() -> LongWork:
    """What this process converts pictures with."""
    return current_app.extensions[PICTURE_WORK]


def _store_access() -> StoreAccess:
    return current_app.extensions[STORE_ACCESS]
