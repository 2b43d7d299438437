"""Footnote markers of an answer, taken out of its text: ChatKit draws its own at the place.

Knows an answer's markers, ``[1]`` outside code, and no protocol.
"""

from collections.abc import Collection

from agent.markers import MarkerScanner
from records import frozen

LONGEST = len(" [100")


@frozen
class Marked:
    """A marker that stood behind the first *offset* UTF-16 units of the text that is left."""

    index: int
    offset: int


class MarkerStream(MarkerScanner):
    """Feed it text, send what it returns, then ``finish()``. Any split gives the same.

    A marker is taken out, with the space before it, when its number is one of *known* as soon as
    its last character comes. ``marks`` are all so far.
    """

    def __init__(self, known: Collection[int]) -> None:
        super().__init__()
        self.known = known
        self.marks: list[Marked] = []
        self.units = 0  # of UTF-16, as JavaScript counts
        self.out: list[str] = []

    def feed(self, text: str) -> str:
        self._take(text)
        return self._flush()

    def finish(self) -> str:
        """What was still held back: no marker can come any more."""
        self._release()
        return self._flush()

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

    def _emit(self, text: str) -> None:
        self.out.append(text)
        self.units += len(text.encode("utf-16-le")) // 2

    def _flush(self) -> str:
        text = "".join(self.out)
        self.out = []
        return text
