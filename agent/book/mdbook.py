"""mdBook: ``book.toml`` and the table of contents, ``SUMMARY.md``."""

import re
import tomllib
from collections.abc import Iterator
from posixpath import normpath
from typing import Any
from urllib.parse import unquote

from agent.book.anchors import plain_text
from agent.book.folder import Folder, printable
from agent.book.layout import Entry, Layout, existing, name_of

_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)


def find(folder: Folder) -> Layout | None:
    """The mdBook whose project or whose ``src`` *folder* is."""
    book = _book(folder)
    for base in (str(book.get("src", "src")), "src", "."):
        pages = folder.within(base)
        contents = pages.find_text("SUMMARY.md") if pages else None
        if pages and contents:
            return Layout(
                kind="mdbook",
                name=printable(str(book.get("title") or title_of(contents) or name_of(pages))),
                folder=pages,
                entries=existing(pages, entries(contents), "SUMMARY.md"),
            )
    return None


def entries(contents: str) -> Iterator[Entry]:
    """The pages that SUMMARY.md names. Their chapter is the outermost entry they are nested in.

    A part's title (``# Part``) is no entry; an entry without a page (``[Draft]()``) is one.
    """
    chapter = None
    for line in _COMMENT.sub("", contents).splitlines():
        title, path = _link(line)
        if not title:
            continue
        if chapter is None or _indent(line) < 2:  # a nested list is indented by two or more
            chapter = title
        if path:
            yield Entry(path, title, chapter)


def title_of(contents: str) -> str | None:
    """The book's title where the first heading gives it; most say only "Summary"."""
    match = re.search(r"^#[ \t]+(\S.*)", contents, re.MULTILINE)
    title = plain_text(match[1]) if match else ""
    return title if title.casefold() not in ("", "summary", "table of contents") else None


def _book(folder: Folder) -> dict[str, Any]:
    try:
        book = tomllib.loads(folder.find_text("book.toml") or "").get("book")
    except (tomllib.TOMLDecodeError, RecursionError):
        folder.warn("book.toml is no TOML; read without it")
        return {}
    return book if isinstance(book, dict) else {}


def _link(line: str) -> tuple[str, str]:
    """Title and path of a line's link. Cut by hand: a pattern could take quadratic time."""
    text, _, target = line.strip().lstrip("-*+ \t").rpartition("](")
    if not text.startswith("[") or ")" not in target:
        return "", ""
    path = unquote(target.partition(")")[0].partition(' "')[0].strip().strip("<>"))
    return plain_text(text[1:]), normpath(path) if path else ""


def _indent(line: str) -> int:
    line = line.expandtabs(4)
    return len(line) - len(line.lstrip())
