"""Encryption by an existing tool, as a pipe: what is not encrypted never touches a disk."""

from __future__ import annotations

import os
import re
import shlex
from pathlib import Path, PurePath

from tableorder.backups import BackupError

TOOLS = ("age", "gpg")
SETTINGS = ("BACKUP_ENCRYPT_COMMAND", "BACKUP_DECRYPT_COMMAND")

# How what age and gpg encrypt begins, with and without --armor. OpenPGP's first packet holds a session key, for a key
# or a passphrase: https://www.rfc-editor.org/rfc/rfc9580#section-5
BEGINNINGS = {
    "age": re.compile(rb"age-encryption\.org/v1\n|-----BEGIN AGE ENCRYPTED FILE-----"),
    "gpg": re.compile(rb"[\x84-\x87\x8c-\x8f\xc1\xc3]|-----BEGIN PGP MESSAGE-----", re.DOTALL),
}


def encrypt_command() -> list[str]:
    """BACKUP_ENCRYPT_COMMAND, empty for none: it encrypts standard input to standard output. Raises BackupError.

    A setting with a name that is nearly right is an error: it would have no effect.
    """
    for name in os.environ:
        if name.startswith("BACKUP_") and "CRYPT" in name and name not in SETTINGS:
            raise BackupError(f"there is no setting {name}; there are {' and '.join(SETTINGS)}")
    command = _command("BACKUP_ENCRYPT_COMMAND")
    if command and PurePath(command[0]).name not in TOOLS:
        raise BackupError(f"BACKUP_ENCRYPT_COMMAND runs {command[0]}; it must be {' or '.join(TOOLS)} with its options")
    return command


def suffix_of(command: list[str]) -> str:
    """What is added to the name of a file that `command` encrypted."""
    return f".{PurePath(command[0]).name}" if command else ""


def require_encrypted(path: Path, command: list[str]) -> None:
    """Raises BackupError unless a file looks like what the tool makes when it encrypts."""
    with path.open("rb") as file:
        beginning = file.read(64)
    if command and not BEGINNINGS[PurePath(command[0]).name].match(beginning):
        raise BackupError(f"BACKUP_ENCRYPT_COMMAND did not encrypt: what it wrote is none of {command[0]}'s messages")


def is_encrypted(name: str) -> bool:
    """Whether a file is encrypted, by its name."""
    return name.endswith(tuple(f".{tool}" for tool in TOOLS))


def decrypt_command(name: str) -> list[str]:
    """BACKUP_DECRYPT_COMMAND if the file's name says that it is encrypted, else empty. Raises BackupError."""
    if not is_encrypted(name):
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
