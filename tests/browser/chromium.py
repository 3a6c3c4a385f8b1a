"""Chromium, headless."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.remote.webdriver import WebDriver


@contextmanager
def chromium() -> Iterator[WebDriver]:
    """The browser; where there is none the test is skipped."""
    program, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not program or not driver:
        pytest.skip("needs chromium and chromedriver (Debian: chromium-driver)")
    options = Options()
    options.binary_location = program
    for argument in ("--headless=new", "--disable-dev-shm-usage", "--disable-gpu", "--window-size=1280,1000"):
        options.add_argument(argument)
    if os.geteuid() == 0:
        options.add_argument("--no-sandbox")  # which refuses root
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:  # it leaves some of its files behind
        running = webdriver.Chrome(options=options, service=Service(driver, env={**os.environ, "TMPDIR": folder}))
        try:
            yield running
        finally:
            running.quit()
