"""Settings: what is missing or unusable stops the start, by name."""

import subprocess
import sys

import pytest

from tableorder.config import Config, ConfigError, LogSettings
from tableorder.server.preflight import address
from tableorder.settings import SECTIONS
from tests.management.running import CHECKOUT

GOOD = {"DATABASE_URL": "postgresql:///x", "JWT_SECRET_KEY": "x" * 32}


def test_the_defaults_are_the_documented_ones():
    config = Config.from_environment(GOOD)
    pool = config.pool
    assert (pool.size, pool.max_overflow, pool.timeout, pool.recycle, pool.pre_ping) == (5, 10, 30, 3600, True)
    assert (config.bcrypt_cost, config.trusted_proxies) == (12, 0)
    assert config.logs == LogSettings(echo=False, slow_request=1, slow_statement=0.5)
    assert config.cors_origins == frozenset()
    limits = config.login_limits
    assert (limits.account_failures, limits.address_failures, limits.window) == (10, 100, 300)
    assert pool.time_zone == "Asia/Seoul"


def test_each_setting_is_read():
    given = {
        "DATABASE_POOL_SIZE": "7",
        "DATABASE_MAX_OVERFLOW": "0",
        "DATABASE_POOL_TIMEOUT": "1.5",
        "DATABASE_POOL_PRE_PING": "off",
        "DATABASE_ECHO": "ON",
        "TIME_ZONE": "UTC",
        "CORS_ORIGINS": "https://a.example.com, http://localhost:3000",
    }
    config = Config.from_environment(GOOD | given)
    pool = config.pool
    assert (pool.size, pool.max_overflow, pool.timeout, pool.pre_ping) == (7, 0, 1.5, False)
    assert (config.logs.echo, pool.time_zone) == (True, "UTC")
    assert config.cors_origins == {"https://a.example.com", "http://localhost:3000"}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", ""),
        ("JWT_SECRET_KEY", ""),
        ("JWT_SECRET_KEY", "short"),
        ("DATABASE_POOL_SIZE", "0"),
        ("DATABASE_POOL_SIZE", "five"),
        ("DATABASE_POOL_SIZE", "1.5"),
        ("DATABASE_POOL_TIMEOUT", "-1"),
        ("DATABASE_POOL_TIMEOUT", "nan"),
        ("DATABASE_POOL_PRE_PING", "maybe"),
        ("BCRYPT_COST", "3"),
        ("TIME_ZONE", "Asia/Nowhere"),
        ("LOG_FORMAT", "xml"),
        ("LOG_LEVEL", "INFO"),
        ("WEB_AFFINITY", "yes"),
        ("SLOW_REQUEST", "0"),
        ("TIME_ZONE", "../etc/passwd"),
        ("TRUSTED_PROXIES", "all"),
        ("CORS_ORIGINS", "*"),
        ("CORS_ORIGINS", "null"),
        ("CORS_ORIGINS", "example.com"),
        ("CORS_ORIGINS", "https://example.com/"),
        ("CORS_ORIGINS", "https://example.com:443"),
        ("CORS_ORIGINS", "https://a.example.com,,"),
        ("DATABASE_URL", "host=db password=hush"),
        ("DATABASE_URL", "postgresql+psycopg2://u:hush@db/x"),
        ("DATABASE_URL", "postgresql://u:hush@db/x?pgbouncer=true"),
        ("DATABASE_URL", "postgresql://u:p@hush@db/x"),
        ("DATABASE_URL", "postgresql://u:p@h/hush@db/x"),
        ("DATABASE_URL", "postgresql://u:p/hush@db/x"),
        ("DATABASE_URL", "postgresql://u:p?hush@db/x"),
        ("DATABASE_URL", "postgresql://u:p%hush@db/x"),
        ("DATABASE_URL", "postgresql://u:hush@db:65536/x"),
        ("DATABASE_REPLICA_URL", "mysql://u:hush@db/x"),
        ("DATABASE_LISTEN_URL", "mysql://u:hush@db/x"),
        ("PORT", "0"),
        ("PORT", "65536"),
        ("HOST", "a b"),
        ("HOST", "[::1]"),
        ("HOST", "::1::"),
        ("WEB_BIND", "8000"),
        ("WEB_BIND", "127.0.0.1:65536"),
        ("WEB_BIND", "::1:8000"),
        ("WEB_BIND", "unix:"),
        ("WEB_BIND", "127.0.0.1:8000,"),
        ("STREAM_BIND", "127.0.0.1"),
        ("WEB_CONCURRENCY", "0"),
        ("WEB_CONCURRENCY", "1001"),
        ("WEB_CONCURRENCY", "two"),
        ("WEB_THREADS", "0"),
        ("WEB_THREADS", "1001"),
    ],
)
def test_a_bad_setting_is_named(name, value):
    with pytest.raises(ConfigError, match=name) as refusal:
        Config.from_environment(GOOD | {name: value})
    assert "hush" not in str(refusal.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "postgresql://u:p%40ss%2F%3F@[::1]:5432/x?sslmode=require"),
        ("DATABASE_URL", "postgres://u:p@one:1,two:65535/x?target_session_attrs=read-write"),
        ("DATABASE_URL", "postgresql://db:5432/x?user=a@b"),
        ("PORT", "1"),
        ("PORT", "65535"),
        ("HOST", "::1"),
        ("HOST", "0.0.0.0"),
        ("HOST", "counter.local"),
        ("WEB_BIND", "[::1]:8000,unix:/run/api,fd://3,:65535"),
        ("STREAM_BIND", "localhost:0"),
        ("WEB_CONCURRENCY", "1"),
        ("WEB_CONCURRENCY", "1000"),
        ("WEB_THREADS", "1"),
        ("WEB_THREADS", "1000"),
    ],
)
def test_a_good_setting_is_taken(name, value):
    Config.from_environment(GOOD | {name: value})


