"""MDX as Markdown: no modules, no components; what they say stays."""

import re
from collections.abc import Iterable, Iterator

from attrs import define

from agent.book import fences, markup
from agent.book.admonitions import lead_in
from agent.book.tags import KEPT, VOID, caption

_MODULE = re.compile(
    r"import[ \t]*(?:[\"'{*]|[\w$]+[ \t]*(?:,|from\b))|import[ \t]*$"
    r"|export[ \t]+(?:const|let|var|function|default|class|async|type|\{|\*)"
)
_HEADING_ID = re.compile(r"^(#[^\n]*)\{/\*[ \t]*(#[\w-]+)[ \t]*\*/\}[ \t]*$", re.MULTILINE)
_TEXT = re.compile(r"\{[ \t]*([\"'])([^\"'{}\n]*)\1[ \t]*\}")
_FRAGMENT = re.compile(r"^[ \t]*</?>[ \t]*$", re.MULTILINE)
_OPENS, _CLOSES = "\0<", "\0>"  # no page has a NUL


def strip(text: str) -> str:
    """The page without imports, exports and tags; what they indented is indented no more."""
    text = fences.outside(text, _without_components)
    return "\n".join(_squeezed(_dedented(text.split("\n"))))


def _without_components(prose: str) -> str:
    prose = _HEADING_ID.sub(r"\1{\2}", _without_modules(prose))
    prose = _FRAGMENT.sub("", markup.rewrite(prose, _replace))
    return markup.substitute(_TEXT, lambda literal: literal[2], prose)


def _without_modules(prose: str) -> str:
    """The lines that are no module's: that is a paragraph, and what its open braces hold."""
    kept: list[str] = []
    in_module, depth, was_blank = False, 0, True
    for line in prose.split("\n"):
        if was_blank and line.strip():
            in_module = in_module and depth > 0 and line[0] in " \t})]"
            if not in_module and _MODULE.match(line):
                in_module, depth = True, 0
        if in_module:
            depth += sum(map(line.count, "{([")) - sum(map(line.count, "})]"))
        else:
            kept.append(line)
        was_blank = not line.strip()
    return "\n".join(kept)


def _replace(tag: markup.Tag) -> str | None:
    if tag.name.lower() in KEPT:
        return None
    if tag.name.lower() == "br":
        return " "
    if tag.closes:
        return _CLOSES
    lead = _lead(tag)
    opens = "" if tag.is_empty or tag.name.lower() in VOID else _OPENS
    return f"\n{lead}\n\n{opens}" if lead else opens


def _lead(tag: markup.Tag) -> str:
    if tag.name == "TabItem":
        label = tag.get("label") or tag.get("value")
        return lead_in("", label) if label else ""
    if tag.name == "Admonition":
        return lead_in(tag.get("type"), tag.get("title"))
    return caption(tag)


@define
class _Element:
    """A component that is open: how far its content is indented, from its first line on."""

    indent: int  # of its tag, in the result
    shift: int | None = None

    def content(self, line: str) -> str:
        indent = len(line) - len(line.lstrip(" \t"))
        if self.shift is None and line.strip():
            self.shift = max(0, indent - self.indent)
        return line[min(self.shift or 0, indent) :]


def _dedented(lines: list[str]) -> Iterator[str]:
    open_elements: list[_Element] = []
    for line in lines:
        opened, closed = line.count(_OPENS), line.count(_CLOSES)
        text = line.replace(_OPENS, "").replace(_CLOSES, "")
        if line.lstrip().startswith(_CLOSES) or closed > opened:
            del open_elements[len(open_elements) - max(0, closed - opened) :]
        if open_elements:
            text = open_elements[-1].content(text)
        yield text if text.strip() else ""
        indent = len(text) - len(text.lstrip(" \t"))
        open_elements += [_Element(indent) for _ in range(opened - closed)]


def _squeezed(lines: Iterable[str]) -> Iterator[str]:
    """The lines without second blank ones, but for those in code."""
    fence, before = "", ""
    for line in lines:
        was_open, fence = fence, fences.after(fence, line)
        if line or before or was_open:
            yield line
        before = line
