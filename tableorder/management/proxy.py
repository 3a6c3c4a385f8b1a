"""The proxy in front of `bin/serve`: one address for the API and the live feed.

nginx, if it is installed, else Caddy, which pip installs. In production it is deploy/nginx.conf.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from string import Template

from tableorder.config import DEFAULT_MAX_BODY_BYTES
from tableorder.environment import SetupError

API_SOCKET = "api.sock"
STREAM_SOCKET = "stream.sock"

# What a client gets while a process is away, such as during a restart, and for a body over MAX_BODY_BYTES: the API
# would refuse that too, but while it is still being sent, which can look like a lost connection.
AWAY: dict[str, object] = {"status": 503, "code": "unavailable", "detail": "the service is starting or stopping"}
TOO_LARGE: dict[str, object] = {"status": 413, "code": "request_entity_too_large", "detail": "the body is too large"}

# For what nginx does not let through. Caddy passes methods on, and refuses what it cannot read in words of its own.
MALFORMED: dict[str, object] = {
    "status": 400,
    "code": "bad_request",
    "detail": "the request is not valid HTTP, or its first line or its headers are too long",
}
WRONG_METHOD: dict[str, object] = {
    "status": 405,
    "code": "method_not_allowed",
    "detail": "the method is not allowed",
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
    client_max_body_size $max_body;
    proxy_http_version 1.1;
    proxy_set_header Host $$http_host;
    proxy_set_header X-Forwarded-For $$remote_addr;
    server {
        listen 127.0.0.1:$port;
        error_page 502 504 = @away;
        error_page 413 = @too_large;
        error_page 400 414 494 = /malformed;  # a name with @ is not for requests whose path could not be read
        error_page 405 = @wrong_method;
        location / { proxy_pass http://unix:$folder/$api:; }
        location ~ ^/api/v1/(admin|customer)/orders/sse$$ {
            proxy_pass http://unix:$folder/$stream:;
            proxy_buffering off;
            proxy_read_timeout 90s;
        }
        location @away {
            default_type application/problem+json;
            add_header Retry-After 1 always;
            add_header X-Request-ID $$request_id always;
            return 503 '$away';
        }
        location @too_large {
            default_type application/problem+json;
            add_header X-Request-ID $$request_id always;
            return 413 '$too_large';
        }
        location = /malformed {
            default_type application/problem+json;
            add_header X-Request-ID $$request_id always;
            return 400 '$malformed';
        }
        location @wrong_method {
            default_type application/problem+json;
            add_header Allow "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS" always;
            add_header X-Request-ID $$request_id always;
            return 405 '$wrong_method';
        }
    }
}
""")

CADDY = Template("""\
{
    admin off
    auto_https off
    persist_config off
    grace_period 1s
    log {
        level FATAL
    }
}
:$port {
    bind 127.0.0.1
    @stream path /api/v1/admin/orders/sse /api/v1/customer/orders/sse
    reverse_proxy @stream unix/$folder/$stream {
        flush_interval -1
    }
    request_body {
        max_size $max_body
    }
    reverse_proxy unix/$folder/$api
    handle_errors 413 {
        header Content-Type application/problem+json
        header X-Request-ID {http.request.uuid}
        respond `$too_large` 413
    }
    handle_errors {
        header Content-Type application/problem+json
        header Retry-After 1
        header X-Request-ID {http.request.uuid}
        respond `$away` 503
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
    file.write_text(_fill(NGINX, folder, port, request_id="$request_id", user=user), encoding="utf-8")
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
    file.write_text(_fill(CADDY, folder, port, request_id="{http.request.uuid}"), encoding="utf-8")
    # Caddy keeps things in its user's home, which may not be there.
    home = [f"{name}={folder}" for name in ("HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME")]
    return ["env", *home, program, "run", "--config", str(file), "--adapter", "caddyfile"]


def _fill(template: Template, folder: Path, port: int, *, request_id: str, **values: str) -> str:
    return template.substitute(
        folder=folder,
        port=port,
        api=API_SOCKET,
        stream=STREAM_SOCKET,
        max_body=os.environ.get("MAX_BODY_BYTES") or DEFAULT_MAX_BODY_BYTES,
        away=_problem(AWAY, request_id),
        too_large=_problem(TOO_LARGE, request_id),
        malformed=_problem(MALFORMED, request_id),
        wrong_method=_problem(WRONG_METHOD, request_id),
        **values,
    )


def _problem(members: dict[str, object], request_id: str) -> str:
    status = HTTPStatus(int(str(members["status"])))
    return json.dumps({"type": "about:blank", "title": status.phrase, **members, "request_id": request_id})


PROXIES: dict[str, Callable[[Path, int], list[str] | None]] = {"nginx": _prepare_nginx, "caddy": _prepare_caddy}
