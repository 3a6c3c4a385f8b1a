"""The settings, read from the environment once and checked: a bad one stops the start with one clear line."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar
from zoneinfo import ZoneInfo

from tableorder import logs
from tableorder.database.pool import PoolSettings
from tableorder.domain.limits import MAX_INTEGER
from tableorder.domain.logins import LoginLimits
from tableorder.domain.passwords import DEFAULT_COST

T = TypeVar("T")

_ORIGIN = re.compile(r"https?://[a-z0-9.-]+(:[0-9]{1,5})?", re.ASCII)
_SWITCH = dict.fromkeys(("on", "true", "yes", "1"), True) | dict.fromkeys(("off", "false", "no", "0"), False)
DEFAULT_MAX_BODY_BYTES = 4 * 1024 * 1024


class ConfigError(Exception):
    """A setting is missing or unusable; the message names it and says what would do."""


@dataclass(frozen=True)
class StreamSettings:
    """How many live feeds the stream process holds open, and how long it waits; times in seconds."""

    per_store: int = 100
    total: int = 10_000
    heartbeat: float = 30.0
    send_timeout: float = 10.0
    event_retention: float = 86_400.0
    listen_dsn: str = ""


@dataclass(frozen=True)
class LogSettings:
    """What is logged beyond a line per request; times in seconds."""

    echo: bool = False
    slow_request: float = 1.0
    slow_statement: float = 0.5


@dataclass(frozen=True)
class Config:
    """Everything that the application and the stream process need to know."""

    pool: PoolSettings
    jwt_secret_key: str
    logs: LogSettings = LogSettings()
    bcrypt_cost: int = DEFAULT_COST
    login_limits: LoginLimits = field(default_factory=LoginLimits)
    trusted_proxies: int = 0
    cors_origins: frozenset[str] = frozenset()
    max_body_bytes: int = DEFAULT_MAX_BODY_BYTES
    streams: StreamSettings = StreamSettings()
    replica: PoolSettings | None = None
    demo_store_id: int | None = None

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Config:
        """Read every setting from `environment`. Raises ConfigError for the first that is missing or unusable."""
        read = _Reader(environment)
        read.choice("WEB_AFFINITY", ("on", "off"))  # for gunicorn's configuration, which cannot refuse it
        pool = _read_pool(read)
        replica = read.optional("DATABASE_REPLICA_URL")
        return cls(
            pool=pool,
            replica=replace(pool, dsn=replica, writable=False) if replica else None,
            jwt_secret_key=read.secret("JWT_SECRET_KEY", minimum_bytes=32),
            logs=_read_logs(read),
            bcrypt_cost=_read_bcrypt_cost(read),
            login_limits=LoginLimits(
                account_failures=read.integer("LOGIN_ACCOUNT_FAILURES", LoginLimits.account_failures, 1, 1000),
                address_failures=read.integer("LOGIN_ADDRESS_FAILURES", LoginLimits.address_failures, 1, 10000),
                window=read.integer("LOGIN_FAILURE_WINDOW", LoginLimits.window, 1, 86400),
                checks=read.integer("LIMIT_LOGIN_CHECKS", LoginLimits.checks, 0, 1000),
            ),
            trusted_proxies=read.integer("TRUSTED_PROXIES", cls.trusted_proxies, 0, 10),
            demo_store_id=read.integer("DEMO_STORE_ID", 0, 0, MAX_INTEGER) or None,
            cors_origins=read.origins("CORS_ORIGINS"),
            max_body_bytes=read.integer("MAX_BODY_BYTES", cls.max_body_bytes, 1024, 64 * 1024 * 1024),
            streams=StreamSettings(
                per_store=read.integer("STREAMS_PER_STORE", StreamSettings.per_store, 1, 100_000),
                total=read.integer("STREAMS_TOTAL", StreamSettings.total, 1, 100_000),
                heartbeat=read.seconds("STREAM_HEARTBEAT", StreamSettings.heartbeat),
                send_timeout=read.seconds("STREAM_SEND_TIMEOUT", StreamSettings.send_timeout),
                event_retention=read.seconds("EVENT_RETENTION", StreamSettings.event_retention),
                listen_dsn=read.optional("DATABASE_LISTEN_URL") or read.required("DATABASE_URL"),
            ),
        )


def bcrypt_cost(environment: Mapping[str, str]) -> int:
    """The cost of new password hashes, for a command that needs no other setting. Raises ConfigError."""
    return _read_bcrypt_cost(_Reader(environment))


def _read_bcrypt_cost(read: _Reader) -> int:
    return read.integer("BCRYPT_COST", DEFAULT_COST, 4, 16)


def _read_pool(read: _Reader) -> PoolSettings:
    return PoolSettings(
        dsn=read.required("DATABASE_URL"),
        size=read.integer("DATABASE_POOL_SIZE", PoolSettings.size, 1, 1000),
        max_overflow=read.integer("DATABASE_MAX_OVERFLOW", PoolSettings.max_overflow, 0, 1000),
        timeout=read.seconds("DATABASE_POOL_TIMEOUT", PoolSettings.timeout),
        pre_ping=read.switch("DATABASE_POOL_PRE_PING", PoolSettings.pre_ping),
        recycle=read.seconds("DATABASE_POOL_RECYCLE", PoolSettings.recycle),
        connect_timeout=read.seconds("DATABASE_CONNECT_TIMEOUT", PoolSettings.connect_timeout),
        statement_timeout=read.seconds("DATABASE_STATEMENT_TIMEOUT", PoolSettings.statement_timeout),
        lock_timeout=read.seconds("DATABASE_LOCK_TIMEOUT", PoolSettings.lock_timeout),
        session_state=read.switch("DATABASE_SESSION_STATE", PoolSettings.session_state),
        time_zone=read.time_zone("TIME_ZONE", PoolSettings.time_zone),
    )


def _read_logs(read: _Reader) -> LogSettings:
    read.choice("LOG_FORMAT", logs.FORMATS)  # these two are for gunicorn's configuration, which cannot refuse them
    read.choice("LOG_LEVEL", logs.LEVELS)
    return LogSettings(
        echo=read.switch("DATABASE_ECHO", LogSettings.echo),
        slow_request=read.seconds("SLOW_REQUEST", LogSettings.slow_request),
        slow_statement=read.seconds("SLOW_STATEMENT", LogSettings.slow_statement),
    )


def config_or_exit(environment: Mapping[str, str]) -> Config:
    """The settings; ends the process with a line that says which one is missing or unusable."""
    try:
        return Config.from_environment(environment)
    except ConfigError as error:
        sys.exit(f"tableorder: {error}")


class _Reader:
    """Reads and checks one setting at a time; an empty value counts as not set."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment

    def required(self, name: str) -> str:
        value = self.optional(name)
        if not value:
            raise ConfigError(f"{name} is not set")
        return value

    def optional(self, name: str) -> str:
        return self._environment.get(name, "").strip()

    def secret(self, name: str, *, minimum_bytes: int) -> str:
        value = self.required(name)
        if len(value.encode()) < minimum_bytes:
            raise ConfigError(f"{name} is too short: {minimum_bytes} bytes at least, from a random source")
        return value

    def integer(self, name: str, default: int, least: int, most: int) -> int:
        wanted = f"a whole number from {least} to {most}"
        return self._parse(name, default, wanted, lambda text: _within(int(text), least, most))

    def seconds(self, name: str, default: float) -> float:
        return self._parse(name, default, "a number of seconds above 0", lambda text: _within(float(text), 1e-3, 1e7))

    def switch(self, name: str, default: bool) -> bool:
        return self._parse(name, default, "on or off", lambda text: _SWITCH[text.lower()])

    def choice(self, name: str, choices: tuple[str, ...]) -> str:
        return self._parse(name, choices[0], f"one of {', '.join(choices)}", lambda text: choices[choices.index(text)])

    def time_zone(self, name: str, default: str) -> str:
        return self._parse(name, default, "a time zone such as Asia/Seoul", lambda text: ZoneInfo(text).key)

    def origins(self, name: str) -> frozenset[str]:
        wanted = "origins such as https://counter.example.com, with commas between them"
        return self._parse(name, frozenset(), wanted, lambda text: frozenset(map(_origin, text.split(","))))

    def _parse(self, name: str, default: T, wanted: str, parse: Callable[[str], T]) -> T:
        text = self.optional(name)
        if not text:
            return default
        try:
            return parse(text)
        except (ValueError, KeyError, OSError):
            raise ConfigError(f"{name} is {text!r}; it must be {wanted}") from None


def _origin(text: str) -> str:
    """An origin as a browser sends it: nothing after the host or port, and no default port."""
    origin = text.strip()
    if not _ORIGIN.fullmatch(origin) or origin.endswith((":80", ":443")):
        raise ValueError(origin)
    return origin


def _within(value: T, least: float, most: float) -> T:
    if not least <= value <= most:  # type: ignore[operator]
        raise ValueError(value)
    return value
