"""Text as readers see it, for comparison: its letters and digits alone, and where each stands.

What a browser lets a reader select has lost its Markdown, and its spaces, dashes, quotes and
ligatures are others; the letters are the same. Pure, linear time.
"""

import re
import unicodedata
from array import array
from collections.abc import Iterator, Sequence
from functools import lru_cache

from agent.passages import Block
from records import frozen

# What a renderer hides; a span of code comes first, because in it everything is shown. Each
# repetition is bounded, so that no text makes the search slow.
CODE_SPAN = r"(?P<code>(?<!`)(?P<ticks>`{1,9})(?!`)[\s\S]{1,400}?(?<!`)(?P=ticks)(?!`))"
HIDDEN = (
    r"\\[!-/:-@\[-`{-~]",
    r"!\[[^\]]{0,500}\](?:\([^()]{0,1000}\)|\[[^\]]{0,200}\])",  # an image
    r"(?<=\])\((?:[^()\s]|\([^()\s]{0,200}\)){0,1000}(?:\s+(?:\"[^\"]{0,300}\"|'[^']{0,300}'))?\)",
    r"(?<=\])\[[^\]]{0,200}\]",  # the label of a link
    r"^ {0,3}\[[^\]]{1,200}\]:.{0,1000}$",  # the target of one
    r"<!--[\s\S]{0,2000}?-->",
    r"</?[A-Za-z][A-Za-z0-9-]{0,40}(?=[\s/>])[^<>]{0,1000}>",
    r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});",
)
MARKUP = re.compile("|".join([CODE_SPAN, *HIDDEN]), re.MULTILINE)
ANCHOR = re.compile(r"\{#[^{}\n]{1,200}\}\s*$")
BULLET = re.compile(
    r"^[ \t>]{0,40}(?:(?:[-*+][ \t]+)?\[[ xX]\]|\d{1,9}[.)])(?=[ \t])", re.MULTILINE
)
FENCE = re.compile(r"^[ \t>]{0,40}(?:```|~~~).{0,500}$", re.MULTILINE)
LONGEST = 20_000  # characters that are looked at

RUN = re.compile(r"[A-Za-z0-9]+|[^\x00-\x7f]")

Span = tuple[int, int]


@frozen
class Letters:
    """The letters and digits of a text, in one case, and the offset of each in it."""

    text: str
    offsets: "array[int]"


def letters(text: str, hidden: Sequence[Span] = ()) -> Letters:
    """Those of *text* outside the spans that are *hidden*, which ascend."""
    found: list[str] = []
    offsets = array("I")
    at, length = 0, min(len(text), LONGEST)
    for start, end in [*hidden, (length, length)]:
        for run in RUN.finditer(text, at, max(at, min(start, length))):
            plain = run[0].lower() if run[0].isascii() else _plain(run[0])
            found.append(plain)
            if len(plain) == len(run[0]):
                offsets.extend(range(run.start(), run.end()))
            else:  # one character that is several letters, or none
                offsets.extend([run.start()] * len(plain))
        at = max(at, end)
    return Letters("".join(found), offsets)


@lru_cache(maxsize=1_024)
def of_markdown(text: str, blocks: tuple[Block, ...]) -> Letters:
    """The letters that a renderer shows of *text*."""
    return letters(text, [span for block in blocks for span in _hidden(text, block)])


def without_numbers(text: str) -> Letters:
    """The letters of rendered *text* without the numbers that a list may have left in it."""
    return letters(text, [match.span() for match in BULLET.finditer(text)])


def _hidden(text: str, block: Block) -> Iterator[Span]:
    """Spans of a block, ascending, that may touch but never overlap."""
    if block.kind == "code":
        yield from (match.span() for match in FENCE.finditer(text, block.start, block.end))
        return
    spans = [m.span() for m in MARKUP.finditer(text, block.start, block.end) if not m["code"]]
    if block.kind == "heading":
        spans += [match.span() for match in ANCHOR.finditer(text, block.start, block.end)]
    if block.kind in ("list", "quote"):
        spans += [match.span() for match in BULLET.finditer(text, block.start, block.end)]
        spans += [match.span() for match in FENCE.finditer(text, block.start, block.end)]
    yield from sorted(spans)


@lru_cache(maxsize=4_096)
def _plain(character: str) -> str:
    """What is compared of one character: "ﬁ" is "fi", "É" is "e", a dash is nothing."""
    folded = unicodedata.normalize("NFKD", character).casefold()
    return "".join(filter(str.isalnum, unicodedata.normalize("NFKD", folded)))
