"""What gunicorn serves: `gunicorn --config deploy/gunicorn.conf.py wsgi:app`."""

import os
import sys

from tableorder.app import create_app
from tableorder.config import Config, ConfigError

try:
    app = create_app(Config.from_environment(os.environ))
except ConfigError as error:
    sys.exit(f"tableorder: {error}")
