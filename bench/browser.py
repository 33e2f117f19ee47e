"""A headless Chromium for benchmarks and tests of pages. It is the system's own: none is fetched from elsewhere."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright

from lakehouse.errors import StoreError


@contextmanager
def chromium(*arguments: str) -> Iterator[Browser]:
    """Give a browser with these arguments of its command line.

    Raises
    ------
    StoreError
        When there is none.
    """
    found = shutil.which("chromium")
    if found is None:
        raise StoreError("pages are looked at in Chromium; there is none on the PATH; apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox", *arguments])
        try:
            yield browser
        finally:
            browser.close()
