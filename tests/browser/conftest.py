"""The page in the machine's own Chromium; nothing is downloaded for it."""

import shutil
from collections.abc import Iterator
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import pytest

from settings import Settings
from tests.fake_model import FakeModel
from tests.live import Serve

if TYPE_CHECKING:
    from playwright.sync_api import Page

NAMES = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM = next(filter(None, map(shutil.which, NAMES)), None)
PATIENCE = 15_000  # ms; Playwright waits for what a test expects


def pytest_itemcollected(item: pytest.Item) -> None:
    """Called for this directory only."""
    if not (CHROMIUM and find_spec("playwright")):
        why = "needs a Chromium, and what `make test-browser` installs"
        item.add_marker(pytest.mark.skip(why))


@pytest.fixture
def page(serve: Serve, settings: Settings, model: FakeModel) -> Iterator["Page"]:  # noqa: ARG001
    """A newcomer's tab. What the page's scripts fail at fails the test.

    It ends before the services and their database do, whose fixtures run event loops: Playwright
    has one going as long as it lives.
    """
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=PATIENCE)
    failures: list[Any] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        context = browser.new_context(permissions=["clipboard-read", "clipboard-write"])
        context.set_default_timeout(PATIENCE)
        page = context.new_page()
        page.on("pageerror", lambda error: failures.append(error))  # noqa: PLW0108 - no builtin
        yield page
        browser.close()
    assert failures == []


@pytest.fixture
def opened(serve: Serve, settings: Settings, page: "Page") -> "Page":
    """A newcomer's tab, on the page of a service without a model."""
    page.goto(serve(settings).url)
    return page
