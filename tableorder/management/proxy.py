"""The proxy in front of `bin/serve`: one address for the API and the live feed.

nginx, if it is installed, else Caddy, which pip installs. In production it is deploy/nginx.conf.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from string import Template

from tableorder.commands import SetupError
from tableorder.config import DEFAULT_MAX_BODY_BYTES, DEFAULT_MAX_DOCUMENT_BYTES
from tableorder.http.problems import MEDIA_TYPE, problem_document
from tableorder.http.security_headers import SECURITY_HEADERS

API_SOCKET = "api.sock"
STREAM_SOCKET = "stream.sock"
REFUSER_SOCKET = "refuser.sock"


@dataclass(frozen=True)
class Refusal:
    """What the proxy answers by itself; `headers` beside those that every answer has."""

    status: int
    code: str
    detail: str
    headers: dict[str, str] = field(default_factory=dict)

    def document(self, request_id: str) -> str:
        """The problem's JSON, with the proxy's own name for the id of a request."""
        return problem_document(self.status, self.code, self.detail, request_id)


# While a process is away, such as during a restart.
AWAY = Refusal(503, "unavailable", "the service is starting or stopping", {"Retry-After": "1"})

# For who has as many requests or logins under way as deploy/nginx.conf allows an address. nginx's own limits give this
# status, which nothing else has. Caddy has no such limits.
OVERLOADED = Refusal(503, "overloaded", "too many requests at once; try again", {"Retry-After": "1"})
TOO_MANY = 529

# For a body over MAX_BODY_BYTES, or over MAX_DOCUMENT_BYTES: the API would refuse that too, but while it is still being
# sent, which can look like a lost connection.
TOO_LARGE = Refusal(413, "request_entity_too_large", "the body is too large")

# By what nginx calls what it does not let through. Caddy passes methods on, and refuses what it cannot read in words of
# its own. A place with @ is not for requests whose path could not be read.
MALFORMED = "the request is not valid HTTP, or its first line or its headers are too long"
METHODS = {"Allow": "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"}
REFUSALS = {
    "502 503 504": ("@away", AWAY),
    f"{TOO_MANY}": ("@overloaded", OVERLOADED),
    "413": ("@too_large", TOO_LARGE),
    "405": ("@wrong_method", Refusal(405, "method_not_allowed", "the method is not allowed", METHODS)),
    "400 414 494": ("= /malformed", Refusal(400, "bad_request", MALFORMED)),
    "501": (
        "= /encoding",
        Refusal(501, "not_implemented", "the body may be sent as it is or in chunks, in no other way"),
    ),
    "505": ("= /version", Refusal(505, "http_version_not_supported", "the version of HTTP is none that is known here")),
}

NGINX = Template("""\
daemon off;
pid $folder/nginx.pid;
error_log stderr alert;  # below that it would show requests, and with them tickets
$user
worker_processes 1;
worker_rlimit_nofile 16384;
events { worker_connections 8192; }
http {
    access_log off;
    client_body_temp_path $folder/body;
    proxy_temp_path $folder/proxy;
    fastcgi_temp_path $folder/fastcgi;
    uwsgi_temp_path $folder/uwsgi;
    scgi_temp_path $folder/scgi;
    proxy_cache_path $folder/pictures keys_zone=pictures:1m max_size=200m use_temp_path=off;
    client_max_body_size $max_body;
    gzip on;
    gzip_types application/json application/problem+json text/css text/javascript image/svg+xml;
    gzip_min_length 1024;
    gzip_proxied any;
    gzip_vary on;
    limit_conn_zone $$binary_remote_addr zone=addresses:1m;
    limit_conn addresses 500;
    limit_conn_status $too_many;
    map $$request_method $$login { ~^(POST|PUT)$$ $$binary_remote_addr; }
    limit_req_zone $$login zone=logins:1m rate=5r/s;
    limit_req_status $too_many;
    proxy_http_version 1.1;
    proxy_set_header Host $$http_host;
    proxy_set_header X-Forwarded-For $$remote_addr;
$maps
    server {
        listen 127.0.0.1:$port;
        location / { proxy_pass http://unix:$folder/$api:; }
        location ~ ^/api/v1/pictures/ {  # as deploy/nginx.conf has it
            proxy_pass http://unix:$folder/$api:;
            proxy_cache pictures;
            proxy_cache_key $$uri;
            proxy_ignore_headers Vary;
            proxy_hide_header X-Request-ID;
            proxy_set_header Host $$http_host;
            proxy_set_header X-Forwarded-For $$remote_addr;
            proxy_set_header X-Request-ID $$request_id;
            proxy_set_header Origin "";
            add_header X-Request-ID $$request_id always;
        }
        location = /api/v1/admin/menu-document {
            client_max_body_size $max_document;
            proxy_pass http://unix:$folder/$api:;
        }
        location ~ ^/api/v1/auth/ {
            limit_req zone=logins burst=40;
            proxy_pass http://unix:$folder/$api:;
        }
        location ~ ^/api/v1/(admin|customer)/orders/sse$$ {
            proxy_pass http://unix:$folder/$stream:;
            proxy_buffering off;
            proxy_read_timeout 90s;
        }
$headers
$refusals
    }
}
""")

CADDY = Template("""\
{
    admin off
    auto_https off
    persist_config off
    grace_period 1s
    servers {
        timeouts {
            read_header 10s
        }
        max_header_size 1MB  # the API refuses much shorter ones, in our form
    }
    log {
        level FATAL
    }
}
:$port {
    bind 127.0.0.1
    @document path /api/v1/admin/menu-document
    @others not path /api/v1/admin/menu-document
    @too_large {
        not path /api/v1/admin/menu-document
        expression `{header.Content-Length} != "" && int({header.Content-Length}) > $max_body`
    }
    handle @too_large {
        reverse_proxy unix/$folder/$refuser
    }
    @too_large_document expression `{header.Content-Length} != "" && int({header.Content-Length}) > $max_document`
    handle @too_large_document {
        reverse_proxy unix/$folder/$refuser
    }
    @stream path /api/v1/admin/orders/sse /api/v1/customer/orders/sse
    handle @stream {
        reverse_proxy unix/$folder/$stream {
            flush_interval -1
        }
    }
    handle {
        encode {
            gzip
            minimum_length 1024
        }
        request_body @others {
            max_size $max_body_and_one  # one chunked body that is too large is cut here, where the API still refuses it
        }
        request_body @document {
            max_size $max_document_and_one
        }
        reverse_proxy unix/$folder/$api {
            request_buffers unlimited  # so that a slow body holds up no worker
        }
    }
    handle_errors 413 {
$too_large
    }
    handle_errors {
$away
    }
}
""")


def prepare_proxy(wanted: str | None, folder: Path, port: int) -> list[str]:
    """The command that serves `port` of 127.0.0.1 from the two sockets in `folder`, by "nginx", "caddy" or either.

    Raises SetupError.
    """
    names = [wanted] if wanted else list(PROXIES)
    for name in names:
        if command := PROXIES[name](folder, port):
            return command
    raise SetupError(f"{' and '.join(names)} cannot be used here; install nginx")


def _prepare_nginx(folder: Path, port: int) -> list[str] | None:
    program = shutil.which("nginx", path=os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"]))
    if program is None:
        return None
    # As root, nginx would hand its work to a user to whom our folder is closed.
    user = "user root;" if os.geteuid() == 0 else ""
    file = folder / "nginx.conf"
    parts = {"maps": _nginx_maps(), "headers": _nginx_headers(), "refusals": _nginx_refusals()}
    file.write_text(_fill(NGINX, folder, port, user=user, **parts), encoding="utf-8")
    command = [program, "-e", "stderr", "-p", str(folder), "-c", str(file)]
    works = subprocess.run([*command, "-t"], capture_output=True).returncode == 0  # an old one knows no -e
    return command if works else None


def _prepare_caddy(folder: Path, port: int) -> list[str] | None:
    program = shutil.which(
        "caddy", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    )
    if program is None:
        return None
    file = folder / "Caddyfile"
    caddyfile = _fill(CADDY, folder, port, too_large=_caddy_refusal(TOO_LARGE), away=_caddy_refusal(AWAY))
    file.write_text(caddyfile, encoding="utf-8")
    # Caddy keeps things in its user's home, which may not be there.
    home = [f"{name}={folder}" for name in ("HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME")]
    return ["env", *home, program, "run", "--config", str(file), "--adapter", "caddyfile"]


def _nginx_maps() -> str:
    """Variables for the headers of nginx's own answers; they are empty for a process's, which has its own."""
    values = {"X-Request-ID": "$request_id", **SECURITY_HEADERS}
    lines = [
        f'    map $upstream_http_x_request_id {_variable(name)} {{ "" "{value}"; }}' for name, value in values.items()
    ]
    for status, name, value in _own_headers():
        key = f'"{status}" "{value}"'
        lines.append(f"    map $status$upstream_http_x_request_id {_variable(name)} {{ {key}; }}")
    return "\n".join(lines)


def _nginx_headers() -> str:
    names = ["X-Request-ID", *SECURITY_HEADERS, *(name for _, name, _ in _own_headers())]
    return "\n".join(f"        add_header {name} {_variable(name)} always;" for name in names)


def _own_headers() -> list[tuple[int, str, str]]:
    """The status, the name and the value of each header that some refusals have, each once."""
    all_ = [(refusal.status, *header) for _, refusal in REFUSALS.values() for header in refusal.headers.items()]
    return list(dict.fromkeys(all_))


def _variable(header: str) -> str:
    return "$own_" + header.lower().replace("-", "_")


def _nginx_refusals() -> str:
    return "\n".join(
        f"""\
        error_page {statuses} = {place.removeprefix("= ")};
        location {place} {{
            {"internal;" if place.startswith("=") else ""}
            default_type {MEDIA_TYPE};
            return {refusal.status} '{refusal.document("$request_id")}';
        }}"""
        for statuses, (place, refusal) in REFUSALS.items()
    )


def _caddy_refusal(refusal: Refusal) -> str:
    request_id = "{http.request.uuid}"
    headers = {"Content-Type": MEDIA_TYPE, "X-Request-ID": request_id, **SECURITY_HEADERS, **refusal.headers}
    lines = [f'        header {name} "{value}"' for name, value in headers.items()]
    return "\n".join([*lines, f"        respond `{refusal.document(request_id)}` {refusal.status}"])


def _fill(template: Template, folder: Path, port: int, **values: str) -> str:
    most = int(os.environ.get("MAX_BODY_BYTES") or DEFAULT_MAX_BODY_BYTES)
    most_of_document = int(os.environ.get("MAX_DOCUMENT_BYTES") or DEFAULT_MAX_DOCUMENT_BYTES)
    return template.substitute(
        folder=folder,
        port=port,
        api=API_SOCKET,
        stream=STREAM_SOCKET,
        refuser=REFUSER_SOCKET,
        max_body=most,
        max_body_and_one=most + 1,
        max_document=most_of_document,
        max_document_and_one=most_of_document + 1,
        too_many=TOO_MANY,
        **values,
    )


PROXIES: dict[str, Callable[[Path, int], list[str] | None]] = {"nginx": _prepare_nginx, "caddy": _prepare_caddy}
