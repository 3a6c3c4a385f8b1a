"""gunicorn's settings, for bin/serve, the Procfile and production; each can be changed from the environment.

Threads, because bcrypt holds one for a quarter of a second at every login while the others serve on; no more of them
than the pool keeps connections (DATABASE_POOL_SIZE), or connections are opened and closed all the time. Behind a proxy
that buffers requests (nginx does), because a thread that reads a slow client's headers is not limited in time.
"""

import os
import select
import shutil
import tempfile
from pathlib import Path
from typing import Any

import gunicorn.util

from tableorder.logs import configuration
from tableorder.server.preflight import address, refuse_unusable_settings, text, whole_number

bind = text("WEB_BIND", address()).split(",")
workers = whole_number("WEB_CONCURRENCY", 2)
worker_class = "gthread"
if hasattr(select, "epoll"):  # threads share one epoll: less work for each request
    worker_class = "tableorder.server.worker.Worker"
    logger_class = "tableorder.server.worker.Logger"
threads = whole_number("WEB_THREADS", 4)
keepalive = 75  # seconds; longer than nginx keeps idle connections, so that nginx closes them first
graceful_timeout = 8  # seconds to finish requests at a stop
forwarder_headers = ""  # no header of a request becomes its SCRIPT_NAME or PATH_INFO,
secure_scheme_headers: dict[str, str] = {}  # nor its scheme, which nothing here uses
control_socket_disable = True  # a second instance would take over the first one's socket
logconfig_dict = configuration(os.environ)
# Keep constantly written files in memory, if possible and unless TMPDIR is set: on a disk, a write can block the whole
# process.
MEMORY = "/dev/shm"  # noqa: S108 (the names in it are random)
worker_tmp_dir = MEMORY if os.access(MEMORY, os.W_OK) and "TMPDIR" not in os.environ else None
preload_app = False  # connections to the database must not be shared across the fork


def on_starting(server: Any) -> None:
    """Let the workers count together, in a folder of this instance's own; see tableorder/metrics.py."""
    refuse_unusable_settings()
    given, server.made_folder = os.environ.get("PROMETHEUS_MULTIPROC_DIR"), None
    try:
        if not given:
            given = server.made_folder = tempfile.mkdtemp(prefix="tableorder-metrics-", dir=worker_tmp_dir)
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = given
        for counted in Path(given).glob("*.db"):  # of an earlier instance
            counted.unlink()
    except OSError as error:  # serve even without metrics
        os.environ.pop("PROMETHEUS_MULTIPROC_DIR", None)
        server.log.warning("each worker counts for itself: %s", error)


def pre_fork(server: Any, worker: Any) -> None:
    """Let a new worker choose its processor in sight of the others."""
    if os.environ.get("WEB_AFFINITY") != "off" and hasattr(worker, "choose_processor"):  # gunicorn's own cannot
        worker.choose_processor(server.WORKERS.values())


def post_worker_init(worker: Any) -> None:
    """Let gunicorn refuse what is no HTTP as the application refuses everything else."""
    from tableorder.server.refusals import write_refusal

    gunicorn.util.write_error = write_refusal


def child_exit(server: Any, worker: Any) -> None:
    """A dead worker's counts stay; its momentary values go."""
    from prometheus_client.multiprocess import mark_process_dead

    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        mark_process_dead(worker.pid)


def on_exit(server: Any) -> None:
    """Leave nothing behind."""
    if server.made_folder:
        shutil.rmtree(server.made_folder, ignore_errors=True)
