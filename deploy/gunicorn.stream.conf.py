"""gunicorn's settings for the live feed: one process, which holds all streams on one thread.

Run more of them, on hosts or ports of their own, if one is not enough; each gets every event.
"""

import os
import resource
import socket
from typing import Any

from tableorder.logs import configuration
from tableorder.server.preflight import refuse_unusable_settings, text

bind = text("STREAM_BIND", "127.0.0.1:8001").split(",")
workers = 1
worker_class = "asgi"
keepalive = 0  # a connection carries one stream and nothing else
backlog = 2048
graceful_timeout = 3  # seconds; streams send a goodbye and end well before
asgi_disconnect_grace_period = 0  # nothing to finish once the client has disconnected
logconfig_dict = configuration(os.environ)
access_log_format = '%(h)s "%(m)s %(U)s" %(s)s %(b)s'  # if enabled; without the query, which may contain a ticket
forwarder_headers = ""  # no header of a request becomes its SCRIPT_NAME or PATH_INFO,
secure_scheme_headers: dict[str, str] = {}  # nor its scheme, which nothing here uses
control_socket_disable = True  # a second instance would take over the first one's socket


def on_starting(server: Any) -> None:
    """Start only with settings that are usable."""
    refuse_unusable_settings()


def when_ready(server: Any) -> None:
    """Allow as many open files as the system does: each stream is one."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def post_worker_init(worker: Any) -> None:
    """Let the streams see that the worker is asked to stop; let the kernel drop readers that have gone silent.

    What is no HTTP is refused as the application refuses everything else, and nobody is offered a WebSocket.
    """
    from gunicorn.asgi.protocol import ASGIProtocol

    from tableorder.server.refusals import send_refusal

    ASGIProtocol._send_error_response = send_refusal
    ASGIProtocol._is_websocket_upgrade = lambda protocol, request: False
    worker.asgi.is_alive = lambda: worker.alive
    for listener in worker.sockets:
        if hasattr(socket, "TCP_USER_TIMEOUT") and listener.sock.family != socket.AF_UNIX:
            listener.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 60_000)
    worker.loop.call_later(1, _listen_again, worker)


def _listen_again(worker: Any) -> None:
    """asyncio listens with a backlog of 100, too short for everybody's return after a restart."""
    for listener in worker.sockets:
        listener.sock.listen(backlog)
