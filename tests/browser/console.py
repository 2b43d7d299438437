"""What a browser complains of: errors and warnings in its console, and what scripts throw."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import ConsoleMessage, WebError


class Console:
    """Collects complaints; a test says which it *expects*, and then they must come."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.expected: list[str] = []

    def hear(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.said.append(f"{message.text} ({message.location['url']})")

    def fail(self, error: WebError) -> None:
        self.said.append(f"uncaught: {error.error}")

    def expects(self, part: str) -> None:
        """At least one complaint that has *part* in it."""
        self.expected.append(part)

    @property
    def unexpected(self) -> list[str]:
        return [said for said in self.said if not any(part in said for part in self.expected)]

    @property
    def missing(self) -> list[str]:
        return [part for part in self.expected if not any(part in said for said in self.said)]
