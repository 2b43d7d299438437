"""Markers in a stream of text: only those that point at a source get through, renumbered.

The model is told to write ``[n]`` for the nth source. It also writes ``[9]`` for a source that does
not exist, ``【2】``, ``[1, 3]``, and ``v[1]`` in code. Knows no model and no wire format.
"""

import re
from collections.abc import Callable, Sequence

from agent.index import Hit
from agent.markers import MarkerScanner
from models import Citation
from records import frozen

# [1], [1,2], [1; 2], 【3】: at most ten numbers of at most three digits
MARKER = re.compile(r" ?[\[【] ?\d{1,3}(?: ?[,;] ?\d{1,3}){0,9} ?[\]】]")
UNCLOSED = re.compile(r"[\[【][\d ,;]*\Z")
LONGEST = 64  # characters held back at most while a marker may still be coming
ENDED = re.compile(r".*(?:[.!?]\s+|\n+)", re.DOTALL)  # all sentences but the last one

Quote = Callable[[Hit, str], tuple[int, int]]


@frozen
class Mark:
    """``text[start:end]``, all markers of one place, in the text that went out."""

    start: int
    end: int
    indexes: tuple[int, ...]


@frozen
class Cleaned:
    """Text that may go out, and the citations whose first marker it carries."""

    text: str
    citations: tuple[Citation, ...] = ()


class CitationStream(MarkerScanner):
    """Feed it deltas, send what it returns, then ``finish()``. Any split gives the same text.

    A marker of a source becomes ``[index]``, numbered by first use; one that names no source is
    dropped together with the space before it. Code, inline and fenced, passes untouched. *quote*
    finds the part of a passage that a sentence rests on. Linear time; holds back 64 characters at
    most.
    """

    def __init__(self, sources: Sequence[Hit], quote: Quote) -> None:
        super().__init__()
        self.sources, self.quote = sources, quote
        self.cited: dict[int, Citation] = {}  # by source number
        self.prose: list[str] = []  # that went out, without markers, since 400 characters at most
        self.out: list[str] = []
        self.fresh: list[Citation] = []
        self.sent: list[str] = []
        self.length = 0  # of all that went out
        self.marks: list[Mark] = []

    @property
    def citations(self) -> tuple[Citation, ...]:
        """All so far, by index."""
        return tuple(sorted(self.cited.values(), key=lambda citation: citation.index))

    @property
    def cited_hits(self) -> tuple[Hit, ...]:
        """What :attr:`citations` are of, in the same order."""
        return tuple(self.sources[number - 1] for number in self.cited)

    @property
    def text(self) -> str:
        """All that went out so far."""
        return "".join(self.sent)

    def feed(self, text: str) -> Cleaned:
        self._take(text)
        return self._flush()

    @property
    def passes_prose(self) -> bool:
        """Whether the next text goes out as it is, if nothing in it is :data:`markers.SPECIAL`."""
        return self.code.is_plain and (not self.held or self.held == " ")

    def feed_prose(self, text: str) -> str:
        """What :meth:`feed` would return of such a text, when :attr:`passes_prose`."""
        out = self.held + text
        self.held = " " if text[-1] == " " else ""
        out = out[:-1] if self.held else out
        self.sent.append(out)
        self.prose.append(out)
        self.length += len(out)
        return out

    def finish(self) -> Cleaned:
        """What was still held back: no marker can come any more."""
        self._release()
        return self._flush()

    def _step(self, char: str) -> None:
        in_code = self.code.step(char)
        if in_code or char in "`~\n":
            self._release()
            self._emit(char)
        elif self.held.strip(" "):
            self._extend(char)
        elif char in "[【":
            self.held += char
        elif char == " ":
            self._release()
            self.held = char
        else:
            self._release()
            self._emit(char)

    def _extend(self, char: str) -> None:
        """One more character of what began like a marker."""
        if char in "]】":
            self._close(self.held + char)
        elif (char.isdecimal() or char in " ,;") and len(self.held) < LONGEST:
            self.held += char
        else:
            self._release()
            if char in "[【":
                self.held = char
            else:
                self._emit(char)

    def _close(self, text: str) -> None:
        self.held = ""
        if not MARKER.fullmatch(text):
            self._emit(text)
            return
        numbers = [int(number) for number in re.findall(r"\d+", text)]
        indexes = [self._cite(number) for number in numbers if 1 <= number <= len(self.sources)]
        marks = "".join(f"[{index}]" for index in dict.fromkeys(indexes))
        if marks:
            self._put((" " if text[0] == " " else "") + marks)
            start = self.length - len(marks)
            self.marks.append(Mark(start, self.length, tuple(dict.fromkeys(indexes))))
        elif UNCLOSED.search(self._said()):
            self._emit("[]")  # or it would make a marker of what stands on both sides of it

    def _cite(self, number: int) -> int:
        """The index of the source's citation, made at its first marker."""
        if number not in self.cited:
            hit = self.sources[number - 1]
            start, end = self.quote(hit, self._claim())
            self.cited[number] = citation(hit, len(self.cited) + 1, start, end)
            self.fresh.append(self.cited[number])
        return self.cited[number].index

    def _claim(self) -> str:
        """The sentence that a marker here closes."""
        said = self._said().strip()
        ended = ENDED.match(said)
        return said[ended.end() :] if ended else said

    def _said(self) -> str:
        self.prose = ["".join(self.prose)[-400:]]
        return self.prose[0]

    def _emit(self, text: str) -> None:
        self._put(text)
        self.prose.append(text)

    def _put(self, text: str) -> None:
        self.out.append(text)
        self.length += len(text)

    def _flush(self) -> Cleaned:
        cleaned = Cleaned("".join(self.out), tuple(self.fresh))
        self.sent.append(cleaned.text)
        self.out, self.fresh = [], []
        return cleaned


def has_marker(text: str) -> bool:
    """Whether a reader would take a part of *text*, outside code, for a citation's marker."""
    if not MARKER.search(text):
        return False
    stream = CitationStream((), lambda _hit, _claim: (0, 0))
    return stream.feed(text).text + stream.finish().text != text


def citation(hit: Hit, index: int, start: int, end: int) -> Citation:
    """The citation of ``hit.passage.text[start:end]``."""
    passage = hit.passage
    return Citation(
        index=index,
        passage_id=passage.passage_id,
        page=passage.page,
        title=passage.title,
        heading_path=passage.section_at(start).heading_path,
        url=passage.url_at(start),
        quote=passage.text[start:end],
        start=start,
        end=end,
        score=round(min(1.0, max(0.0, hit.score)), 4),
    )
