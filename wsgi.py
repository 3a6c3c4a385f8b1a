"""What gunicorn serves: `gunicorn --config deploy/gunicorn.conf.py wsgi:app`."""

import os

from tableorder.app import create_app
from tableorder.config import config_or_exit

app = create_app(config_or_exit(os.environ))
