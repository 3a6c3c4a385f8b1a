"""What an operator is told of an error."""

from __future__ import annotations

import psycopg2

from tableorder.backups import BackupError
from tableorder.commands import SetupError
from tableorder.config import ConfigError
from tableorder.database.migrations import MigrationError
from tableorder.database.programs import ProgramNotFound
from tableorder.domain.errors import DomainError

# Those that can be foreseen; another is a mistake of ours.
FORESEEN = SetupError, DomainError, MigrationError, BackupError, ConfigError, ProgramNotFound, psycopg2.Error, OSError


def reason(error: Exception) -> str:
    """What is wrong, in one line; of a mistake of ours its class, too."""
    return " ".join(_text(error).split())


def _text(error: Exception) -> str:
    match error:
        case psycopg2.errors.UndefinedTable():
            return "the database is not migrated; run bin/tableorder migrate"
        case psycopg2.errors.InsufficientPrivilege():
            sees_all = "it takes a role that sees every store, such as a member of tableorder_owner"
            return f"{error.diag.message_primary}; {sees_all}"
        case psycopg2.Error():
            return str(error).strip() or "the connection to the database was lost"
        case OSError():
            return f"{error.filename}: {error.strerror}" if error.filename else str(error.strerror)
        case _:
            return str(error) if isinstance(error, FORESEEN) else f"{type(error).__name__}: {error}"
