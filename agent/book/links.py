"""Links between pages, made to work wherever a passage is shown. Pure.

A quote leaves its page, where a relative link leads nowhere: it becomes the address of the book's
site, or its text where that is not known.
"""

import re
from collections.abc import Iterator, Mapping
from posixpath import dirname, join, normpath
from urllib.parse import quote, unquote, urljoin

from agent.book import fences
from agent.book.layout import MARKDOWN, Kind
from agent.book.markup import substitute
from records import frozen

# Each repetition is bounded, so that no page makes the search slow.
_TEXT = r"((?:[^\[\]`\\]|\\.|`[^`\n]{0,200}`|!?\[[^\[\]]{0,300}\](?:\([^()\s]{0,500}\))?){0,500})"
_TARGET = r"(<[^<>\n]{0,1000}>|[^()\s<>]{0,1000}(?:\([^()\s]{0,200}\)[^()\s]{0,200})?)"
_TITLE = r"((?:\s+(?:\"[^\"]{0,300}\"|'[^']{0,300}'))?)"
_IMAGE, _LINK = (
    re.compile(rf"(?<!\\){mark}\[{_TEXT}\]\(\s*{_TARGET}{_TITLE}\s*\)")
    for mark in (r"!", r"(?<!!)")
)
_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{1,20}:|//")
_INDEXES = ("index.md", "README.md", "index.mdx")


@frozen(kw_only=True)
class Site:
    """Where the book's site shows what its pages link to."""

    kind: Kind
    base_url: str | None
    urls: Mapping[str, str | None]  # of each page, by its file

    def address(self, target: str, *, path: str) -> str | None:
        """What *target* means on the page at *path*; ``None`` where nobody can tell."""
        if _ABSOLUTE.match(target):
            return target
        name, mark, place = target.partition("#")
        if target.startswith("/") or not self.base_url:
            return urljoin(self.base_url, target) if self.base_url else None
        file = normpath(join(dirname(path), unquote(name))) if name else path
        for candidate in _candidates(file):
            if url := self.urls.get(candidate):
                return f"{url}{mark}{place}"
        is_elsewhere = file.startswith("..") or self.kind == "docusaurus"  # it renames its files
        if is_elsewhere or file.lower().endswith(MARKDOWN) or not name:
            return None
        return f"{self.base_url.rstrip('/')}/{quote(file)}{mark}{place}"


def resolved(text: str, *, path: str, site: Site) -> str:
    """The Markdown of the page at *path* without a relative link; code stays as it is."""
    if "](" not in text:
        return text

    def image(match: re.Match[str]) -> str:
        alt = match[1].strip()
        return _with(match, "!", path, site) or (f"*{alt}*" if alt else "")

    def link(match: re.Match[str]) -> str:
        return _with(match, "", path, site) or match[1]

    def edit(prose: str) -> str:
        return substitute(_LINK, link, substitute(_IMAGE, image, prose))

    return fences.outside(text, edit)


def _with(match: re.Match[str], mark: str, path: str, site: Site) -> str | None:
    target = match[2].strip("<>")
    address = site.address(target, path=path) if target else None
    if address == target:
        return match[0]
    if address is None:
        return None
    shown = f"<{address}>" if re.search(r"[\s()]", address) else address
    return f"{mark}[{match[1]}]({shown}{match[3]})"


def _candidates(file: str) -> Iterator[str]:
    """The pages that a link may mean by *file*: as a file, as its address, as a folder."""
    yield file
    bare = file.removesuffix(".html").rstrip("/")
    yield from (f"{bare}{suffix}" for suffix in MARKDOWN)
    yield from (normpath(join(bare, index)) for index in _INDEXES)
