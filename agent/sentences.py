"""The sentences of an answer in Markdown that claim something, each with what it cites. Pure.

Prose, list items and table rows; no code, headings, questions, nor what only leads in to a list.
"""

import re
from collections.abc import Iterator, Sequence

from attrs import evolve, field

from agent.citations import Mark
from agent.terms import stems
from records import frozen

FEW = 3  # words up to which a sentence says hardly anything
DENSE = 8  # letters of a script without spaces, where words cannot be counted

# Full stop, closing quotes, markers behind them; what follows begins like a sentence.
_END = re.compile(
    r"[.!?…]{1,4}[\"'”’»)*_]{0,4}(?:[ \t]*\[\d{1,3}\])*(?=\s+[^\sa-z])"
    r"|[。！？]{1,4}[」』”）]{0,4}(?:[ \t]*\[\d{1,3}\])*"
)
_ABBREVIATED = re.compile(r"(?:\b(?:e\.g|i\.e|z\.B|cf|vs|Dr|Mr|Mrs|Ms|St|No|Fig|[A-Z]))\.$")
_LINE = re.compile(r"[^\n]*\n?")
_ITEM = re.compile(r"[ \t]*(?:[-*+•]|\d{1,3}[.)])[ \t]+(?:\[[ xX]\] )?|[ \t]*>[> \t]*")
_HEADING = re.compile(r"#{1,6}[ \t]|(\*\*|__)(?:(?!\1).){1,200}\1[:.]?$")
_RULE = re.compile(r"\|?[ \t]*:?-{2,}[-:| \t]*$")
_FENCE = re.compile(r"[ \t]*(`{3,}|~{3,})")
_SPACELESS = "[\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]"  # compiled for whom needs it
# It looks back from behind the first digit: what begins with a digit is found fast.
NUMBER = re.compile(r"\d(?<![\w.]\d)\d*(?:[.,'\u00a0\u202f]\d+)*")


@frozen
class Claim:
    """A sentence without its markers; *cites*: the indexes that stood in it or right behind."""

    text: str
    cites: tuple[int, ...] = ()
    numbers: tuple[str, ...] = field(init=False)  # as they are written
    words: frozenset[str] = field(init=False)  # the stems beside them

    @numbers.default
    def _numbers(self) -> tuple[str, ...]:
        return tuple(NUMBER.findall(self.text))

    @words.default
    def _words(self) -> frozenset[str]:
        return frozenset(stems(NUMBER.sub(" ", self.text) if self.numbers else self.text))

    @property
    def says_something(self) -> bool:
        return not self.text.endswith(("?", "？", ":", "：")) and not self.is_empty

    @property
    def is_empty(self) -> bool:
        return not self.numbers and len(self.words) < FEW and not self._is_dense

    @property
    def _is_dense(self) -> bool:
        return len(re.findall(_SPACELESS, self.text)) >= DENSE


def claims(text: str, marks: Sequence[Mark]) -> list[Claim]:
    """The claims of *text* in order; *marks* ascending. Linear time.

    A marker that stands alone, behind a list or code, belongs to the last claim before it.
    """
    found: list[Claim] = []
    marks = list(marks)[::-1]
    for start, end in _sentences(text):
        claim = _claim(text, start, end, marks)
        if claim.says_something:
            found.append(claim)
        elif claim.cites and claim.is_empty and found:
            found[-1] = evolve(found[-1], cites=_joined(found[-1].cites, claim.cites))
    return found


def _claim(text: str, start: int, end: int, marks: list[Mark]) -> Claim:
    """``text[start:end]``; takes its marks off the end of *marks*, and any before it."""
    parts: list[str] = []
    cites: tuple[int, ...] = ()
    at = start
    while marks and marks[-1].start < end:
        mark = marks.pop()
        if mark.start >= start:
            parts.append(text[at : mark.start])
            cites, at = _joined(cites, mark.indexes), mark.end
    return Claim(" ".join("".join([*parts, text[at:end]]).split()), cites)


def _joined(some: tuple[int, ...], others: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(dict.fromkeys(some + others))


def _sentences(text: str) -> Iterator[tuple[int, int]]:
    for start, end in _blocks(text):
        at = start
        if text[start] != "|":
            for ending in _END.finditer(text, start, end):
                if not _ABBREVIATED.search(text, max(at, ending.end() - 6), ending.end()):
                    yield at, ending.end()
                    at = ending.end()
        if text[at:end].strip():
            yield at, end


def _blocks(text: str) -> list[tuple[int, int]]:
    """Paragraphs, list items and rows of tables, without what they are marked by."""
    blocks: list[tuple[int, int]] = []
    fence, is_open = "", False  # whether the next line goes on with the last block
    for line in _LINE.finditer(text):
        content = line[0].strip()
        opens = _FENCE.match(line[0])
        if fence or opens:
            if fence:
                fence = "" if content.startswith(fence) else fence
            elif opens:
                fence = opens[1]
            is_open = False
        elif _RULE.match(content):
            if is_open and blocks and content.startswith("|"):
                blocks.pop()  # the row that names the columns
            is_open = False
        elif not content or _HEADING.match(content):
            is_open = False
        else:
            is_open = _extend(blocks, line, is_open=is_open)
    return blocks


def _extend(blocks: list[tuple[int, int]], line: re.Match[str], *, is_open: bool) -> bool:
    """Add *line* to *blocks*; whether the next one may go on with it."""
    item = _ITEM.match(line[0])
    is_row = line[0].lstrip().startswith("|")
    start = line.start() + (item.end() if item else len(line[0]) - len(line[0].lstrip()))
    end = line.start() + len(line[0].rstrip())
    if start >= end:
        return False
    if is_open and not item and not is_row:
        blocks[-1] = (blocks[-1][0], end)
    else:
        blocks.append((start, end))
    return True
