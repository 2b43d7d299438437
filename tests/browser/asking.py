"""What a reader does on the page again and again."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Page


def ask(page: Page, question: str) -> None:
    page.get_by_label("Your question").fill(question)
    page.keyboard.press("Enter")


def ended(page: Page, count: int = 1) -> None:
    """Wait for the end of *count* answers."""
    from playwright.sync_api import expect

    expect(page.locator(".actions")).to_have_count(count)
