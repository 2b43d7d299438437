"""A passage: a retrievable piece of the book, and how it travels through an index's payload.

Offsets are Python string indexes into :attr:`Passage.text`, half open. Knows no index and no model.
"""

import re
from bisect import bisect_right
from collections.abc import Hashable, Mapping, Sequence
from functools import cached_property
from hashlib import sha256
from typing import Any, Literal
from uuid import UUID

from attrs import field

from records import frozen

BlockKind = Literal["heading", "paragraph", "list", "table", "code", "quote", "html"]


@frozen
class Block:
    """A whole Markdown block of a passage: ``text[start:end]``, without surrounding blank lines."""

    start: int
    end: int
    kind: BlockKind


@frozen
class Section:
    """From ``text[start]`` on, a passage stands under this heading of its page."""

    start: int
    anchor: str  # the URL fragment of the heading; "" at the top of the page
    heading_path: tuple[str, ...]  # from the page's title down to this heading


# An inline link or image; each repetition is bounded, so that no text makes the search slow.
_LINK = re.compile(
    r"(!?)\[([^\[\]]{0,500})\]\((?:<[^<>\n]{0,1000}>|[^()\s]{1,1000})(?:\s+[\"'][^\"'\n]{0,300}[\"'])?\)"
)


def shown(text: str) -> str:
    """Markdown without the addresses of its links: so a book's ``BOOK_URL`` changes no search."""
    return _LINK.sub(_shown, text) if "](" in text else text


def _shown(link: re.Match[str]) -> str:
    return f"*{link[2]}*" if link[1] and link[2] else link[2]


@frozen(kw_only=True, cache_hash=True)
class Passage:
    """A piece of one page: whole blocks of Markdown under one heading or a few short ones."""

    passage_id: UUID
    page: str  # the source file, relative to the book, with "/"
    title: str  # of the page
    chapter: str  # the page's top-level entry in the table of contents, or its own title
    url: str | None  # of the page, without a fragment
    ordinal: int  # place in the book, from 0
    text: str  # Markdown
    sections: tuple[Section, ...]  # at least one, the first at 0, ascending
    blocks: tuple[Block, ...]  # ascending, never overlapping
    fingerprint: str = field()  # sha256 of all that is indexed, of everything above but the ordinal

    @fingerprint.default
    def _digest(self) -> str:
        parts = (self.page, self.title, self.chapter, self.url, self.text, self.sections)
        return sha256(repr((parts, self.blocks)).encode()).hexdigest()

    def section_at(self, offset: int) -> Section:
        """The section that ``text[offset]`` stands in."""
        starts = [section.start for section in self.sections]
        return self.sections[max(0, bisect_right(starts, offset) - 1)]

    def url_at(self, offset: int) -> str | None:
        """The page's URL with the anchor of the section at *offset*."""
        anchor = self.section_at(offset).anchor
        return f"{self.url}#{anchor}" if self.url and anchor else self.url

    @cached_property
    def indexed_text(self) -> str:
        """What is searched by its words: the breadcrumb, then the text as ``shown``."""
        return f"{' > '.join(self.sections[0].heading_path)}\n\n{shown(self.text)}"

    def as_payload(self) -> dict[str, Any]:
        """Plain JSON, read back by :func:`from_payload`."""
        first = self.sections[0]
        return {
            "page": self.page,
            "title": self.title,
            "chapter": self.chapter,
            "url": self.url,
            "ordinal": self.ordinal,
            "text": self.text,
            "heading": first.heading_path[-1] if first.heading_path else self.title,
            "sections": [[s.start, s.anchor, list(s.heading_path)] for s in self.sections],
            "blocks": [[b.start, b.end, b.kind] for b in self.blocks],
            "fingerprint": self.fingerprint,
        }


KNOWN = 1024
_known: dict[Hashable, Passage] = {}


def from_payload(passage_id: UUID, payload: Mapping[str, Any]) -> Passage:
    """Read a point of our own, or of a collection that another tool filled.

    Others name the text ``content`` or ``text`` and the place ``file_path``, ``source`` or ``url``;
    such a passage is one section, and its paragraphs are its blocks. Raises ``ValueError`` when no
    text is found. One of our own that was read before is the same object, with all that is cached
    by it: readers ask about few passages.
    """
    fingerprint = _first(payload, "fingerprint")
    if fingerprint is None:
        return _read(passage_id, payload)
    key = (passage_id, fingerprint, payload.get("ordinal"), payload.get("text"))
    known = _known.get(key)
    if known is None:
        if len(_known) >= KNOWN:
            _known.clear()
        known = _known[key] = _read(passage_id, payload)
    return known


def _read(passage_id: UUID, payload: Mapping[str, Any]) -> Passage:
    text = payload.get("text") or payload.get("content")
    if not isinstance(text, str):
        raise ValueError("the payload has no text: neither `text` nor `content`")  # noqa: TRY004
    page = _first(payload, "page", "file_path", "source", "url") or "book"
    title = _first(payload, "title", "heading", "chapter") or page
    heading = _first(payload, "heading")
    path = tuple(dict.fromkeys(part for part in (title, heading) if part))
    sections = payload.get("sections") or [[0, "", path]]
    return Passage(
        passage_id=passage_id,
        page=page,
        title=title,
        chapter=_first(payload, "chapter") or title,
        url=_first(payload, "url"),
        ordinal=int(payload.get("ordinal") or 0),
        text=text,
        sections=tuple(Section(start, anchor, tuple(path)) for start, anchor, path in sections),
        blocks=tuple(Block(*block) for block in payload["blocks"])
        if "blocks" in payload
        else paragraphs(text),
        fingerprint=_first(payload, "fingerprint") or "",
    )


def paragraphs(text: str) -> tuple[Block, ...]:
    """The runs of lines between blank lines; a code fence stays one block."""
    blocks: list[Block] = []
    start: int | None = None
    fence = ""
    offset = 0
    for line in [*text.splitlines(keepends=True), "\n"]:
        stripped = line.strip()
        if not fence and not stripped and start is not None:
            end = start + len(text[start:offset].rstrip())
            code = text[start:end].lstrip().startswith(("```", "~~~"))
            blocks.append(Block(start, end, "code" if code else "paragraph"))
            start = None
        elif start is None and stripped:
            start = offset
        if fence:
            fence = "" if stripped.startswith(fence) else fence
        elif stripped.startswith(("```", "~~~")):
            fence = stripped[:3]
        offset += len(line)
    if start is not None:  # an unclosed fence runs to the end
        blocks.append(Block(start, len(text.rstrip()), "code"))
    return tuple(blocks)


def _first(payload: Mapping[str, Any], *names: str) -> str | None:
    return next((v for name in names if isinstance(v := payload.get(name), str) and v), None)


def words(text: str) -> int:
    """How many words a passage is measured by."""
    return len(text.split())


def in_reading_order(passages: Sequence[Passage]) -> list[Passage]:
    return sorted(passages, key=lambda passage: passage.ordinal)
