"""A real nginx with the shipped configuration, in front of real processes."""

from __future__ import annotations

import os
import re
import shutil
import socket
import ssl
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import requests

from tests.api.server import Server
from tests.database.servers import free_port
from tests.management.running import CHECKOUT
from tests.waiting import until

NGINX = shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin")

EC = "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"  # a tenth of RSA's work at each of many handshakes

DEBIANS = 768  # connections that Debian's nginx.conf allows

WRAPPER = """
daemon off;
pid {folder}/pid;
{user}
worker_rlimit_nofile {files};
events {{ worker_connections {connections}; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    set_real_ip_from 127.0.0.1;  # so that a test can come from anywhere
    real_ip_header X-Test-Address;
    include {folder}/tableorder.conf;
}}
"""


class Front:
    """nginx with the shipped file, in which only ports and paths are others, and its patience with us may be less."""

    def __init__(self, folder: Path, api: Server, stream: Server, connections: int, haste: int) -> None:
        self.http, self.https = free_port(), free_port()
        self.folder = folder
        self.base = f"https://localhost:{self.https}"
        self.certificate = folder / "certificate.pem"
        self.access_log, self.error_log = folder / "access.log", folder / "error.log"
        key = folder / "key.pem"
        subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
        make = ["openssl", "req", "-x509", *EC, "-nodes", "-days", "2", *subject]
        subprocess.run([*make, "-keyout", key, "-out", self.certificate], check=True, capture_output=True)
        self._context = ssl.create_default_context(cafile=str(self.certificate))
        changes = {
            "127.0.0.1:8000": urlsplit(api.base).netloc,
            "127.0.0.1:8001": urlsplit(stream.base).netloc,
            "tableorder.example": "localhost",
            "listen 80;": f"listen 127.0.0.1:{self.http};",
            "listen [::]:80;": f"listen [::1]:{self.http};",
            "listen 443 ssl ": f"listen 127.0.0.1:{self.https} ssl ",
            "listen [::]:443 ssl ": f"listen [::1]:{self.https} ssl ",
            "/var/www/tableorder": str(folder),
            "/var/cache/tableorder": str(folder / "pictures"),
            "/etc/tableorder/tls/fullchain.pem": str(self.certificate),
            "/etc/tableorder/tls/privkey.pem": str(key),
            "/var/log/nginx/tableorder.log": str(self.access_log),
            "/var/log/nginx/error.log": str(self.error_log),
        }
        text = (CHECKOUT / "deploy" / "nginx.conf").read_text()
        for shipped, here in changes.items():
            assert shipped in text
            text = text.replace(shipped, here)
        text = re.sub(r"(?<=proxy_read_timeout )(\d+)s;", lambda found: f"{1000 * int(found[1]) // haste}ms;", text)
        (folder / "tableorder.conf").write_text(text)
        user = "user root;" if os.geteuid() == 0 else ""
        settings = WRAPPER.format(folder=folder, user=user, connections=connections, files=2 * connections)
        (folder / "nginx.conf").write_text(settings)
        command = [str(NGINX), "-e", "stderr", "-p", str(folder), "-c", str(folder / "nginx.conf")]
        self.process = subprocess.Popen(command)

    def get(self, path: str, **options: object) -> requests.Response:
        return requests.get(self.base + path, verify=str(self.certificate), timeout=30, **options)

    def connect(self, address: str = "127.0.0.1") -> ssl.SSLSocket:
        """A raw connection from an address of this machine."""
        plain = socket.create_connection(("127.0.0.1", self.https), 30, (address, 0))
        return self._context.wrap_socket(plain, server_hostname="localhost")

    def connect_plainly(self, port: int) -> socket.socket:
        """A raw connection without TLS to one of nginx's ports."""
        return socket.create_connection(("127.0.0.1", port), 30)


@contextmanager
def opened_front(api: Server, stream: Server, *, connections: int = DEBIANS, haste: int = 1) -> Iterator[Front]:
    """nginx in front of the two, which takes so many connections at once, and waits for us so many times shorter."""
    with tempfile.TemporaryDirectory(prefix="tableorder-test-") as folder:
        front = Front(Path(folder), api, stream, connections, haste)
        try:
            until(lambda: answers(front.https))
            yield front
        finally:
            front.process.terminate()
            front.process.wait(60)


def answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
