"""A cleaned page as blocks and headings, at offsets into the page; markdown-it-py finds them."""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, pairwise

from attrs import evolve
from markdown_it.token import Token

from agent.book.anchors import Anchors, plain_text
from agent.book.clean import PARSER
from agent.book.layout import Kind
from agent.passages import BlockKind
from records import frozen

_KINDS: dict[str, BlockKind] = {
    "heading_open": "heading",
    "bullet_list_open": "list",
    "ordered_list_open": "list",
    "table_open": "table",
    "fence": "code",
    "code_block": "code",
    "blockquote_open": "quote",
    "html_block": "html",
}
_ID = re.compile(r":?[ \t]*#([^\s{}]+)[^{}]*\}[ \t#]*")


@frozen
class Element:
    """A block of a page. A long one may be cut at its *joints*: where its items begin."""

    start: int
    end: int
    kind: BlockKind
    joints: tuple[int, ...] = ()


@frozen
class Heading:
    start: int
    level: int
    text: str  # plain
    anchor: str


@frozen(kw_only=True)
class Outline:
    """A page taken apart: every line that is not blank is in one of the elements, in order."""

    markdown: str  # without the explicit ids of headings
    elements: tuple[Element, ...]
    headings: tuple[Heading, ...]  # those that are elements

    @property
    def title(self) -> str | None:
        """The heading that the page opens with, else the first of the top level."""
        opening = (h.text for h in self.headings if h.start == self.elements[0].start)
        return next(opening, None) or next((h.text for h in self.headings if h.level == 1), None)


def outline(markdown: str, kind: Kind) -> Outline:
    """Take a cleaned page apart."""
    tokens = PARSER.parse(markdown)
    lines = markdown.split("\n")
    headings = list(_headings(tokens, lines, kind))  # takes the ids out of the lines
    offsets = [0, *accumulate(len(line) + 1 for line in lines)]
    elements = [
        Element(
            start=offsets[start],
            end=offsets[end] - 1 - len(lines[end - 1]) + len(lines[end - 1].rstrip()),
            kind=kind,
            joints=tuple(offsets[joint] for joint in joints if start < joint < end),
        )
        for start, end, kind, joints in _complete(_spans(tokens), lines)
    ]
    return Outline(
        markdown="\n".join(lines),
        elements=tuple(elements),
        headings=tuple(evolve(heading, start=offsets[heading.start]) for heading in headings),
    )


_Span = tuple[int, int, BlockKind, list[int]]  # lines: from, to, and where the items begin


def _spans(tokens: Sequence[Token]) -> Iterator[_Span]:
    """The lines of each top-level block, and in lists and quotations of what they consist of."""
    joints: list[int] = []
    kind: BlockKind = "paragraph"
    for token in tokens:
        if token.map and token.level == 0:
            joints, kind = [], _KINDS.get(token.type, "paragraph")
            yield token.map[0], token.map[1], kind, joints
        elif token.map and token.level == 1 and kind in ("list", "quote"):
            joints.append(token.map[0])


def _complete(spans: Iterable[_Span], lines: Sequence[str]) -> Iterator[_Span]:
    """The blocks without blank lines around them; lines that no block has are one of their own."""
    at = 0
    for span in (*spans, (len(lines), len(lines), "paragraph", [])):
        yield from _trimmed((at, span[0], "paragraph", []), lines)
        yield from _trimmed(span, lines)
        at = span[1]


def _trimmed(span: _Span, lines: Sequence[str]) -> Iterator[_Span]:
    start, end, kind, joints = span
    written = [number for number in range(start, min(end, len(lines))) if lines[number].strip()]
    if written:
        yield written[0], written[-1] + 1, kind, joints


def _headings(tokens: Sequence[Token], lines: list[str], kind: Kind) -> Iterator[Heading]:
    """The top-level headings; takes their ``{#id}`` out of *lines*. The others have anchors too."""
    anchors = Anchors(kind)
    for opening, inline in pairwise(tokens):
        if opening.type == "heading_open" and opening.map:
            at = opening.map[0] if opening.markup[0] == "#" else opening.map[1] - 2
            lines[at], explicit = _without_id(lines[at])
            text = plain_text(_without_id(inline.content)[0])
            anchor = anchors.next(text, explicit)
            if opening.level == 0:
                yield Heading(opening.map[0], int(opening.tag[1]), text, anchor)


def _without_id(heading: str) -> tuple[str, str | None]:
    text, _, braces = heading.rpartition("{")
    explicit = _ID.fullmatch(braces)
    return (text.rstrip(), explicit[1]) if explicit else (heading, None)
