"""The pictures of the documents, taken anew: ``python -m tests.browser.pictures BOOK BOOK_URL``.

Run by hand. Starts the service with the book, asks it on its own page and on a page of a site, and
writes ``docs/images``. FOOTNOTE_HOME keeps the index for a next time.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import httpx2
from playwright.sync_api import Browser, Page, sync_playwright

from settings import ROOT
from tests.browser.asking import ask, ended
from tests.browser.conftest import CHROMIUM
from tests.browser.site import Site, opened

if TYPE_CHECKING:
    from collections.abc import Iterator

IMAGES = ROOT / "docs" / "images"
QUESTION = "What are the three ownership rules?"
PATIENCE = 600  # seconds, for a book that is embedded for the first time
LOOK: dict[str, Any] = {
    "viewport": {"width": 1200, "height": 680},
    "device_scale_factor": 1.4,
    "reduced_motion": "reduce",
}
# A page of a book, as any generator of book sites would have made it.
PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>What is Ownership?</title>
<style>
body {{ display: grid; grid-template-columns: 13rem 1fr; margin: 0; color: #333;
  font: 17px/1.65 "Open Sans", "DejaVu Sans", sans-serif; }}
nav {{ min-height: 100vh; padding: 0.5rem; background: #fafafa; font-size: 14px; line-height: 2; }}
nav ol {{ padding-left: 1.2rem; }}
main {{ max-width: 28rem; padding: 1rem 2.5rem; }}
code {{ padding: 0.1em 0.3em; background: #f6f7f6; font-size: 0.85em; }}
b {{ color: #4183c4; font-weight: 400; }}
</style>
<script src="{service}/embed.js" defer></script>
</head>
<body>
<nav><ol start="3"><li>Common Concepts<li>Understanding Ownership<ol><li><b>What is Ownership?</b>
<li>References and Borrowing<li>The Slice Type</ol><li>Using Structs<li>Enums<li>Packages</ol></nav>
<main>
<h1>What Is Ownership?</h1>
<p id="passage"><i>Ownership</i> is a set of rules that govern how a Rust program manages memory.
All programs have to manage the way they use a computer’s memory while running.</p>
<p>Some languages have garbage collection that regularly looks for no-longer-used memory as the
program runs; in other languages, the programmer must explicitly allocate and free the memory.</p>
<p>Rust uses a third approach: Memory is managed through a system of ownership with a set of rules
that the compiler checks. If any of the rules are violated, the program won’t compile.</p>
<h2>Ownership Rules</h2>
<p>First, let’s take a look at the ownership rules. Keep these rules in mind as we work through the
examples that illustrate them.</p>
</main>
</body>
</html>
"""


def main(book: str, book_url: str) -> None:
    with opened() as site, TemporaryDirectory() as home:
        site.page, site.policy = PAGE, "default-src * 'unsafe-inline'"
        settings = {"BOOK": book, "BOOK_URL": book_url, "CORS_ORIGINS": site.origin}
        with (
            service({"FOOTNOTE_HOME": home, **os.environ, **settings}) as site.service,
            sync_playwright() as playwright,
        ):
            browser = playwright.chromium.launch(
                executable_path=CHROMIUM, args=["--no-sandbox", "--hide-scrollbars"]
            )
            answer(browser, site.service)
            panel(browser, site)
            browser.close()


@contextmanager
def service(environment: dict[str, str]) -> Iterator[str]:
    """Its address, once it has embedded the whole book."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "serve.py"]
    with subprocess.Popen(command, cwd=ROOT, env={**environment, "PORT": str(port)}) as running:
        try:
            wait(url)
            yield url
        finally:
            running.terminate()


def wait(url: str) -> None:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        try:
            if httpx2.get(f"{url}/health/ready").json().get("status") == "ready":
                return
        except httpx2.TransportError:
            pass
        time.sleep(1)
    raise TimeoutError(url)


def answer(browser: Browser, url: str) -> None:
    """The page with an answer and an open footnote."""
    page = browser.new_page(**LOOK)
    page.goto(url)
    ask(page, QUESTION)
    ended(page)
    page.locator(".marker").first.hover()
    take(page, "answer.png")


def panel(browser: Browser, site: Site) -> None:
    """The panel on a page of a site, asked about a selection."""
    page = browser.new_page(**LOOK)
    page.goto(site.origin)
    page.evaluate("getSelection().selectAllChildren(document.getElementById('passage'))")
    page.get_by_role("button", name="Ask about this").click()
    page.get_by_role("button", name="Explain this").click()
    ended(page)
    page.evaluate("getSelection().selectAllChildren(document.getElementById('passage'))")
    take(page, "panel.png")


def take(page: Page, name: str) -> None:
    page.wait_for_timeout(500)  # what fades has faded
    page.screenshot(path=IMAGES / name)


if __name__ == "__main__":
    main(str(Path(sys.argv[1]).resolve()), sys.argv[2])
