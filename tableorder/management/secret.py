"""The key that signs tokens: the environment's, or one made for the embedded server."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path

from tableorder.commands import SetupError
from tableorder.environment import home


def jwt_secret_key() -> str:
    """JWT_SECRET_KEY, or for the embedded server a random one, made once. Raises SetupError."""
    if key := os.environ.get("JWT_SECRET_KEY", "").strip():
        return key
    if os.environ.get("DATABASE_URL", "").strip():
        raise SetupError("JWT_SECRET_KEY is not set; it must be 32 random bytes or more, the same on every host")
    path = home() / "jwt-secret"
    try:
        if not path.exists():
            _write_once(path, secrets.token_urlsafe(48))
        return path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise SetupError(f"cannot keep a secret in {path}: {error.strerror}") from None


def _write_once(path: Path, text: str) -> None:
    """Write a file whole or not at all; of several writers the first one's stays."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    with open(draft, "w", encoding="utf-8", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
        file.write(text + "\n")
        file.flush()
        os.fsync(file.fileno())
    with suppress(FileExistsError):
        os.link(draft, path)
    draft.unlink()
