"""The Containerfile and compose.yaml, as far as can be seen without building: bin/lint checks their form."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
import yaml

from tests.api.server import JWT_SECRET_KEY, Server, StreamServer
from tests.database.servers import free_port
from tests.management.running import CHECKOUT, environment

FOLDER = CHECKOUT / "deploy" / "container"
CONTAINERFILE = (FOLDER / "Containerfile").read_text()
SERVICES = yaml.safe_load((FOLDER / "compose.yaml").read_text())["services"]
OURS = {name: service for name, service in SERVICES.items() if service["image"] == "tableorder"}
NGINX = shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin")
OPENSSL = shutil.which("openssl")


@pytest.fixture(scope="module")
def image(tmp_path_factory) -> Path:
    """A folder with what the Containerfile copies."""
    folder = tmp_path_factory.mktemp("image")
    for line in re.findall(r"^COPY (.*)$", CONTAINERFILE, re.MULTILINE):
        *sources, target = line.split()
        for pattern in sources:
            found = list(CHECKOUT.glob(pattern))
            assert found, f"there is no {pattern}"
            for source in found:
                if source.is_dir():
                    shutil.copytree(source, folder / target, ignore=shutil.ignore_patterns("__pycache__"))
                else:
                    (folder / target).mkdir(exist_ok=True)
                    shutil.copy(source, folder / target)
    return folder


def run(image: Path, *command: str) -> subprocess.CompletedProcess[str]:
    settings = {"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/nothing", "JWT_SECRET_KEY": JWT_SECRET_KEY}
    return subprocess.run(
        [sys.executable, "-m", *command],
        cwd=image,
        env=environment(image / "home", **settings),
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize("service", ["api", "stream"])
def test_what_is_copied_is_all_that_a_process_needs_to_start(image, service):
    command = OURS[service].get("command") or yaml.safe_load(re.findall(r"^CMD (.*)$", CONTAINERFILE, re.MULTILINE)[0])
    assert command[0] == "gunicorn"
    checked = run(image, "gunicorn", "--check-config", *command[1:])
    assert checked.returncode == 0, checked.stderr


@pytest.mark.parametrize(("service", "kind", "port"), [("api", Server, "8000"), ("stream", StreamServer, "8001")])
def test_nginx_and_prometheus_both_reach_a_process(database_url, tmp_path, service, kind, port):
    here, name = free_port(), {"api": "WEB_BIND", "stream": "STREAM_BIND"}[service]
    shipped = OURS[service]["environment"][name]
    assert shipped.endswith(f",0.0.0.0:{port}")
    socket = shipped.partition(",")[0].replace("/run/tableorder", str(tmp_path)).removeprefix("unix:")
    running = kind(database_url, tmp_path / "log", **{name: f"unix:{socket},127.0.0.1:{here}"})
    running.base = f"http://127.0.0.1:{here}"
    try:
        running.wait_until_ready()
        for way in ([f"{running.base}/metrics"], ["--unix-socket", socket, "http://localhost/metrics"]):
            told = subprocess.run(["curl", "-fsS", *way], capture_output=True, text=True)
            assert "# TYPE tableorder_" in told.stdout, told.stderr
    finally:
        running.stop()


def test_what_is_copied_is_all_that_the_commands_need(image):
    modules = {
        module for service in OURS.values() for module in re.findall(r"python -m ([\w.]+)", str(service.get("command")))
    }
    assert len(modules) == 4 and all(find_spec(module) for module in modules)
    assert "CREATE TABLE orders" in run(image, "tableorder.management", "migration", "sql").stdout
    assert {path.name for path in (image / "sql").iterdir()} == {path.name for path in (CHECKOUT / "sql").iterdir()}


def test_nothing_runs_as_root():
    assert re.findall(r"^USER (\d+)$", CONTAINERFILE, re.MULTILINE)[-1] != "0"
    for service in OURS.values():
        assert (service["cap_drop"], service["read_only"], "user" in service) == (["ALL"], True, False)


def test_everything_that_is_mounted_is_there():
    named = yaml.safe_load((FOLDER / "compose.yaml").read_text())["volumes"]
    for service in SERVICES.values():
        for mount in service.get("volumes", []):
            source = mount.partition(":")[0]
            assert (
                source in named or source.startswith(("${TLS_FOLDER", "${ACME_FOLDER")) or (FOLDER / source).exists()
            ), mount
        if build := service.get("build"):
            assert (FOLDER / build["context"]).resolve() == CHECKOUT
            assert (CHECKOUT / build["dockerfile"]).exists()


def test_every_variable_is_one_that_is_read():
    read = {
        name
        for file in [*(CHECKOUT / "tableorder").rglob("*.py"), *(CHECKOUT / "deploy").glob("*.py")]
        for name in re.findall(r'"([A-Z][A-Z_]+)"', file.read_text())
    }
    given = {name for service in OURS.values() for name in service["environment"]}
    given |= set(re.findall(r" ([A-Z_]+_BIND)=", CONTAINERFILE))
    assert len(given) >= 6 and given <= read
    asked = set(re.findall(r"\$\{(\w+)", (FOLDER / "compose.yaml").read_text()))
    assert asked == set(re.findall(r"^(\w+)=", (FOLDER / "environment.example").read_text(), re.MULTILINE))


@pytest.mark.skipif(NGINX is None or OPENSSL is None, reason="needs nginx and openssl (Debian's packages)")
def test_nginx_takes_its_configuration(tmp_path):
    """What its container does at the start, with the container's paths in a folder here."""
    [*_, script] = SERVICES["nginx"]["command"]
    command, _, start = script.partition(" && exec ")
    assert start.strip() == "nginx -g 'daemon off;'"
    site, shipped = tmp_path / "site.conf", CHECKOUT / "deploy" / "nginx.conf"
    command = command.replace("/etc/tableorder/nginx.conf", str(shipped)).replace(
        "/etc/nginx/conf.d/default.conf", str(site)
    )
    subprocess.run(["sh", "-euc", command], env={**os.environ, "SERVER_NAME": "localhost"}, check=True)
    text = site.read_text()
    assert "server_name localhost;" in text and "tableorder.example" not in text
    assert "127.0.0.1" not in text and "/var/log" not in text
    make = [str(OPENSSL), "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    key, certificate = tmp_path / "privkey.pem", tmp_path / "fullchain.pem"
    subprocess.run([*make, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    text = text.replace("/etc/tableorder/tls", str(tmp_path)).replace("/dev/std", f"{tmp_path}/std")
    site.write_text(re.sub(r"listen (\[::\]:)?(80|443)", r"listen \g<1>1\g<2>0", text))  # ports that need no rights
    temporary = "".join(
        f"{kind}_temp_path {tmp_path}/{kind}; " for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    whole = tmp_path / "nginx.conf"
    whole.write_text(f"pid {tmp_path}/pid; events {{}} http {{ access_log off; {temporary} include {site}; }}")
    tested = subprocess.run([str(NGINX), "-t", "-e", "stderr", "-c", str(whole)], capture_output=True, text=True)
    assert tested.returncode == 0, tested.stderr
