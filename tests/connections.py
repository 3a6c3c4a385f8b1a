"""Plain connections to a server under test, over TLS where its address says so."""

from __future__ import annotations

import http.client
import ssl
from urllib.parse import urlsplit


def connect(base: str, timeout: float) -> http.client.HTTPConnection:
    """A connection to http://… or https://…, not opened yet. The certificate is the test's own and is not checked."""
    address = urlsplit(base)
    if address.scheme == "http":
        return http.client.HTTPConnection(address.netloc, timeout=timeout)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return http.client.HTTPSConnection(address.netloc, timeout=timeout, context=context)
