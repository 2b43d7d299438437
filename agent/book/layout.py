"""Where a book's pages are and in which order: what every kind of book comes down to."""

from collections.abc import Iterable, Sequence
from typing import Literal

from agent.book.folder import Folder
from agent.book.order import chapter_of, place
from records import frozen

Kind = Literal["mdbook", "docusaurus", "mkdocs", "plain"]
MARKDOWN = (".md", ".mdx", ".markdown")


@frozen
class Entry:
    """One page in its place in the table of contents."""

    path: str  # relative to the pages' folder
    title: str | None = None  # as the table of contents names it
    chapter: str | None = None  # its top-level entry; none if the page itself is one


@frozen(kw_only=True)
class Layout:
    """A book before its pages are read."""

    kind: Kind
    name: str
    folder: Folder  # of the pages
    entries: tuple[Entry, ...]


def pages_in(folder: Folder, suffixes: Sequence[str] = MARKDOWN) -> list[str]:
    """The paths of all pages in natural order, without partials (``_install.md``)."""
    paths = [path for path in folder.files() if path.lower().endswith(tuple(suffixes))]
    listed = [path for path in paths if not path.rpartition("/")[2].startswith("_")]
    return sorted(listed, key=lambda path: place(path, {}))


def existing(folder: Folder, entries: Iterable[Entry], contents: str) -> tuple[Entry, ...]:
    """The entries of *contents* that have a page, each page once."""
    found: dict[str, Entry] = {}
    for entry in entries:
        if folder.has(entry.path):
            found.setdefault(entry.path, entry)
        else:
            folder.warn(f"{contents} names {entry.path}, which is not there")
    return tuple(found.values())


def with_the_rest(named: Sequence[Entry], paths: Sequence[str]) -> tuple[Entry, ...]:
    """The *named* entries, then the pages that no entry names."""
    known = {entry.path for entry in named}
    rest = (Entry(path, None, chapter_of(path)) for path in paths if path not in known)
    return (*named, *rest)


def name_of(folder: Folder) -> str:
    """What a book without a title is called: its folder, or the one that ``docs`` is in."""
    is_generic = folder.base.name in ("src", "docs", "book")
    return (folder.base.parent if is_generic else folder.base).name or "book"
