"""What the three commands share: exit statuses, one line for an error, a tidy end when told to stop."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from datetime import datetime
from zoneinfo import ZoneInfo

import psycopg2

from tableorder.backups import BackupError
from tableorder.commands import SetupError, stop_when_told


def run(name: str, work: Callable[[], None]) -> int:
    """0 if it did what was asked, 1 if it was refused, failed or was told to stop."""
    stop_when_told()
    try:
        work()
        return 0
    except (BackupError, SetupError) as error:
        message = str(error)
    except psycopg2.Error as error:
        message = str(error).strip() or "the connection to the server was lost"
    except OSError as error:
        message = f"{error.filename}: {error.strerror}" if error.filename else str(error.strerror)
    except KeyboardInterrupt:
        message = "interrupted"
    print(f"{name}: {' '.join(message.split())}", file=sys.stderr)
    return 1


def now() -> datetime:
    """In TIME_ZONE, which the days of the policy go by. Raises BackupError."""
    return datetime.now(time_zone())


def time_zone() -> ZoneInfo:
    """TIME_ZONE. Raises BackupError."""
    zone = os.environ.get("TIME_ZONE") or "Asia/Seoul"
    try:
        return ZoneInfo(zone)
    except (ValueError, OSError, KeyError):
        raise BackupError(f"TIME_ZONE is {zone!r}; it must be a time zone such as Asia/Seoul") from None
