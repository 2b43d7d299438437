"""Footnote markers of an answer, taken out of its text: ChatKit draws its own at the place.

Knows an answer's markers, ``[1]`` outside code, and no protocol.
"""

import re
from collections.abc import Collection

from attrs import frozen

from agent.citations import CodeTracker

LONGEST = len(" [100")
SPECIAL = re.compile(r"[\[`~\n]")


@frozen
class Marked:
    """A marker that stood behind the first *offset* UTF-16 units of the text that is left."""

    index: int
    offset: int


class MarkerStream:
    """Feed it text, send what it returns, then ``finish()``. Any split gives the same.

    A marker is taken out, with the space before it, when its number is one of *known* as soon as
    its last character comes. ``marks`` are all so far.
    """

    def __init__(self, known: Collection[int]) -> None:
        self.known, self.code = known, CodeTracker()
        self.marks: list[Marked] = []
        self.units = 0  # of UTF-16, as JavaScript counts
        self.held = ""  # may become a marker
        self.out: list[str] = []

    def feed(self, text: str) -> str:
        at = 0
        while at < len(text):
            plain = self._plain_run(text, at)
            if plain > at:
                self._pass(text[at:plain])
                at = plain
            else:
                self._step(text[at])
                at += 1
        return self._flush()

    def finish(self) -> str:
        """What was still held back: no marker can come any more."""
        self._release()
        return self._flush()

    def _plain_run(self, text: str, at: int) -> int:
        """Where the prose that starts at *at* ends: what needs no look at each character."""
        if not self.code.is_plain or self.held.strip(" "):
            return at
        special = SPECIAL.search(text, at)
        return special.start() if special else len(text)

    def _pass(self, prose: str) -> None:
        """Send prose; its last space waits, since a marker takes it along."""
        self._release()
        self._emit(prose.removesuffix(" "))
        self.held = " " if prose.endswith(" ") else ""

    def _step(self, char: str) -> None:
        in_code = self.code.step(char)
        number = self.held.strip(" ")[1:]
        if in_code or not self.held:
            self._begin(char, in_code=in_code)
        elif char == "[" and self.held == " ":
            self.held += char
        elif char == "]" and number and int(number) in self.known:
            self.marks.append(Marked(int(number), self.units))
            self.held = ""
        elif char in "0123456789" and "[" in self.held and len(self.held) < LONGEST:
            self.held += char
        else:
            self._begin(char, in_code=False)

    def _begin(self, char: str, *, in_code: bool) -> None:
        """*char* belongs to no marker that has begun; it may begin one."""
        self._release()
        if char in " [" and not in_code:
            self.held = char
        else:
            self._emit(char)

    def _release(self) -> None:
        self._emit(self.held)
        self.held = ""

    def _emit(self, text: str) -> None:
        self.out.append(text)
        self.units += len(text.encode("utf-16-le")) // 2

    def _flush(self) -> str:
        text = "".join(self.out)
        self.out = []
        return text
