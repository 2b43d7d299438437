"""axe-core, a checker of accessibility, as the package ``axe-playwright-python`` brings it."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Page

# All of WCAG 2 to AA, and what its authors advise besides; target size is off unless asked for.
# What axe-core cannot tell counts, too, else a test would not see it. Except: it takes dialogs and
# notes for something below what they cover.
RUN = """async () => {
  const { violations, incomplete } = await axe.run({
    runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    rules: { "target-size": { enabled: true } },
  });
  const isBelow = ({ data }) => data?.messageKey === "elmPartiallyObscuring";
  return [...violations, ...incomplete].flatMap(({ id, nodes }) =>
    nodes.filter(({ any }) => !any.some(isBelow)).map(({ html }) => `${id}: ${html}`));
}"""


@cache
def source() -> str:
    return files("axe_playwright_python").joinpath("axe.min.js").read_text()


def violations(page: Page) -> list[str]:
    """Of the page as it is now: each rule, and an element that breaks it, or may.

    The debugger's own evaluation brings axe-core into the page: a policy says nothing about that,
    so the page is judged under its own, and not with ``bypass_csp``.
    """
    page.emulate_media(reduced_motion="reduce")  # a colour on its way has another contrast
    if not page.evaluate("typeof axe === 'object'"):
        page.evaluate(source())
    found: list[str] = page.evaluate(RUN)
    return found
