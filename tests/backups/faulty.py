"""bin/backup-db with a fault that the machine makes in it: `python -m tests.backups.faulty FOLDER FAULT`.

FAULT is the number of a step, before which the process is killed, or "flip": a bit of the dump has changed when it is
read back. A step is whatever the process asks of the file system in the folder.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from tableorder.backups import dump

STEPS = {"open", "os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.link"}


def main() -> None:
    folder, fault = sys.argv[1:]
    sys.argv[1:] = []
    left = int(fault) if fault.isdecimal() else 0
    flipped = False

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal left, flipped
        path = str(arguments[0]) if arguments else ""
        if event not in STEPS or not path.startswith(folder):
            return
        if left:
            left -= 1
            if not left:
                os.kill(os.getpid(), signal.SIGKILL)
        is_read_back = event == "open" and arguments[1] == "r" and path.endswith(".dump")
        if fault == "flip" and is_read_back and not flipped:
            flipped = True
            flip(Path(path))

    sys.addaudithook(hook)
    sys.exit(dump.main())


def flip(path: Path) -> None:
    handle = os.open(path, os.O_RDWR)
    place = os.fstat(handle).st_size // 2
    os.pwrite(handle, bytes([os.pread(handle, 1, place)[0] ^ 1]), place)
    os.close(handle)


if __name__ == "__main__":
    main()
