"""From a folder of files to passages: ``read_book`` is all that others need.

Reads mdBook, Docusaurus and MkDocs as their authors laid them out, and any other folder of
Markdown, HTML, text, notebooks and PDF. Knows neither index nor model.
"""

from collections import Counter
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from uuid import UUID, uuid5

from agent.book.anchors import plain_text
from agent.book.blocks import Outline, outline
from agent.book.clean import clean
from agent.book.cut import Piece, cut
from agent.book.discovery import find
from agent.book.folder import BookUnreadable, Unreadable
from agent.book.formats import Document, convert
from agent.book.front_matter import FrontMatter, YamlBroken, halves, split
from agent.book.layout import MARKDOWN, Entry, Layout
from agent.book.links import Site, resolved
from agent.book.order import title_of
from agent.book.urls import url_of
from agent.passages import Passage
from records import frozen

__all__ = ["Book", "BookUnreadable", "Page", "read_book"]

_NAMESPACE = UUID("6f0c1a52-7c0e-4d0b-9a3e-0f2f5b1d7e61")  # never change it: ids would


@frozen(kw_only=True)
class Page:
    """A page as its readers see it."""

    path: str  # the file, relative to the folder of pages, with "/"
    title: str
    chapter: str
    url: str | None
    markdown: str  # cleaned


@frozen(kw_only=True)
class Book:
    name: str
    pages: tuple[Page, ...]  # in reading order
    passages: tuple[Passage, ...]  # in reading order
    warnings: tuple[str, ...]  # for a person: what was left out, and why


def read_book(root: Path, *, base_url: str | None = None) -> Book:
    """Read the book at *root*: a project's folder, its folder of pages, or a single file.

    *base_url* is where the book's site serves the folder of pages; without it no page has a URL.
    Raises :class:`BookUnreadable`, and nothing else: a file that cannot be read is a warning.
    """
    layout = find(root)
    sources = [one for entry in layout.entries if (one := _source(layout, entry, base_url))]
    urls = {source.entry.path: source.url for source in sources}
    site = Site(kind=layout.kind, base_url=base_url, urls=urls)
    read = [found for source in sources if (found := _read(layout, source, site))]
    if not read:
        reasons = " ".join(f"{warning}." for warning in [*layout.folder.warnings][:3])
        raise BookUnreadable(f"No page of {root} could be read. {reasons}".strip())
    ordinals = count()
    return Book(
        name=layout.name,
        pages=tuple(page for page, _ in read),
        passages=tuple(
            passage for page, pieces in read for passage in _passages(page, pieces, ordinals)
        ),
        warnings=tuple(layout.folder.warnings),
    )


@frozen
class _Source:
    """A page as it was written, and where its readers find it."""

    entry: Entry
    meta: FrontMatter
    document: Document
    url: str | None


def _source(layout: Layout, entry: Entry, base_url: str | None) -> _Source | None:
    """``None`` for a draft, and for a file that cannot be read."""
    try:
        meta, document = _document(layout, entry.path)
    except Unreadable as error:
        layout.folder.warn(f"{entry.path} {error}; skipped")
        return None
    if meta.is_hidden:
        return None
    url = base_url and url_of(entry.path, kind=layout.kind, base_url=base_url, meta=meta)
    return _Source(entry, meta, document, url or None)


def _read(layout: Layout, source: _Source, site: Site) -> tuple[Page, list[Piece]] | None:
    """The page with its pieces; none for a page that says nothing."""
    path = source.entry.path
    parts = outline(resolved(source.document.markdown, path=path, site=site), layout.kind)
    if not parts.elements:
        layout.folder.warn(f"{path} has no text; skipped")
        return None
    title = _title(source.entry, source.meta, source.document, parts)
    page = Page(
        path=path,
        title=title,
        chapter=source.entry.chapter or title,
        url=source.url,
        markdown=parts.markdown,
    )
    return page, cut(parts, title)


def _document(layout: Layout, path: str) -> tuple[FrontMatter, Document]:
    folder = layout.folder
    if not path.lower().endswith(MARKDOWN):
        return FrontMatter(), convert(folder, path)
    text = folder.text_of(path)
    try:
        meta, text = split(text)
    except YamlBroken:
        folder.warn(f"{path} has front matter that is no YAML; read without it")
        meta, text = FrontMatter(), halves(text)[1]
    return meta, Document(clean(text, path=path, kind=layout.kind, folder=folder))


def _title(entry: Entry, meta: FrontMatter, document: Document, parts: Outline) -> str:
    """By the table of contents, the front matter, the file, its headings, or the file's name."""
    given = entry.title or meta.get("title") or document.title
    title = given and plain_text(given)
    return title or parts.title or meta.get("sidebar_label") or title_of(entry.path)


def _passages(page: Page, pieces: list[Piece], ordinals: Iterator[int]) -> Iterator[Passage]:
    seen: Counter[str] = Counter()
    for piece in pieces:
        anchor = piece.sections[0].anchor
        yield Passage(
            passage_id=uuid5(_NAMESPACE, f"{page.path}\0{anchor}\0{seen[anchor]}"),
            page=page.path,
            title=page.title,
            chapter=page.chapter,
            url=page.url,
            ordinal=next(ordinals),
            text=piece.text,
            sections=piece.sections,
            blocks=piece.blocks,
        )
        seen[anchor] += 1
