"""Docusaurus: sidebars, ``_category_`` files, and positions in front matter and names."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import PurePosixPath

from attrs import evolve

from agent.book.folder import MISSING, Folder, Unreadable
from agent.book.front_matter import FrontMatter, YamlBroken, read_yaml, split, values_of
from agent.book.layout import Entry, Layout, name_of, pages_in
from agent.book.order import chapter_of, number_of, place, without_number

# Comments are matched too, so that an id in one does not count.
_LITERAL = re.compile(
    r"//[^\n]*|/\*[\s\S]*?(?:\*/|\Z)"
    r"|(dirName[\"']?\s*:\s*)?"
    r"(?:'((?:[^'\\\n]|\\.)*)'|\"((?:[^\"\\\n]|\\.)*)\"|`((?:[^`\\]|\\.)*)`)"
)
_CONFIGS = tuple(f"docusaurus.config.{suffix}" for suffix in ("js", "ts", "mjs", "cjs"))
_SIDEBARS = tuple(f"sidebars.{suffix}" for suffix in ("js", "ts", "json", "mjs", "cjs"))
_CATEGORY = ("_category_.json", "_category_.yml", "_category_.yaml")


def find(folder: Folder) -> Layout | None:
    """The book whose project or whose ``docs`` *folder* is, or whose pages look like those."""
    for project in (folder, folder.parent):
        pages = project.within("docs") if any(map(project.has, _CONFIGS)) else None
        if pages and pages.base.is_relative_to(folder.base):
            sidebars = (text for name in _SIDEBARS if (text := project.find_text(name)))
            return _layout(evolve(pages, bounds=folder.bounds), next(sidebars, ""))
    return _layout(folder) if any(map(_is_docusaurus, folder.files())) else None


def entries(folder: Folder, paths: Sequence[str], sidebar: str = "") -> list[Entry]:
    """All *paths* in order: first as *sidebar* names them, then as Docusaurus generates one."""
    metas = {path: _front_matter(folder, path) for path in paths}
    labels = {parent: _category(folder, parent) for path in paths for parent in _parents(path)}
    given = {path: meta.number("sidebar_position") for path, meta in metas.items()}
    given |= {parent: meta.number("position") for parent, meta in labels.items()}
    generated = sorted(paths, key=partial(place, positions=_positions(given)))
    ids = {_doc_id(path, metas[path]): path for path in generated}
    order = dict.fromkeys([*_listed(sidebar, ids, generated), *generated])
    return [Entry(path, None, _chapter(path, metas[path], labels)) for path in order]


def _is_docusaurus(path: str) -> bool:
    return path.endswith((".mdx", *_CATEGORY))


def _layout(pages: Folder, sidebar: str = "") -> Layout:
    paths = [path for path in pages_in(pages) if not path.startswith("_") and "/_" not in path]
    ordered = tuple(entries(pages, paths, sidebar))
    return Layout(kind="docusaurus", name=name_of(pages), folder=pages, entries=ordered)


def _front_matter(folder: Folder, path: str) -> FrontMatter:
    try:
        return split(folder.text_of(path))[0]
    except (Unreadable, YamlBroken):  # whoever reads the page will tell
        return FrontMatter()


def _doc_id(path: str, meta: FrontMatter) -> str:
    """How a sidebar names a page: its path without numbers and suffix, or what it says itself."""
    parts = [without_number(part) for part in PurePosixPath(path).with_suffix("").parts]
    return "/".join([*parts[:-1], meta.get("id") or parts[-1]])


def _listed(sidebar: str, ids: Mapping[str, str], paths: Sequence[str]) -> Iterator[str]:
    """The pages whose ids are literals in the sidebar's source, which is never executed."""
    for is_folder, *literals in _LITERAL.findall(sidebar):
        name = "".join(literals)
        if is_folder:
            yield from (path for path in paths if name == "." or path.startswith(f"{name}/"))
        elif name in ids:
            yield ids[name]


def _parents(path: str) -> list[str]:
    return [str(parent) for parent in PurePosixPath(path).parents][:-1]


def _category(folder: Folder, directory: str) -> FrontMatter:
    """What ``_category_.json`` or ``.yml`` of a folder says, if there is a readable one."""
    for name in _CATEGORY:
        try:
            text = folder.text_of(f"{directory}/{name}")
            return values_of(json.loads(text) if name.endswith("json") else read_yaml(text))
        except Unreadable as error:
            if str(error) != MISSING:
                folder.warn(f"{directory}/{name} {error}; skipped")
        except (ValueError, YamlBroken, RecursionError):
            folder.warn(f"{directory}/{name} is broken; skipped")
    return FrontMatter()


def _positions(given: Mapping[str, float | None]) -> dict[str, float]:
    """By path, what a page or folder says itself, else the number that its name begins with."""
    numbers = {
        path: number_of(PurePosixPath(path).name) if position is None else position
        for path, position in given.items()
    }
    return {path: number for path, number in numbers.items() if number is not None}


def _chapter(path: str, meta: FrontMatter, labels: Mapping[str, FrontMatter]) -> str | None:
    first, _, rest = path.partition("/")
    return (labels[first].get("label") or chapter_of(path)) if rest else meta.get("sidebar_label")
