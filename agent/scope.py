"""A part of the book that a reader asks about: which pages it is, or what there is instead.

Pure; knows the table of contents, neither an index nor how a client names things.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Literal
from urllib.parse import unquote, urlsplit

from agent.index import Entry
from records import frozen

CHOICES = 20  # that are offered, at most
OFFERED = 600  # characters of them, at most
TITLE = 80  # characters of one of them
COMPARED = 200  # characters of what the reader named
UNKNOWN_CONTENTS = (
    "not known for this collection, which another tool has filled: ask the whole book"
)
SUFFIX = re.compile(r"\.(?:html?|mdx?|markdown)$", re.IGNORECASE)
INDEX = re.compile(r"(?:^|/)(?:index|readme)$", re.IGNORECASE)


@frozen
class Scope:
    """The part of the book to search, as its reader calls it."""

    kind: Literal["chapter", "page"]
    name: str  # a chapter's title; a page's source file or URL


class UnknownScope(Exception):
    """The book has no such part; the message says what it has, the nearest first."""


def pages_of(scope: Scope, contents: Sequence[Entry]) -> tuple[str, ...]:
    """The source files that *scope* consists of, at least one. Raises ``UnknownScope``."""
    if not contents:
        raise UnknownScope(UNKNOWN_CONTENTS)
    found = _chapter(scope.name, contents) if scope.kind == "chapter" else _page(scope, contents)
    if found:
        return tuple(entry.page for entry in found)
    known = (e.chapter if scope.kind == "chapter" else e.page for e in contents)
    raise UnknownScope(f"the book has no such {scope.kind}, but {_offer(scope.name, known)}")


def _chapter(title: str, contents: Sequence[Entry]) -> list[Entry]:
    wanted = _folded(title)
    return [entry for entry in contents if _folded(entry.chapter) == wanted]


def _page(scope: Scope, contents: Sequence[Entry]) -> list[Entry]:
    """The page by its file, else by its URL, or by the path of it."""
    exact = [entry for entry in contents if entry.page == scope.name.strip()]
    if exact:
        return exact
    host, path = _place(scope.name)
    found = [e for e in contents if _place(e.url or "") == (host, path)] if host else []
    if found:
        return found[:1]
    there = [e for e in contents if not (host and e.url) and _is_at(path, e, has_host=bool(host))]
    return sorted(there, key=lambda entry: -len(_path(entry.page)))[:1]


def _is_at(path: str, entry: Entry, *, has_host: bool) -> bool:
    """Whether *path* is that of the page; where the site's address is unknown, how it ends."""
    own = _path(entry.page)
    if not has_host:
        return path in (own, _place(entry.url or "")[1] if entry.url else own)
    return path == own or (bool(own) and path.endswith(f"/{own}"))


def _place(url: str) -> tuple[str, str]:
    """Host and path of a URL, as alike as two addresses of one page can be made."""
    try:
        parts = urlsplit(url.strip())
        return parts.netloc.lower(), _path(unquote(parts.path))
    except ValueError:  # "http://["
        return "", url


def _path(path: str) -> str:
    bare = SUFFIX.sub("", path.strip("/").removeprefix("./"))
    return INDEX.sub("", bare)


def _folded(title: str) -> str:
    return " ".join(title.split()).casefold()


def _offer(name: str, known: Iterable[str]) -> str:
    """The choices in a sentence: the most like *name* first, in reading order where none is."""
    wanted = _pairs(name)
    choices = sorted(dict.fromkeys(known), key=lambda title: -_likeness(wanted, _pairs(title)))
    offered: list[str] = []
    for choice in choices[:CHOICES]:
        short = choice if len(choice) <= TITLE else f"{choice[: TITLE - 1]}…"
        if sum(map(len, offered)) + len(short) > OFFERED:
            break
        offered.append(f"“{short}”")
    more = f" and {len(choices) - len(offered)} more" if len(offered) < len(choices) else ""
    return ", ".join(offered) + more


def _pairs(name: str) -> frozenset[str]:
    folded = f" {_folded(name[:COMPARED])} "
    return frozenset(folded[at : at + 2] for at in range(len(folded) - 1))


def _likeness(one: frozenset[str], other: frozenset[str]) -> float:
    """Of two names, by their pairs of letters (Dice): quick enough for a thousand pages."""
    return 2 * len(one & other) / (len(one) + len(other))
