"""The page in the machine's own Chromium; nothing is downloaded for it."""

import shutil
from collections.abc import Iterator
from importlib.util import find_spec
from typing import TYPE_CHECKING

import pytest

from tests.browser.console import Console
from tests.live import Live

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

NAMES = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM = next(filter(None, map(shutil.which, NAMES)), None)
PATIENCE = 15_000  # ms; Playwright waits for what a test expects


def pytest_itemcollected(item: pytest.Item) -> None:
    """Called for this directory only."""
    if not (CHROMIUM and all(map(find_spec, ("playwright", "axe_playwright_python")))):
        why = "needs a Chromium, and what `make test-browser` installs"
        item.add_marker(pytest.mark.skip(why))


@pytest.fixture(scope="package")
def browser() -> Iterator["Browser"]:
    """One Chromium for all tests of this package, and gone with the last of them.

    The package is what ``__init__.py`` is for: Playwright has an event loop going in this thread as
    long as it lives, and other tests want theirs.
    """
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def console() -> Console:
    """What the tab complains of fails the test, unless the test expects it."""
    return Console()


@pytest.fixture
def context(browser: "Browser", console: Console) -> Iterator["BrowserContext"]:
    """A newcomer's browser: no cookie, no storage. Ask for it, or a page, after the service."""
    context = browser.new_context(permissions=["clipboard-read", "clipboard-write"])
    context.set_default_timeout(PATIENCE)
    context.on("console", console.hear)
    context.on("weberror", console.fail)
    yield context
    context.close()
    assert console.unexpected == []
    assert console.missing == []


@pytest.fixture
def page(context: "BrowserContext") -> "Page":
    """A newcomer's tab. What the page's scripts fail at, or the console tells, fails the test."""
    return context.new_page()


@pytest.fixture
def opened(live: Live, page: "Page") -> "Page":
    """A newcomer's tab, on the page of a service without a model, which many tests ask."""
    page.goto(live.url)
    return page
