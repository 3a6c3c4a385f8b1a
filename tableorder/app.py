"""The application factory."""

from collections.abc import Callable
from functools import partial
from typing import Any

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from tableorder.blueprints import (
    categories,
    docs,
    health,
    history,
    logins,
    menus,
    metrics,
    orders,
    sessions,
    streams,
    tables,
    voids,
)
from tableorder.config import Config
from tableorder.database.connection import Database
from tableorder.http.announcer import Announcer
from tableorder.http.context import ANNOUNCER, CONFIG, DATABASE, REPLICA
from tableorder.http.converters import IdConverter
from tableorder.http.cors import register_cors
from tableorder.http.problems import register_error_handlers
from tableorder.http.replica import Replica
from tableorder.http.request_ids import register_request_ids
from tableorder.http.request_logs import register_request_logs
from tableorder.http.security_headers import with_security_headers
from tableorder.metrics import pool_observer

API = "/api/v1"


class Application(Flask):
    """Flask, which otherwise looks at each function that it calls, several a request, whether that is a coroutine."""

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """None of ours is."""
        return func


def create_app(config: Config) -> Flask:
    """The WSGI application for `config`. It connects to the database with the first request that needs it."""
    app = Application("tableorder", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = config.max_body_bytes
    app.extensions[CONFIG] = config
    open_database = partial(Database, echo=config.logs.echo, slow=config.logs.slow_statement)
    app.extensions[DATABASE] = database = open_database(config.pool)
    database.pool.on_change = pool_observer(database.pool)
    app.extensions[ANNOUNCER] = Announcer(database)
    app.extensions[REPLICA] = Replica(database, open_database(config.replica) if config.replica else None)
    app.url_map.converters["id"] = IdConverter
    register_request_logs(app, slow=config.logs.slow_request)
    register_request_ids(app)
    register_error_handlers(app)
    register_cors(app, config.cors_origins)
    for noun in (logins, orders, menus, categories, tables, sessions, history, voids, streams):
        app.register_blueprint(noun.blueprint, url_prefix=API)
    for blueprint in (health.blueprint, metrics.blueprint, docs.blueprint, docs.swagger_ui):
        app.register_blueprint(blueprint)
    app.register_blueprint(health.blueprint, url_prefix=API, name="health_v1")
    app.wsgi_app = with_security_headers(app.wsgi_app)  # type: ignore[method-assign, assignment]
    if config.trusted_proxies:  # only then may X-Forwarded-For say who the client is
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=config.trusted_proxies)  # type: ignore[method-assign]
    return app
