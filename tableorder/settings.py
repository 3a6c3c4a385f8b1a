"""The table of settings: name, type, default and meaning. The checks at the start use it.

The tables of docs/configuration.md come from it, too: `python -m tableorder.settings docs/configuration.md`.
"""

from __future__ import annotations

import ipaddress
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from tableorder import logs
from tableorder.database.pool import PoolSettings
from tableorder.database.urls import check_url
from tableorder.domain.limits import MAX_INTEGER, Limits
from tableorder.domain.passwords import DEFAULT_COST

_ORIGIN = re.compile(r"https?://[a-z0-9.-]+(:[0-9]{1,5})?", re.ASCII)
_SWITCH = dict.fromkeys(("on", "true", "yes", "1"), True) | dict.fromkeys(("off", "false", "no", "0"), False)
_HOST_NAME = re.compile(r"[A-Za-z0-9._-]+", re.ASCII)
_PLACE = re.compile(r"(?P<host>\[[^\]]+\]|[^:\[\]]*):(?P<port>[0-9]{1,5})", re.ASCII)


class SettingError(Exception):
    """A setting is missing or unusable; the message names it and says what would do."""


@dataclass(frozen=True)
class Kind:
    """A type of values: in words, as in "it must be …", and as a function that reads one.

    `parse` raises ValueError, KeyError or OSError. A refusal shows the value, or for a secret the error's message.
    """

    words: str
    parse: Callable[[str], Any] = str
    is_secret: bool = False


@dataclass(frozen=True)
class Setting:
    """One variable of the environment. `default` is what it is if it is not set; the document may say it in words."""

    name: str
    kind: Kind
    default: Any
    meaning: str
    default_words: str = ""

    def read(self, environment: Mapping[str, str]) -> Any:
        """The value; an empty one counts as not set. Raises SettingError."""
        text = environment.get(self.name, "").strip()
        if not text:
            return self.default
        try:
            return self.kind.parse(text)
        except (ValueError, KeyError, OSError) as error:
            if self.kind.is_secret:
                raise SettingError(f"{self.name} {error}") from None
            raise SettingError(f"{self.name} is {text!r}; it must be {self.kind.words}") from None

    def row(self) -> str:
        """Its line in the document."""
        default = self.default_words or _written(self.default)
        return f"| `{self.name}` | {re.sub('^an? ', '', self.kind.words)} | {default} | {self.meaning} |"


@dataclass(frozen=True)
class Section:
    """Settings that belong together, under a heading of the document."""

    heading: str
    settings: tuple[Setting, ...]
    is_checked_at_start: bool = True


def whole_number(least: int, most: int) -> Kind:
    """A whole number within bounds."""
    return Kind(f"a whole number from {least} to {most}", lambda text: _within(int(text), least, most))


def _limit(name: str, meaning: str, *, most: int = 1_000_000) -> Setting:
    return Setting(f"LIMIT_{name.upper()}", whole_number(0, most), getattr(Limits, name), meaning)


def one_of(*choices: str) -> Kind:
    """One of these words."""
    return Kind(f"one of {', '.join(choices)}", lambda text: choices[choices.index(text)])


def _within(value: Any, least: float, most: float) -> Any:
    if not least <= value <= most:
        raise ValueError(value)
    return value


def _origin(text: str) -> str:
    """An origin as a browser sends it: nothing after the host or port, and no default port."""
    origin = text.strip()
    if not _ORIGIN.fullmatch(origin) or origin.endswith((":80", ":443")):
        raise ValueError(origin)
    return origin


def _host(text: str) -> str:
    if not _HOST_NAME.fullmatch(text):
        ipaddress.ip_address(text)
    return text


def _places(text: str) -> list[str]:
    return [_place(part) for part in text.split(",")]


def _place(text: str) -> str:
    if re.fullmatch(r"unix:.+|fd://[0-9]+", text):
        return text
    match = _PLACE.fullmatch(text)
    if match is None:
        raise ValueError(text)
    if match["host"]:
        _host(match["host"].strip("[]"))
    _within(int(match["port"]), 0, 65535)
    return text


def _key(text: str) -> str:
    if len(text.encode()) < 32:
        raise ValueError("is too short: 32 bytes at least, from a random source")
    return text


def _written(value: object) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return f"{value:.10g}" if isinstance(value, int | float) else str(value or "none").replace("frozenset()", "none")


