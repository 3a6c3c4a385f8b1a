"""bin/backup-db, bin/restore-db and bin/verify-backup as a person runs them, on a server of the tests'."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

from tableorder.backups.command import now
from tableorder.backups.files import Backup, Folder
from tableorder.backups.policy import name_at
from tableorder.backups.target import Target
from tableorder.database.embedded import EmbeddedServer
from tests.management.running import CHECKOUT, environment
from tests.waiting import until

EMBEDDED = EmbeddedServer(Path.cwd()).bin("psql").parent
# Those of the server of the tests: the embedded one's, or what belongs to TEST_DATABASE_URL.
PROGRAMS = Path(os.environ.get("TEST_PROGRAMS") or EMBEDDED)
MODULES = {"backup-db": "dump", "restore-db": "restore", "verify-backup": "verify"}


class Commands:
    """The three commands with one database and one folder for the backups."""

    def __init__(self, url: str, folder: Path, programs: Path = PROGRAMS, **settings: str) -> None:
        self.target = Target(url, programs)
        self.folder = Folder(folder)
        path = f"{programs}{os.pathsep}{os.environ['PATH']}"
        self.environment = environment(
            folder / "home", **{"PATH": path, "DATABASE_URL": url, "BACKUP_DIR": str(folder)} | settings
        )

    def command(self, name: str, *arguments: str | Path) -> list[str | Path]:
        """What to run for one of the three."""
        return [sys.executable, "-m", f"tableorder.backups.{MODULES[name]}", *arguments]

    def run(self, name: str, *arguments: str | Path, **settings: str) -> subprocess.CompletedProcess[str]:
        """To the end."""
        return subprocess.run(
            self.command(name, *arguments),
            cwd=CHECKOUT,
            env=self.environment | settings,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )

    def start(self, name: str, *arguments: str | Path, **options: Any) -> subprocess.Popen[bytes]:
        """In the background; `options` are Popen's."""
        usual = {"env": self.environment, "stdin": subprocess.DEVNULL}
        usual |= {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        return subprocess.Popen(self.command(name, *arguments), cwd=CHECKOUT, **usual | options)

    def wait_for_name(self) -> None:
        """Until a backup can be written: its name is its second."""
        until(lambda: not list(self.folder.path.glob(f"{name_at(now())}*")))

    def back_up(self) -> Backup:
        """Run bin/backup-db; the backup that it wrote."""
        self.wait_for_name()
        done = self.run("backup-db")
        assert done.returncode == 0, done.stderr
        return self.folder.good()[-1]

    def redate(self, backup: Backup, moment: datetime) -> Backup:
        """Copy a backup as one that was taken at another moment."""
        other = Backup(self.folder.path / name_at(moment))
        shutil.copy(backup.dump, other.dump)
        shutil.copy(backup.roles, other.roles)
        manifest = json.loads(backup.manifest.read_text()) | {"taken_at": moment.isoformat(timespec="seconds")}
        other.manifest.write_text(json.dumps(manifest))
        other.write_sums()
        return other

    def dumps(self) -> list[Path]:
        """Everything under a final name."""
        return sorted(self.folder.path.glob("*.dump"))

    def pg_dump(self, *options: str) -> str:
        """What the database holds now, as SQL."""
        command = [self.target.program("pg_dump"), "--restrict-key=same", *options, self.target.url]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout
