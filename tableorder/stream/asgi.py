"""What gunicorn serves: `gunicorn --config deploy/gunicorn.stream.conf.py tableorder.stream.asgi:app`."""

import os

from tableorder.config import config_or_exit
from tableorder.stream.app import StreamApp

app = StreamApp(config_or_exit(os.environ))
