"""Text that comes in pieces, and whose end may become a footnote marker; and what of it is code.

Knows what may begin a marker, and not which markers there are, nor what becomes of them.
"""

import re
from abc import ABC, abstractmethod

SPECIAL = re.compile(r"[\[【`~\n]")


class MarkerScanner(ABC):
    """Prose goes on at once, by the run; what may be a marker or code, by the character.

    Any split of a text gives the same, in linear time.
    """

    def __init__(self) -> None:
        self.code = CodeTracker()
        self.held = ""  # may become a marker

    @abstractmethod
    def _step(self, char: str) -> None:
        """Take a character that prose may end with."""

    @abstractmethod
    def _emit(self, text: str) -> None:
        """Let *text* go."""

    def _take(self, text: str) -> None:
        at = 0
        while at < len(text):
            plain = self._plain_run(text, at)
            if plain > at:
                self._pass(text[at:plain])
                at = plain
            else:
                self._step(text[at])
                at += 1

    def _plain_run(self, text: str, at: int) -> int:
        """Where the prose that starts at *at* ends: what needs no look at each character."""
        if not self.code.is_plain or self.held.strip(" "):
            return at
        special = SPECIAL.search(text, at)
        return special.start() if special else len(text)

    def _pass(self, prose: str) -> None:
        """Send prose; its last space waits, since a marker that is taken out takes it along."""
        self._release()
        self._emit(prose.removesuffix(" "))
        self.held = " " if prose.endswith(" ") else ""

    def _release(self) -> None:
        """It is no marker."""
        if self.held:
            self._emit(self.held)
            self.held = ""


class CodeTracker:
    """Whether the next character stands in Markdown code, one character at a time.

    Inline code ends with a run of as many backticks as opened it, at the latest with its paragraph
    (CommonMark §6.1); a fence ends with a line that starts with one at least as long (§4.5).
    """

    def __init__(self) -> None:
        self.fence = ""  # "```" while inside a fence
        self.inline = 0  # backticks that opened inline code
        self.run = ""  # backticks or tildes being counted
        self.run_opens_line = False
        self.line_is_blank = True

    @property
    def is_plain(self) -> bool:
        return not (self.fence or self.inline or self.run or self.line_is_blank)

    def step(self, char: str) -> bool:
        """Take *char*; whether it stands in code."""
        if char in "`~" and (not self.run or char == self.run[0]):
            self.run_opens_line = self.line_is_blank if not self.run else self.run_opens_line
            self.run += char
            self.line_is_blank = False
            return True
        if self.run:
            self._end_run()
        if char == "\n":
            self.inline = 0 if self.line_is_blank else self.inline
            self.line_is_blank = True
        elif char not in " \t":
            self.line_is_blank = False
        if char in "`~":
            return self.step(char)
        return bool(self.fence or self.inline)

    def _end_run(self) -> None:
        run, self.run = self.run, ""
        if self.fence:
            if self.run_opens_line and run.startswith(self.fence):
                self.fence = ""
        elif self.run_opens_line and len(run) >= 3:
            self.fence, self.inline = run, 0
        elif run[0] == "`":
            closes = self.inline == len(run)
            self.inline = 0 if closes else self.inline or len(run)
