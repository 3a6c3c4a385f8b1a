"""A real browser, headless, and bin/serve for it to look at."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from selenium.webdriver.remote.webdriver import WebDriver

from tests.browser.chromium import chromium
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
    with chromium() as running:
        yield running
