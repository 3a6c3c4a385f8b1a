"""The office's QR codes, read by somebody else's reader."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

from tableorder.blueprints.screens import FILES
from tests.npm import install

READER = Path(__file__).parent / "qr"
MOST = 106  # bytes


def test_each_text_is_read_back(tmp_path):
    shutil.copytree(READER, tmp_path, dirs_exist_ok=True)
    shutil.copy(FILES / "office" / "qr.js", tmp_path)
    install(tmp_path)
    address = "https://orders.example.com/tablet#code=K7M4QX9R"
    texts = [address, "온달 한식당", *(("ab%3?" * MOST)[:length] for length in range(MOST + 2))]
    reader = subprocess.run(
        ["node", "read.js"], cwd=tmp_path, input=json.dumps(texts), capture_output=True, text=True, timeout=60
    )
    assert reader.returncode == 0, reader.stderr
    assert json.loads(reader.stdout) == [*texts[:-1], None]
