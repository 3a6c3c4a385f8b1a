"""Encryption by an existing tool, as a pipe: what is not encrypted never touches a disk."""

from __future__ import annotations

import os
import shlex
from pathlib import PurePath

from tableorder.backups import BackupError

TOOLS = ("age", "gpg")


def encrypt_command() -> list[str]:
    """BACKUP_ENCRYPT_COMMAND, empty for none: it encrypts standard input to standard output. Raises BackupError."""
    command = _command("BACKUP_ENCRYPT_COMMAND")
    if command and PurePath(command[0]).name not in TOOLS:
        raise BackupError(f"BACKUP_ENCRYPT_COMMAND runs {command[0]}; it must be {' or '.join(TOOLS)} with its options")
    return command


def suffix_of(command: list[str]) -> str:
    """What is added to the name of a file that `command` encrypted."""
    return f".{PurePath(command[0]).name}" if command else ""


def decrypt_command(name: str) -> list[str]:
    """BACKUP_DECRYPT_COMMAND if the file's name says that it is encrypted, else empty. Raises BackupError."""
    if not name.endswith(tuple(f".{tool}" for tool in TOOLS)):
        return []
    command = _command("BACKUP_DECRYPT_COMMAND")
    if not command:
        raise BackupError(f"{name} is encrypted; set BACKUP_DECRYPT_COMMAND, such as 'age --decrypt -i KEYFILE'")
    return command


def _command(variable: str) -> list[str]:
    try:
        return shlex.split(os.environ.get(variable, ""))
    except ValueError as error:
        raise BackupError(f"{variable} is no command: {error}") from None
