"""What a page takes from other files: mdBook's includes, MkDocs' snippets, MDX' partials.

They are resolved within the book's bounds; what is missing, cyclic or endless is dropped with a
warning.
"""

import re
from collections.abc import Callable, Sequence
from posixpath import dirname, join, normpath

from attrs import define, evolve, field

from agent.book import fences
from agent.book.folder import MEBIBYTE, Folder, Unreadable
from agent.book.front_matter import halves
from agent.book.layout import MARKDOWN, Kind
from records import frozen

_MDBOOK = re.compile(r"(\\?)\{\{\s*#(\w+)\s+([^{}\n]*)\}\}")
_SNIPPET = re.compile(
    r"^([ \t]*)(;?)-{1,2}8<-{1,2}[ \t]+[\"']([^\"'\n]+)[\"'][ \t]*$", re.MULTILINE
)
_SNIPPETS = re.compile(
    r"^([ \t]*)-{1,2}8<-{1,2}[ \t]*\n((?:(?![ \t]*-{1,2}8<)[^\n]*\n)*)[ \t]*-{1,2}8<-{1,2}[ \t]*$",
    re.MULTILINE,
)
_PARTIAL = re.compile(
    r"^import[ \t]+(\w+)[ \t]+from[ \t]+[\"']([^\"'\n]+\.mdx?)[\"']", re.MULTILINE
)
_TAG = re.compile(r"<(\w+)\b[^<>]*/>")
_ANCHOR = re.compile(r"ANCHOR(?:_END)?:\s*[\w-]+|-{1,2}8<-{1,2}\s*\[\s*(?:start|end)\s*:")
DEEPEST = 10


@define
class _Budget:
    """How much text one page may still take in: includes in includes grow without end."""

    characters: int = MEBIBYTE

    def spend(self, characters: int) -> None:
        self.characters -= characters
        if self.characters < 0:
            raise Unreadable("makes the page too large")


@frozen
class _Place:
    """The file whose includes are being resolved, and the files that it is included from."""

    folder: Folder
    file: str
    above: tuple[str, ...] = ()
    budget: _Budget = field(factory=_Budget)

    def include(self, target: str, expand: "_Expand", bases: Sequence[str] = ()) -> str:
        """The lines that *target* (``file:part``) names, their own includes resolved.

        The file is looked for beside the page, or in *bases*.
        """
        name, _, part = target.strip().partition(":")
        reason = ""
        for base in bases or [dirname(self.file)]:
            path = normpath(join(base, name))
            try:
                return self._included(path, part, expand)
            except Unreadable as error:
                reason = str(error)
        page = (*self.above, self.file)[0]
        self.folder.warn(f"{page}: dropped what it includes from {name}, which {reason}")
        return ""

    def _included(self, path: str, part: str, expand: "_Expand") -> str:
        if path in (*self.above, self.file) or len(self.above) > DEEPEST:
            raise Unreadable("includes itself")
        self.budget.spend(100)  # to look for a file costs, too
        text = self.folder.text_of(path)
        text = select(halves(text)[1] if path.endswith(MARKDOWN) else text, part)
        self.budget.spend(len(text))
        return expand(text, evolve(self, file=path, above=(*self.above, self.file)))


_Expand = Callable[[str, _Place], str]


def resolve(text: str, *, path: str, kind: Kind, folder: Folder) -> str:
    """The page's text with the files that it includes, each in the way of its kind of book."""
    place = _Place(folder, path)
    if kind == "docusaurus" or path.endswith(".mdx"):
        text = _partials(text, place)
    if kind in ("mdbook", "plain"):
        text = _mdbook(text, place)
    if kind in ("mkdocs", "plain"):
        text = _snippets(text, place)
    return text


def select(text: str, part: str) -> str:
    """The lines of *text* that *part* names, without the comments that mark parts.

    ``2:10`` are lines, ``:10`` and ``2:`` open ranges, ``2`` one line, a name those between
    ``ANCHOR: name`` and ``ANCHOR_END: name`` (MkDocs: ``--8<-- [start:name]``), ``""`` all.
    Raises :class:`Unreadable` if there is no such part.
    """
    lines = text.rstrip("\n").split("\n")
    first, has_end, last = part.partition(":")
    if re.fullmatch(r"[0-9]{0,9}:?[0-9]{0,9}", part):
        end = (int(last) if last else None) if has_end else int(first or len(lines))
        lines = lines[max(0, int(first or 1) - 1) : end]
    else:
        lines = _between(lines, re.escape(first.strip()))
    return "\n".join(line for line in lines if not _ANCHOR.search(line))


def _between(lines: list[str], name: str) -> list[str]:
    start = re.compile(rf"ANCHOR:\s*{name}(?![\w-])|8<-{{1,2}}\s*\[\s*start\s*:\s*{name}\s*\]")
    end = re.compile(rf"ANCHOR_END:\s*{name}(?![\w-])|8<-{{1,2}}\s*\[\s*end\s*:\s*{name}\s*\]")
    starts = [number for number, line in enumerate(lines) if start.search(line)]
    if not starts:
        raise Unreadable("has no such part")
    ends = (number for number in range(starts[0], len(lines)) if end.search(lines[number]))
    return lines[starts[0] + 1 : next(ends, len(lines))]


def _mdbook(text: str, place: _Place) -> str:
    def replace(match: re.Match[str]) -> str:
        escape, command, target = match.groups()
        if escape:
            return match[0][1:]
        if command in ("include", "rustdoc_include"):
            return place.include(target, _mdbook)
        if command in ("playground", "playpen"):
            code = place.include(target.split(" ")[0], _mdbook)
            return f"```rust\n{code}\n```" if code else ""
        return "" if command == "title" else match[0]

    return _MDBOOK.sub(replace, text)


def _snippets(text: str, place: _Place) -> str:
    """MkDocs names files from its project or its pages' folder; they are indented as the marker."""
    bases = (str(place.folder.bounds), "", dirname(place.file))

    def included(indent: str, target: str) -> str:
        found = place.include(target, _snippets, bases)
        return "\n".join(indent + line if line else line for line in found.split("\n"))

    def one(match: re.Match[str]) -> str:
        indent, escape, target = match.groups()
        return match[0].replace(";", "", 1) if escape else included(indent, target)

    def many(match: re.Match[str]) -> str:
        targets = filter(None, map(str.strip, match[2].split("\n")))
        return "\n\n".join(included(match[1], target) for target in targets)

    return _SNIPPET.sub(one, _SNIPPETS.sub(many, text))


def _partials(text: str, place: _Place) -> str:
    """``<Note />`` where the page imports ``Note`` from a Markdown file."""
    paths = dict(_PARTIAL.findall(text))

    def replace(match: re.Match[str]) -> str:
        target = paths.get(match[1])
        if target is None:
            return match[0]
        if target.startswith("@site/"):
            return place.include(
                target.removeprefix("@site/").removeprefix("docs/"), _partials, [""]
            )
        return place.include(target, _partials)

    return fences.outside(text, lambda prose: _TAG.sub(replace, prose)) if paths else text
