"""What is mutated, by area, and the tests that should notice."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tests.management.running import CHECKOUT


@dataclass(frozen=True)
class Area:
    """Globs of sources, and the test files from which those that run a mutated line are taken."""

    name: str
    sources: tuple[str, ...]
    tests: tuple[str, ...]

    def files(self) -> list[str]:
        """The sources, relative to the checkout."""
        return sorted(_relative(path) for glob in self.sources for path in CHECKOUT.glob(glob))

    def test_files(self) -> list[str]:
        return sorted(_relative(path) for glob in self.tests for path in CHECKOUT.glob(glob))


def _relative(path: Path) -> str:
    return path.relative_to(CHECKOUT).as_posix()


LOGINS = ("tests/api/test_logins.py", "tests/api/test_password_work.py")

AREAS = {
    area.name: area
    for area in (
        Area(
            "domain",
            tuple(f"tableorder/domain/{name}.py" for name in ("text", "languages", "passwords", "image*", "errors")),
            ("tests/domain/test_*.py", "tests/web/test_pictures.py"),
        ),
        Area(
            "tokens",
            ("tableorder/http/tokens.py", "tableorder/web/authentication.py", "tableorder/repositories/tokens.py"),
            ("tests/api/test_revocation.py", "tests/api/test_access.py", "tests/api/test_logs.py", *LOGINS),
        ),
        Area(
            "throttle",
            (
                "tableorder/repositories/logins.*",
                "tableorder/domain/logins.py",
                "tableorder/web/long_work.py",
                "tableorder/web/client_address.py",
            ),
            ("tests/api/test_guessing.py", "tests/api/test_limits.py", *LOGINS),
        ),
        Area("pool", ("tableorder/database/pool.py",), ("tests/database/test_pool.py", "tests/api/test_outages.py")),
        Area(
            "backups",
            tuple(f"tableorder/backups/{name}.py" for name in ("policy", "files", "manifest", "checks", "archive")),
            ("tests/backups/test_[!k]*.py",),
        ),
        Area(
            "feed",
            ("tableorder/stream/*.py", "tableorder/http/sse.py", "tableorder/repositories/events.py"),
            ("tests/api/test_streams.py", "tests/api/test_stream_faults.py", "tests/api/test_limits.py"),
        ),
        Area(
            "requests",
            ("tableorder/web/*.py", "tableorder/http/*.py"),
            ("tests/web/test_*.py", "tests/api/test_[!p]*.py"),
        ),
        Area(
            "orders",
            tuple(f"tableorder/repositories/{noun}.*" for noun in ("orders", "sessions", "voids", "history", "stock")),
            (
                "tests/repositories/test_*.py",
                *(f"tests/api/test_{noun}*.py" for noun in ("order", "race", "session", "void", "history", "stock")),
            ),
        ),
        Area(
            "menus",
            tuple(f"tableorder/repositories/{noun}.*" for noun in ("menus", "options", "categories", "pictures")),
            (
                "tests/repositories/test_*.py",
                *(f"tests/api/test_{noun}*.py" for noun in ("menu", "option", "categor", "picture")),
            ),
        ),
        Area("housekeeping", ("tableorder/housekeeping/*",), ("tests/housekeeping/test_*.py",)),
        # The snapshot of the schema would notice each, and say nothing of what the schema does.
        Area(
            "schema",
            ("migrations/????.[!r]*[!k].sql",),
            ("tests/migrations/test_schema.py", "tests/migrations/test_row_security.py"),
        ),
        Area(
            "deployment",
            ("deploy/nginx*.conf", "deploy/gunicorn*.py", "deploy/systemd/*"),
            tuple(f"tests/deploy/test_{name}.py" for name in ("nginx", "worker", "refusals", "installation")),
        ),
    )
}
