"""A real browser, headless: any Chromium that the system has.

Without one these tests are not run, and the end of the run says so. CI installs one.
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

_NAMES = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
    "microsoft-edge",
    "/usr/lib/chromium/chromium",
    "/snap/bin/chromium",
    "/opt/google/chrome/chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
)
_MISSING = "no Chromium found by its usual names and paths: install one, or give CHROMIUM=<path>"


def find() -> Path | None:
    """The browser: $CHROMIUM, else the first that is there."""
    names = (os.environ.get("CHROMIUM", ""), *_NAMES)
    found = next(filter(None, map(shutil.which, filter(None, names))), None)
    return Path(found) if found else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if find():
        return
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.skip(reason=f"NOT RUN: {_MISSING}"))


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = find()
    assert path, _MISSING
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield running
        running.close()
