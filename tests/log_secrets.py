"""What no log may show, whatever the tests do."""

import re

from tests.api.client import TABLE_PASSWORD

# A password, a bearer token, the hash of a password, a ticket.
SECRET = re.compile(rf"{TABLE_PASSWORD}|eyJ[\w-]+\.eyJ|\$2[aby]\$\d\d\$|\b\d+\.[\w-]{{43}}\b")


def assert_no_secret(log: str) -> None:
    assert not SECRET.search(log)
