"""Whatever the locale: files are UTF-8, and what programs say is understood."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tableorder.database.embedded import embedded_programs
from tableorder.database.locales import in_english
from tests.api.server import run_sql
from tests.database.packaged import VERSIONS, packaged_server
from tests.management.running import CHECKOUT, environment
from tests.management.test_create_db import create_db

EUC_KR = "ko_KR.EUC-KR"


@pytest.fixture(scope="session")
def locales(tmp_path_factory) -> Iterator[Path]:
    """A folder with the Korean locales, which a machine need not have."""
    if shutil.which("localedef") is None:
        pytest.skip("needs localedef (Debian: locales)")
    folder = Path("/tmp") / f"tableorder-test-locales-{os.getpid()}"  # where PostgreSQL's user can read, too
    folder.mkdir()
    try:
        for charmap in ("EUC-KR", "UTF-8"):
            made = subprocess.run(
                ["localedef", "-i", "ko_KR", "-f", charmap, folder / f"ko_KR.{charmap}"], capture_output=True
            )
            if made.returncode > 1:  # 1 is a warning
                pytest.skip("needs the sources of the locales (Debian: locales)")
        yield folder
    finally:
        shutil.rmtree(folder)


def run(*arguments: str, home: Path, **settings: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", *arguments], cwd=CHECKOUT, env=environment(home, **settings), capture_output=True
    )


@pytest.mark.parametrize("locale", [EUC_KR, "C"])
def test_the_commands_work(locales, empty_database_url, tmp_path, locale):
    settings = {
        "LC_ALL": locale,
        "LOCPATH": str(locales),
        "DATABASE_URL": empty_database_url,
        "BACKUP_DIR": str(tmp_path / "backups"),
        "PATH": f"{embedded_programs()}:{os.environ['PATH']}",
    }
    manage = "tableorder.management"
    for command in (
        (manage, "migrate"),
        (manage, "demo", "load"),
        (manage, "store", "list"),
        (manage, "migration", "drift"),
        (manage, "migration", "list"),
        (manage, "server-config"),
        ("tableorder.backups.dump",),
        ("tableorder.backups.verify",),
        (manage, "check"),
    ):
        done = run(*command, home=tmp_path, **settings)
        assert b"Traceback" not in done.stderr, done.stderr.decode("euc-kr", "replace")
        assert done.returncode == 0, (command, done.stdout, done.stderr)
    stores = run(manage, "store", "list", "--json", home=tmp_path, **settings)
    assert "한식당" in stores.stdout.decode("euc-kr" if locale == EUC_KR else "utf-8")
    run_sql(
        empty_database_url,
        "INSERT INTO stores (store_name, admin_username, admin_password_hash) VALUES ('카페 ☕', 'cafe', '$2b$')",
    )
    listed = run(manage, "store", "list", home=tmp_path, **settings)
    assert (listed.returncode, listed.stderr) == (0, b"")  # there is no such sign in EUC-KR
    again = run(manage, "migrate", home=tmp_path, **settings)
    assert again.returncode == 0 and b"edited" not in again.stderr


@pytest.mark.skipif(not VERSIONS, reason="needs a packaged PostgreSQL, whose programs know Korean")
def test_programs_speak_english(locales):
    program = str(VERSIONS[-1] / "pg_dump")
    machine = {**os.environ, "LC_ALL": "ko_KR.UTF-8", "LANGUAGE": "ko", "LOCPATH": str(locales), "PGHOST": "/nowhere"}
    korean = subprocess.run([program], env=machine, capture_output=True, text=True)
    if "error:" in korean.stderr:
        pytest.skip("needs programs that know Korean")
    english = subprocess.run([program], env=in_english(machine), capture_output=True, text=True)
    assert english.stderr.startswith("pg_dump: error: ")


def test_the_rest_of_the_locale_stays():
    assert in_english({"LC_ALL": EUC_KR, "A": "b"}) == {
        "LANG": EUC_KR,
        "LC_CTYPE": EUC_KR,
        "LC_MESSAGES": "C",
        "A": "b",
    }
    assert in_english({"LANG": EUC_KR, "LC_ALL": ""}) == {"LANG": EUC_KR, "LC_MESSAGES": "C"}


def test_create_db_says_what_is_wrong_with_the_servers_encoding(locales, tmp_path, monkeypatch):
    monkeypatch.setenv("LOCPATH", str(locales))
    with packaged_server(encoding="EUC_KR", locale=EUC_KR) as url:
        made = create_db(url, tmp_path)
    assert (made.returncode, made.stdout) == (1, "")
    assert made.stderr.startswith(f"bin/create-db: the server's locale is {EUC_KR}, in which there is no UTF8")
    assert made.stderr.count("\n") == 1


def test_create_db_makes_utf8_where_nothing_is_in_the_way(tmp_path):
    with packaged_server(encoding="SQL_ASCII", locale="C") as url:
        made = create_db(url, tmp_path, DB_PASSWORD="비밀번호 여덟 글자")
        assert (made.returncode, made.stderr) == (0, "")


def test_create_db_refuses_a_database_in_another_encoding(tmp_path):
    with packaged_server(encoding="SQL_ASCII", locale="C") as url:
        subprocess.run([VERSIONS[-1] / "createdb", "--maintenance-db", url, "tableorder_db"], check=True)
        made = create_db(url, tmp_path)
    assert (made.returncode, made.stdout) == (1, "")
    assert made.stderr == (
        "bin/create-db: the database tableorder_db is in SQL_ASCII and must be in UTF8; drop it, or choose another "
        "name with DB_NAME\n"
    )


# Where no encoding is named, Python takes the locale's.


def without_encoding(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and is_text(node) and "encoding" not in {key.arg for key in node.keywords}:
            yield f"{file.name}:{node.lineno}"


def is_text(call: ast.Call) -> bool:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    owner = getattr(call.func.value, "id", "") if isinstance(call.func, ast.Attribute) else ""
    keywords = {key.arg: getattr(key.value, "value", None) for key in call.keywords}
    if name in ("read_text", "write_text"):
        return True
    if name in ("run", "Popen", "check_output"):
        return bool(keywords.get("text") or keywords.get("universal_newlines"))
    if name in ("open", "TemporaryFile", "NamedTemporaryFile", "fdopen") and owner not in ("os", "Image"):
        modes = [arg.value for arg in call.args if isinstance(arg, ast.Constant)] + [keywords.get("mode")]
        return not any("b" in str(mode) for mode in modes if mode)
    return False


def test_each_file_is_opened_in_utf8():
    files = [*(CHECKOUT / "tableorder").rglob("*.py"), *(CHECKOUT / "deploy").glob("*.py")]
    assert len(files) > 100
    assert [place for file in files for place in without_encoding(file)] == []
