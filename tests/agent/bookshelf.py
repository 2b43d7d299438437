"""Small books for tests: files written where a test wants them."""

from collections.abc import Mapping
from pathlib import Path

from agent.book import Page, read_book

MKDOCS = {"mkdocs.yml": "site_name: Robots\n"}
MDBOOK = {"book.toml": '[book]\ntitle = "Robots"\n', "src/SUMMARY.md": "- [Page](page.md)\n"}
DOCUSAURUS = {"docusaurus.config.js": "export default {}\n"}


def write(root: Path, files: Mapping[str, str | bytes]) -> Path:
    """Put *files* (path: content) under *root*."""
    for path, content in files.items():
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return root


def read_page(root: Path, markdown: str, book: Mapping[str, str], path: str = "page.md") -> Page:
    """The one page of a book of the kind that *book*'s files make it."""
    folder = "src" if "book.toml" in book else "docs"
    page, *_ = read_book(write(root, {**book, f"{folder}/{path}": markdown})).pages
    return page
