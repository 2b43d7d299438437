"""The anchors of a page's headings, as its kind of book makes them."""

import re
import unicodedata

from attrs import define, field
from markdown_it import MarkdownIt
from markdown_it.token import Token

from agent.book import markup, tags
from agent.book.layout import Kind

LONGEST = 300  # characters of a heading; more of it says no more
_MARKUP = re.compile(r"[\\`*_\[\]<>&!]")
_INLINE = MarkdownIt("commonmark")


@define
class Anchors:
    """Gives each heading of one page its own anchor, from top to bottom."""

    kind: Kind
    taken: set[str] = field(factory=set)
    repeated: dict[str, int] = field(factory=dict)

    def next(self, text: str, explicit: str | None = None) -> str:
        """The anchor of the next heading: *explicit* if it has one, else made of its *text*."""
        anchor = stem = explicit or slug(text, self.kind) or "section"
        joiner = "_" if self.kind == "mkdocs" else "-"
        while anchor in self.taken:
            self.repeated[stem] = self.repeated.get(stem, 0) + 1
            anchor = f"{stem}{joiner}{self.repeated[stem]}"
        self.taken.add(anchor)
        return anchor


def slug(text: str, kind: Kind) -> str:
    """Python-Markdown's slug for MkDocs, GitHub's for the others (mdBook, github-slugger)."""
    if kind == "mkdocs":
        text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
        return re.sub(r"[-\s]+", "-", re.sub(r"[^\w\s-]", "", text).strip().lower())
    kept = (c for c in text.strip().lower() if c in "-_" or c.isspace() or _is_word(c))
    return "".join("-" if c.isspace() else c for c in kept)


def _is_word(character: str) -> bool:
    return unicodedata.category(character)[0] in "LMN"


def plain_text(markdown: str) -> str:
    """A heading's or a title's words without markup, on one line."""
    if not _MARKUP.search(markdown):
        return " ".join(markdown[:LONGEST].split())
    text = markup.rewrite(markdown[:LONGEST], tags.without)
    tokens = _INLINE.parseInline(text)[0].children or []
    return " ".join("".join(token.content or _space(token) for token in tokens).split())


def _space(token: Token) -> str:
    return " " if token.type.endswith("break") else ""
