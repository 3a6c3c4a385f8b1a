"""What gunicorn serves: `gunicorn --config deploy/gunicorn.conf.py wsgi:app`."""

import os

from tableorder.blueprints import find_nouns
from tableorder.config import config_or_exit
from tableorder.web.app import create_app

app = create_app(config_or_exit(os.environ), find_nouns())
