"""A real browser, headless, and bin/serve for it to look at."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.remote.webdriver import WebDriver

from tests.management.running import Serve


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serve]:
    """bin/serve with the demo restaurant."""
    folder = tmp_path_factory.mktemp("served")
    serve = Serve(folder / "home", folder / "log").wait_until_ready()
    try:
        yield serve
    finally:
        assert serve.stop() == 0


@pytest.fixture(scope="module")
def browser() -> Iterator[WebDriver]:
    """Chromium."""
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not chromium or not driver:
        pytest.skip("needs chromium and chromedriver (Debian: chromium-driver)")
    options = Options()
    options.binary_location = chromium
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
