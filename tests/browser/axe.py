"""axe-core, a checker of accessibility, as the package ``axe-playwright-python`` brings it."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Page

# All of WCAG 2 to AA, and what its authors advise besides. Target size is off unless asked for.
RUN = """() => axe.run({
  resultTypes: ["violations"],
  runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
  rules: { "target-size": { enabled: true } },
})"""


@cache
def source() -> str:
    return files("axe_playwright_python").joinpath("axe.min.js").read_text()


def violations(page: Page) -> list[str]:
    """Of the page as it is now: the rule, and the elements that break it.

    The debugger's own evaluation brings axe-core into the page: a policy says nothing about that,
    so the page is judged under its own, and not with ``bypass_csp``.
    """
    if not page.evaluate("typeof axe === 'object'"):
        page.evaluate(source())
    settled(page)
    found = page.evaluate(RUN)["violations"]
    return [f"{one['id']}: {[node['html'] for node in one['nodes']]}" for one in found]


def settled(page: Page) -> None:
    """Wait for animations to end: a colour on its way has another contrast."""
    page.evaluate(
        "() => Promise.all(document.getAnimations({ subtree: true })"
        ".filter((one) => one.effect.getComputedTiming().endTime < Infinity)"
        ".map((one) => one.finished))"
    )