SWITCH = Kind("on or off", lambda text: _SWITCH[text.lower()])
SECONDS = Kind("a number of seconds above 0", lambda text: _within(float(text), 1e-3, 1e7))
ZONE = Kind("a time zone such as Asia/Seoul", lambda text: ZoneInfo(text).key)
ORIGINS = Kind(
    "origins such as https://counter.example.com, with commas between them",
    lambda text: frozenset(map(_origin, text.split(","))),
)
PORT = Kind("a port from 1 to 65535", lambda text: _within(int(text), 1, 65535))
HOST = Kind("an address such as 127.0.0.1 or ::1", _host)
PLACES = Kind("`host:port` or `unix:path`, several with commas between them", _places)
URL = Kind("a URL", check_url, is_secret=True)
KEY = Kind("a text of 32 bytes or more", _key, is_secret=True)
FOLDER = Kind("a folder")
TEXT = Kind("a text")

SECTIONS = (
    Section(
        "Needed",
        (
            Setting(
                "DATABASE_URL",
                URL,
                None,
                "the database, as libpq understands it: `postgresql://tableorder:password@host/tableorder_db`; in the "
                "password, @ is written %40, / is %2F and ? is %3F",
                "none; the embedded server for what is in `bin/`",
            ),
            Setting(
                "JWT_SECRET_KEY",
                KEY,
                None,
                "signs the tokens; the same on every host; a new one logs everybody out",
                "none; made once for the embedded server",
            ),
        ),
    ),
    Section(
        "Processes",
        (
            Setting("PORT", PORT, 8000, "where `bin/serve` and the API listen, on 127.0.0.1"),
            Setting("HOST", HOST, "127.0.0.1", "where the API listens, with `PORT`"),
            Setting("WEB_BIND", PLACES, None, "the same in one, before both", "`HOST` and `PORT`"),
            Setting(
                "WEB_CONCURRENCY",
                whole_number(1, 1000),
                2,
                "worker processes of the API; one for each core is a good start; leave it out rather than empty, for "
                "gunicorn reads it first",
            ),
            Setting(
                "WEB_THREADS",
                whole_number(1, 1000),
                4,
                "threads of each worker; more than `DATABASE_POOL_SIZE` open and close connections all the time",
            ),
            Setting(
                "WEB_AFFINITY",
                one_of("on", "off"),
                "on",
                "keep each worker on one processor (Linux), which serves a quarter more; off where other processes are "
                "bound to the same ones",
            ),
            Setting("STREAM_BIND", PLACES, ["127.0.0.1:8001"], "where the live feed listens", "127.0.0.1:8001"),
            Setting(
                "TRUSTED_PROXIES",
                whole_number(0, 10),
                0,
                "proxies in front whose `X-Forwarded-For` is believed; 1 behind nginx",
            ),
            Setting(
                "MAX_BODY_BYTES",
                whole_number(1024, 64 * 1024 * 1024),
                4 * 1024 * 1024,
                "the largest request body, such as a menu with its picture (a body that cannot have one has 16 kB at "
                "most); `client_max_body_size` of nginx should be the same",
            ),
            Setting(
                "MAX_DOCUMENT_BYTES",
                whole_number(1024, 256 * 1024 * 1024),
                32 * 1024 * 1024,
                "the largest body of `PUT /api/v1/admin/menu-document`, a whole menu with its pictures; "
                "`client_max_body_size` in nginx's place for it should be the same",
            ),
            Setting(
                "TIME_ZONE",
                ZONE,
                PoolSettings.time_zone,
                "of the days in `start_date` and `end_date`, of times in answers, of the backups' names",
            ),
        ),
    ),
    Section(
        "The database",
        (
            Setting(
                "DATABASE_POOL_SIZE", whole_number(1, 1000), PoolSettings.size, "connections that a worker keeps open"
            ),
            Setting(
                "DATABASE_MAX_OVERFLOW",
                whole_number(0, 1000),
                PoolSettings.max_overflow,
                "further ones allowed, closed when given back",
            ),
            Setting(
                "DATABASE_POOL_TIMEOUT",
                SECONDS,
                PoolSettings.timeout,
                "how long a request waits for one, in order of arrival, before 503",
            ),
            Setting(
                "DATABASE_POOL_PRE_PING",
                SWITCH,
                PoolSettings.pre_ping,
                "look whether a connection is alive before it is used; costs no query",
            ),
            Setting("DATABASE_POOL_RECYCLE", SECONDS, PoolSettings.recycle, "after which a connection is made anew"),
            Setting("DATABASE_CONNECT_TIMEOUT", SECONDS, PoolSettings.connect_timeout, "for a new connection"),
            Setting("DATABASE_STATEMENT_TIMEOUT", SECONDS, PoolSettings.statement_timeout, "for a statement"),
            Setting("DATABASE_LOCK_TIMEOUT", SECONDS, PoolSettings.lock_timeout, "for a lock in it"),
            Setting(
                "DATABASE_SESSION_STATE",
                SWITCH,
                PoolSettings.session_state,
                "off behind PgBouncer in transaction mode; the start is refused if that is forgotten",
            ),
            Setting(
                "DATABASE_REPLICA_URL",
                URL,
                None,
                "a standby that answers some reads; see [scaling.md](scaling.md)",
            ),
            Setting(
                "DATABASE_LISTEN_URL",
                URL,
                None,
                "a direct connection for the live feed, if `DATABASE_URL` leads through PgBouncer",
                "`DATABASE_URL`",
            ),
        ),
    ),
    Section(
        "Logins and browsers",
        (
            Setting(
                "BCRYPT_COST",
                whole_number(4, 16),
                DEFAULT_COST,
                "of new password hashes, those of `bin/tableorder` too; one more doubles the work of each login. A "
                "login renews a cheaper hash; every wrong one takes as long as the dearest hash of all stores",
            ),
            Setting(
                "LIMIT_LOGIN_CHECKS",
                whole_number(0, 1000),
                2,
                "passwords that a worker checks or hashes at once, before 503; 0 for any number. Less than "
                "`WEB_THREADS`, so that others are served meanwhile",
            ),
            Setting(
                "LIMIT_PICTURE_WORK",
                whole_number(1, 1000),
                1,
                "pictures that a worker converts at once, before 503; each takes up to 700 MB, in a process of its own",
            ),
            Setting("LOGIN_ACCOUNT_FAILURES", whole_number(1, 1000), 10, "failed logins of one account before 429"),
            Setting(
                "LOGIN_ADDRESS_FAILURES",
                whole_number(1, 10000),
                100,
                "failed logins from one address before 429; all tablets of a restaurant share one",
            ),
            Setting("LOGIN_FAILURE_WINDOW", whole_number(1, 86400), 300, "seconds in which they count"),
            Setting("CORS_ORIGINS", ORIGINS, frozenset[str](), "whose pages may call the API and open the feeds"),
            Setting(
                "DEMO_STORE_ID",
                whole_number(0, MAX_INTEGER),
                0,
                "the demo restaurant that the landing page opens, by public passwords; `bin/serve` sets it; 0: none",
            ),
        ),
    ),
    Section(
        "Limits",
        (
            _limit("tables", "tables of a store, before 409 `limit_reached`"),
            _limit("categories", "its categories, before the same"),
            _limit("menus", "its menus, before the same; with those deleted lately ten times as many"),
            _limit("dayparts", "its dayparts, before the same"),
            _limit("option_groups", "its option groups, before the same"),
            _limit("options", "its options, before the same"),
            _limit(
                "picture_bytes",
                "bytes of its menus' pictures together, before the same; those that no menu shows any more do not "
                "count, but have a bound of ten times as many",
                most=MAX_INTEGER,
            ),
            _limit("staff", "its people who may log in, before the same; with closed accounts ten times as many"),
            _limit("devices", "its enrolled tablets, before the same"),
            _limit("table_enrolments", "codes of a table that may still enrol a tablet, before the same"),
            _limit("session_orders", "orders of a table's session, before the same"),
            _limit(
                "session_lines",
                "lines of these orders, before the same; they have three times as many chosen options in all",
            ),
            _limit("order_rate", "orders of a session in any 60 s, before 429 `too_many_orders`"),
            _limit("call_items", "what guests of a store can call for, before 409 `limit_reached`"),
            _limit("session_calls", "calls of a table's session, before the same"),
            _limit("call_rate", "calls of a session in any 60 s, before 429 `too_many_calls`"),
            _limit("table_streams", "feeds of a table that may be open on a process, before 503 `too_many_streams`"),
            _limit("store_table_streams", "feeds of all tables of a store, before the same"),
            _limit("store_admin_streams", "feeds of a store's counters, before the same"),
            _limit("replay", "events that a feed gets again when it comes back; past it, it starts with `initial`"),
        ),
    ),
    Section(
        "The live feed",
        (
            Setting(
                "STREAMS_TOTAL",
                whole_number(1, 100_000),
                10_000,
                "feeds that may be open on a process, before 503; the tables' leave a tenth to the counters",
            ),
            Setting("STREAM_HEARTBEAT", SECONDS, 30.0, "of silence, after which a feed gets a comment line"),
            Setting("STREAM_SEND_TIMEOUT", SECONDS, 10.0, "that a reader may take nothing before it is dropped"),
            Setting(
                "EVENT_RETENTION",
                SECONDS,
                86_400.0,
                "after which, and after a minute at least, an event is forgotten, and who comes back later "
                "starts with `initial`",
            ),
        ),
    ),
    Section(
        "Log and figures",
        (
            Setting("LOG_FORMAT", one_of(*logs.FORMATS), "auto", "`auto` is text on a terminal, else JSON"),
            Setting("LOG_LEVEL", one_of(*logs.LEVELS), "info", "the least that is logged"),
            Setting("SLOW_REQUEST", SECONDS, 1.0, "from which a request is logged as a warning"),
            Setting("SLOW_STATEMENT", SECONDS, 0.5, "from which a statement is"),
            Setting("DATABASE_ECHO", SWITCH, False, "log each statement with its time, never its values"),
            Setting(
                "AUDIT_RETENTION_DAYS",
                whole_number(30, 3650),
                365,
                "days after which an entry of the audit log is removed",
            ),
            Setting(
                "PROMETHEUS_MULTIPROC_DIR",
                FOLDER,
                None,
                "where the workers count for `/metrics`; what has no room there is not counted, and the log says so",
                "a new one at each start",
            ),
        ),
    ),
    Section(
        "Commands",
        (
            Setting("TABLEORDER_HOME", FOLDER, None, "where `bin/serve` keeps its data", "`.tableorder/`"),
            Setting(
                "TABLEORDER_VENV",
                FOLDER,
                None,
                "the virtual environment that everything in `bin/` makes and uses",
                "`.venv/`",
            ),
            Setting(
                "DATABASE_ADMIN_URL",
                URL,
                None,
                "for `bin/create-db`: a role that may make roles and databases",
                "`DATABASE_URL`'s server, or libpq's variables",
            ),
            Setting(
                "DB_PASSWORD",
                TEXT,
                None,
                "for `bin/create-db`: the new password of the role `tableorder`; for backups as below",
                "asked for",
            ),
            Setting(
                "DB_HOST",
                TEXT,
                None,
                "with `DB_PASSWORD`, for backups: the database in parts, if there is no `DATABASE_URL`",
                "libpq's",
            ),
            Setting("DB_PORT", PORT, None, "its port", "libpq's"),
            Setting("DB_NAME", TEXT, None, "its name; for `bin/create-db`, too", "libpq's, and `tableorder_db`"),
            Setting("DB_USER", TEXT, None, "its user", "libpq's"),
            Setting(
                "BACKUP_DIR",
                FOLDER,
                "/backups/postgresql",
                "where the backups are; also for `bin/tableorder check` and `/metrics`",
            ),
            Setting(
                "BACKUP_ENCRYPT_COMMAND",
                Kind("a command"),
                None,
                "`age` or `gpg` with options, from standard input to standard output; see [backups.md](backups.md)",
            ),
            Setting(
                "BACKUP_DECRYPT_COMMAND",
                Kind("a command"),
                None,
                "the way back, for `bin/verify-backup` and `bin/restore-db`",
            ),
            Setting("BACKUP_COPY_COMMAND", Kind("a line of shell"), None, 'copies the files `"$@"` off the machine'),
            Setting(
                "TEST_DATABASE_URL",
                URL,
                None,
                "for `bin/test`: a superuser's, of a throw-away PostgreSQL",
                "an embedded server",
            ),
        ),
        is_checked_at_start=False,
    ),
)


