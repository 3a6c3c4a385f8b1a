"""gunicorn's settings, for bin/serve, the Procfile and production; each can be changed from the environment.

Threads, because bcrypt holds one for a quarter of a second at every login while the others serve on; no more of them
than the pool keeps connections (DATABASE_POOL_SIZE), or connections are opened and closed all the time. Behind a proxy
that buffers requests (nginx does), because a thread that reads a slow client's headers is not limited in time.
"""

import os

from tableorder.logs import configuration

bind = os.environ.get("WEB_BIND") or f"{os.environ.get('HOST', '127.0.0.1')}:{os.environ.get('PORT', '8000')}"
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
worker_class = "gthread"
threads = int(os.environ.get("WEB_THREADS", "4"))
keepalive = 75  # seconds, longer than nginx keeps its idle connections, so that it is nginx that closes them
graceful_timeout = 8  # seconds for the requests under way at a stop
control_socket_disable = True  # a second instance would take the first one's away
logconfig_dict = configuration(os.environ)
preload_app = False  # connections to the database must not be shared across the fork
