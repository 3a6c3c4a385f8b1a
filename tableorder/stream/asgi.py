"""What gunicorn serves: `gunicorn --config deploy/gunicorn.stream.conf.py tableorder.stream.asgi:app`."""

import os
import sys

from tableorder.config import Config, ConfigError
from tableorder.stream.app import StreamApp

try:
    app = StreamApp(Config.from_environment(os.environ))
except ConfigError as error:
    sys.exit(f"tableorder: {error}")