@pytest.mark.parametrize("setting", [setting for section in SECTIONS for setting in section.settings])
def test_an_empty_setting_counts_as_not_set(setting):
    assert setting.read({setting.name: " "}) == setting.default == setting.read({})


def test_a_host_of_ipv6_is_where_it_listens(monkeypatch):
    monkeypatch.setenv("HOST", "::1")
    monkeypatch.setenv("PORT", "")
    assert address() == "[::1]:8000"


@pytest.mark.parametrize("arguments", [("", "wsgi:app"), (".stream", "tableorder.stream.asgi:app")])
@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"JWT_SECRET_KEY": ""}, "JWT_SECRET_KEY is not set"),
        ({"HOST": "::1::"}, "HOST is '::1::'; it must be an address such as 127.0.0.1 or ::1"),
        ({"WEB_THREADS": "two"}, "WEB_THREADS is 'two'; it must be a whole number from 1 to 1000"),
        ({"WEB_CONCURRENCY": "0"}, "WEB_CONCURRENCY is '0'; it must be a whole number from 1 to 1000"),
        ({"LOG_LEVEL": "loud"}, "LOG_LEVEL is 'loud'; it must be one of debug, info, warning, error"),
    ],
)
def test_a_process_ends_with_a_line_instead_of_trying_for_ever(arguments, settings, said):
    kind, application = arguments
    command = [sys.executable, "-m", "gunicorn", "--config", f"deploy/gunicorn{kind}.conf.py", application]
    bind = {"WEB_BIND": "127.0.0.1:0", "STREAM_BIND": "127.0.0.1:0"}
    ended = subprocess.run(
        command, cwd=CHECKOUT, env=GOOD | bind | settings, capture_output=True, text=True, timeout=60
    )
    [_, *told] = ended.stderr.splitlines()  # after "Starting gunicorn"
    assert (ended.returncode, told) == (1, [f"tableorder: {said}"])


@pytest.mark.parametrize("kind", ["", ".stream"])
def test_gunicorns_master_keeps_no_code_that_a_reload_should_replace(kind, tmp_path):
    program = (
        "import runpy, sys, types;"
        f"runpy.run_path('deploy/gunicorn{kind}.conf.py')['on_starting'](types.SimpleNamespace());"
        "print(sorted(name for name in sys.modules if name.startswith('tableorder')))"
    )
    environment = GOOD | {"PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=CHECKOUT, env=environment, capture_output=True, text=True
    )
    kept = ["tableorder", "tableorder.logs", "tableorder.server", "tableorder.server.preflight"]
    assert (done.stdout, done.stderr) == (f"{kept}\n", "")
