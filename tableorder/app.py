"""The application factory."""

from collections.abc import Callable
from functools import partial
from typing import Any

from flask import Flask, Request
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.routing import MapAdapter

from tableorder.blueprints import (
    categories,
    docs,
    health,
    history,
    logins,
    menus,
    metrics,
    orders,
    screens,
    sessions,
    streams,
    tables,
    voids,
)
from tableorder.config import Config
from tableorder.database.connection import Database
from tableorder.http.announcer import Announcer
from tableorder.http.context import ANNOUNCER, BCRYPT_WORK, CONFIG, DATABASE, REPLICA
from tableorder.http.converters import IdConverter
from tableorder.http.cors import register_cors
from tableorder.http.exchange import with_exchange
from tableorder.http.password_work import PasswordWork
from tableorder.http.problems import register_error_handlers
from tableorder.http.replica import Replica
from tableorder.metrics import pool_observer

API = "/api/v1"


class Application(Flask):
    """Flask without two things that it does for each request and that no route of ours needs."""

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """Any function as it is: none of ours is a coroutine."""
        return func

    def create_url_adapter(self, request: Request | None) -> MapAdapter | None:
        """What finds the request's route, by its path and method alone: none of ours depends on the host."""
        if request is None:
            return super().create_url_adapter(request)
        root, query = request.root_path or "/", request.query_string.decode("latin-1")
        return MapAdapter(self.url_map, request.host, root, "", request.scheme, request.path, request.method, query)


def create_app(config: Config) -> Flask:
    """The WSGI application for `config`. It connects to the database with the first request that needs it."""
    app = Application("tableorder", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = config.max_body_bytes
    app.url_map.merge_slashes = (
        False  # a path with two slashes is unknown: a redirect would take its host from the client
    )
    app.extensions[CONFIG] = config
    open_database = partial(Database, echo=config.logs.echo, slow=config.logs.slow_statement)
    app.extensions[DATABASE] = database = open_database(config.pool)
    database.pool.on_change = pool_observer(database.pool)
    app.extensions[ANNOUNCER] = Announcer(database)
    app.extensions[BCRYPT_WORK] = PasswordWork(config.login_limits.checks)
    app.extensions[REPLICA] = Replica(database, open_database(config.replica) if config.replica else None)
    app.url_map.converters["id"] = IdConverter
    register_error_handlers(app)
    register_cors(app, config.cors_origins)
    for noun in (logins, orders, menus, categories, tables, sessions, history, voids, streams):
        app.register_blueprint(noun.blueprint, url_prefix=API)
    for blueprint in (health.blueprint, metrics.blueprint, docs.blueprint, docs.swagger_ui, screens.blueprint):
        app.register_blueprint(blueprint)
    app.register_blueprint(health.blueprint, url_prefix=API, name="health_v1")
    app.wsgi_app = with_exchange(app.wsgi_app, slow=config.logs.slow_request)  # type: ignore[method-assign, assignment]
    if config.trusted_proxies:  # only then may X-Forwarded-For say who the client is
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=config.trusted_proxies)  # type: ignore[method-assign]
    return app