def read_settings(environment: Mapping[str, str]) -> dict[str, Any]:
    """Read the settings of the processes, by name. Raises SettingError for the first missing or unusable one."""
    checked = [setting for section in SECTIONS if section.is_checked_at_start for setting in section.settings]
    values = {setting.name: setting.read(environment) for setting in checked}
    for setting in SECTIONS[0].settings:
        if values[setting.name] is None:
            raise SettingError(f"{setting.name} is not set")
    return values


def read_setting(name: str, environment: Mapping[str, str]) -> Any:
    """One of them. Raises SettingError."""
    return _BY_NAME[name].read(environment)


_BY_NAME = {setting.name: setting for section in SECTIONS for setting in section.settings}


def with_tables(document: str) -> str:
    """Put the present tables into the document, each below the heading of its section."""
    for section in SECTIONS:
        rows = ["| variable | type | default | meaning |", "| --- | --- | --- | --- |"]
        rows += [setting.row() for setting in section.settings]
        heading = re.escape(f"## {section.heading}\n")
        table = "\n".join(rows) + "\n"
        document, found = re.subn(rf"({heading}(?:(?!## |\|).*\n)*)(?:\|.*\n)+", partial(_with_table, table), document)
        if found != 1:
            raise ValueError(f"there is not one table below the heading {section.heading!r}")
    return document


def _with_table(table: str, match: re.Match[str]) -> str:
    return match[1] + table


if __name__ == "__main__":
    page = Path(sys.argv[1])
    page.write_text(with_tables(page.read_text(encoding="utf-8")), encoding="utf-8")
