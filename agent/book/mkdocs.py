"""MkDocs: ``mkdocs.yml`` and the table of contents in it, ``nav``."""

from collections.abc import Iterator
from posixpath import normpath
from typing import Any

from attrs import evolve, field

from agent.book.folder import Folder, printable
from agent.book.front_matter import YamlBroken, read_yaml
from agent.book.layout import Entry, Layout, existing, name_of, pages_in, with_the_rest
from records import frozen

DEEPEST = 20  # sections in sections


def find(folder: Folder) -> Layout | None:
    """The MkDocs book whose project or whose ``docs_dir`` *folder* is."""
    for project in (folder, folder.parent):
        settings = _settings(project)
        pages = project.within(settings.get("docs_dir") or "docs") if settings else None
        if pages and pages.base.is_relative_to(folder.base):
            return _layout(evolve(pages, bounds=folder.bounds), settings)
        if settings and project is folder:
            folder.warn("mkdocs.yml names a docs_dir that is not there; read without it")
    return None


def entries(nav: object) -> Iterator[Entry]:
    """The pages that *nav* names, in order; the outermost section is their chapter."""
    return _Walk().entries(nav)


@frozen
class _Walk:
    """One way through the nav; YAML's aliases can make it endless, so no list is walked twice."""

    seen: set[int] = field(factory=set)
    chapter: str | None = None
    depth: int = 0

    def entries(self, node: object, title: str | None = None) -> Iterator[Entry]:
        if isinstance(node, str) and node and "://" not in node:
            yield Entry(normpath(printable(node)), title, self.chapter)
        elif isinstance(node, list | dict) and id(node) not in self.seen and self.depth < DEEPEST:
            self.seen.add(id(node))
            inner = evolve(self, chapter=self.chapter or title, depth=self.depth + 1)
            for name, child in _children(node):
                yield from inner.entries(child, name)


def _children(node: list[object] | dict[object, object]) -> Iterator[tuple[str | None, object]]:
    if isinstance(node, list):
        yield from ((None, child) for child in node)
    else:
        yield from ((printable(str(name)), child) for name, child in node.items())


def _layout(pages: Folder, settings: dict[str, Any]) -> Layout:
    named = existing(pages, entries(settings.get("nav")), "mkdocs.yml")
    return Layout(
        kind="mkdocs",
        name=printable(str(settings.get("site_name") or name_of(pages))),
        folder=pages,
        entries=with_the_rest(named, pages_in(pages)),
    )


def _settings(project: Folder) -> dict[str, Any]:
    text = project.find_text("mkdocs.yml") or project.find_text("mkdocs.yaml") or ""
    try:
        settings = read_yaml(text)
    except YamlBroken:
        project.warn("mkdocs.yml is no YAML; read without it")
        return {"docs_dir": "docs"}
    return settings if isinstance(settings, dict) else {}
