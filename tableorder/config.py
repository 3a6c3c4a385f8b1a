"""The settings as the application uses them. The table in settings.py reads and checks them."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from tableorder.database.pool import PoolSettings
from tableorder.domain.limits import DEFAULT_LIMITS, Limits
from tableorder.domain.logins import LoginLimits
from tableorder.domain.passwords import DEFAULT_COST
from tableorder.settings import SettingError, read_setting, read_settings

DEFAULT_MAX_BODY_BYTES = 4 * 1024 * 1024
DEFAULT_MAX_DOCUMENT_BYTES = 32 * 1024 * 1024

ConfigError = SettingError


@dataclass(frozen=True)
class StreamSettings:
    """The stream process's limit on open live feeds, and its waits; times in seconds."""

    total: int = 10_000
    heartbeat: float = 30.0
    send_timeout: float = 10.0
    event_retention: float = 86_400.0
    listen_dsn: str = ""


@dataclass(frozen=True)
class LogSettings:
    """Logging beyond a line per request; times in seconds."""

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
    limits: Limits = DEFAULT_LIMITS
    picture_work: int = 1  # pictures that a worker converts at once
    trusted_proxies: int = 0
    cors_origins: frozenset[str] = frozenset()
    max_body_bytes: int = DEFAULT_MAX_BODY_BYTES
    max_document_bytes: int = DEFAULT_MAX_DOCUMENT_BYTES
    streams: StreamSettings = StreamSettings()
    replica: PoolSettings | None = None
    demo_store_id: int | None = None
    audit_retention_days: int = 365

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Config:
        """Read every setting from `environment`. Raises ConfigError for the first that is missing or unusable."""
        value = read_settings(environment)
        pool = _pool(value)
        return cls(
            pool=pool,
            replica=replace(pool, dsn=value["DATABASE_REPLICA_URL"], writable=False)
            if value["DATABASE_REPLICA_URL"]
            else None,
            jwt_secret_key=value["JWT_SECRET_KEY"],
            logs=LogSettings(
                echo=value["DATABASE_ECHO"],
                slow_request=value["SLOW_REQUEST"],
                slow_statement=value["SLOW_STATEMENT"],
            ),
            bcrypt_cost=value["BCRYPT_COST"],
            login_limits=LoginLimits(
                account_failures=value["LOGIN_ACCOUNT_FAILURES"],
                address_failures=value["LOGIN_ADDRESS_FAILURES"],
                window=value["LOGIN_FAILURE_WINDOW"],
                checks=value["LIMIT_LOGIN_CHECKS"],
            ),
            picture_work=value["LIMIT_PICTURE_WORK"],
            limits=limits(environment),
            trusted_proxies=value["TRUSTED_PROXIES"],
            cors_origins=value["CORS_ORIGINS"],
            demo_store_id=value["DEMO_STORE_ID"] or None,
            audit_retention_days=value["AUDIT_RETENTION_DAYS"],
            max_body_bytes=value["MAX_BODY_BYTES"],
            max_document_bytes=value["MAX_DOCUMENT_BYTES"],
            streams=StreamSettings(
                total=value["STREAMS_TOTAL"],
                heartbeat=value["STREAM_HEARTBEAT"],
                send_timeout=value["STREAM_SEND_TIMEOUT"],
                event_retention=value["EVENT_RETENTION"],
                listen_dsn=value["DATABASE_LISTEN_URL"] or value["DATABASE_URL"],
            ),
        )


def bcrypt_cost(environment: Mapping[str, str]) -> int:
    """The cost of new password hashes, for a command that needs no other setting. Raises ConfigError."""
    return int(read_setting("BCRYPT_COST", environment))


def limits(environment: Mapping[str, str]) -> Limits:
    """The limits on what clients can make more of, for the same commands. Raises ConfigError."""
    return Limits(**{limit.name: read_setting(f"LIMIT_{limit.name.upper()}", environment) for limit in fields(Limits)})


def _pool(value: Mapping[str, Any]) -> PoolSettings:
    return PoolSettings(
        dsn=value["DATABASE_URL"],
        size=value["DATABASE_POOL_SIZE"],
        max_overflow=value["DATABASE_MAX_OVERFLOW"],
        timeout=value["DATABASE_POOL_TIMEOUT"],
        pre_ping=value["DATABASE_POOL_PRE_PING"],
        recycle=value["DATABASE_POOL_RECYCLE"],
        connect_timeout=value["DATABASE_CONNECT_TIMEOUT"],
        statement_timeout=value["DATABASE_STATEMENT_TIMEOUT"],
        lock_timeout=value["DATABASE_LOCK_TIMEOUT"],
        session_state=value["DATABASE_SESSION_STATE"],
        time_zone=value["TIME_ZONE"],
    )


def config_or_exit(environment: Mapping[str, str]) -> Config:
    """The settings; ends the process with a line that says which one is missing or unusable."""
    try:
        return Config.from_environment(environment)
    except ConfigError as error:
        sys.exit(f"tableorder: {error}")
