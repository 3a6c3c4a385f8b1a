"""No secret is in the repository, nor in any commit that it ever had."""

import base64
import re
import subprocess

import pytest

from tests.management.running import CHECKOUT

SECRETS = {
    "a private key": r"-----BEGIN [A-Z ]{0,20}PRIVATE KEY-----",
    "a key for backups": r"AGE-SECRET-KEY-1[0-9A-Z]{20}",
    "a cloud's key": r"AKIA[0-9A-Z]{16}",
    "a forge's token": r"gh[pousr]_[0-9A-Za-z]{36}",
    "a chat's token": r"xox[abpr]-[0-9A-Za-z-]{10}",
    "a package registry's token": r"pypi-[0-9A-Za-z_-]{50}",
    "a JWT": r"eyJ[0-9A-Za-z_-]{10,}\.eyJ[0-9A-Za-z_-]{10,}\.[0-9A-Za-z_-]{20}",
    "a password's hash": r"\$2[aby]\$(?!04)[0-9]{2}\$[./0-9A-Za-z]{53}",
    "a signing key": r"JWT_SECRET_KEY['\"]?\s*[=:]\s*['\"]?[0-9A-Za-z+/_-]{32}",
}


def secrets_in(text: str) -> list[str]:
    """What kinds of secrets are in the text. Not the secrets: they have no place in the log of a test."""
    return [name for name, pattern in SECRETS.items() if re.search(pattern, text)]


def encoded(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


@pytest.mark.parametrize(
    "secret",
    [
        "-----BEGIN " + "RSA PRIVATE KEY-----",
        "AKIA" + "ABCDEFGHIJKLMNOP",
        "ghp_" + "a" * 36,
        "pypi-" + "a" * 60,
        ".".join([encoded('{"alg":"HS256"}'), encoded('{"sub":"admin"}'), "a" * 43]),
        "$2b$" + "12$" + "a" * 53,
        "JWT_SECRET_KEY=" + "0123456789abcdef" * 4,
    ],
)
def test_a_secret_would_be_found(secret):
    assert secrets_in(f"+password = '{secret}'\n")


def test_no_commit_has_a_secret():
    if not (CHECKOUT / ".git").exists():
        pytest.skip("needs the repository with its history")
    log = subprocess.run(
        ["git", "-c", f"safe.directory={CHECKOUT}", "log", "-p", "-m", "-U0", "--all", "--no-color", "--no-ext-diff"],
        cwd=CHECKOUT,
        capture_output=True,
        check=True,
    )
    text = log.stdout.decode(errors="replace")
    assert text.count("\n") > 1000
    for line in (CHECKOUT / "sql" / "demo.sql").read_text().splitlines():  # its passwords are in the README
        text = text.replace(line, "")
    assert secrets_in(text) == []
