"""Notes, warnings and tabs of three dialects as plain Markdown with a bold lead-in.

Docusaurus (and MyST) write ``:::note[Title]`` … ``:::``, MkDocs ``!!! note "Title"`` with an
indented body, GitHub and Obsidian ``> [!NOTE]``.
"""

import re

from agent.book import fences

INDENT = 4  # of an MkDocs body
_COLONS = re.compile(r"([ \t]*):{3,}[ \t]*\{?([A-Za-z][\w-]*)\}?(?:\[(.*)\])?(?:\{.*\})?[ \t]*(.*)")
_CLOSED = re.compile(r"[ \t]*:{3,}[ \t]*")
_MKDOCS = re.compile(r"([ ]*)(?:!!!|\?\?\?\+?)[ ]+([\w-]+)(?:[ ]+[\w-]+)*(?:[ ]+\"(.*)\")?[ \t]*")
_TAB = re.compile(r"([ ]*)===[+!]?[ ]+\"(.*)\"[ \t]*")
_ALERT = re.compile(r"([ \t]*(?:>[ \t]?)+)\[!([A-Za-z-]+)\][+-]?[ \t]*(.*)")


def unfold(text: str) -> str:
    """The text with every admonition as its lead-in and its body; code fences stay as they are."""
    lines: list[str] = []
    fence = ""
    bodies: list[int] = []  # the indent of each MkDocs body that the line is in
    for line in text.split("\n"):
        line = _detabbed(line) if bodies else line  # noqa: PLW2901
        indent = len(line) - len(line.lstrip(" "))
        while bodies and line.strip() and indent < bodies[-1]:
            bodies.pop()
            fence = ""
        line = line[INDENT * len(bodies) :]  # noqa: PLW2901  # the line as its body has it
        was_open, fence = fence, fences.after(fence, line)
        if was_open or fence:
            lines.append(line)
        elif found := _MKDOCS.fullmatch(line) or _TAB.fullmatch(line):
            bodies.append(indent + INDENT)
            lines += ["", found[1] + _tab_or_note(found), ""]
        else:
            lines += _other(line)
    return "\n".join(lines)


def lead_in(kind: str, title: str | None) -> str:
    """``**Note: Title**``, without what says nothing."""
    kind = kind[:1].upper() + kind[1:].lower()
    title = (title or "").replace("*", "").strip()
    if title.casefold() == kind.casefold():
        title = ""
    return f"**{': '.join(filter(None, (kind, title)))}**"


def _detabbed(line: str) -> str:
    text = line.lstrip(" \t")
    return line[: len(line) - len(text)].expandtabs(INDENT) + text


def _tab_or_note(found: re.Match[str]) -> str:
    return lead_in(found[2], found[3]) if found.re is _MKDOCS else lead_in("", found[2])


def _other(line: str) -> list[str]:
    if _CLOSED.fullmatch(line):
        return [""]
    if found := _COLONS.fullmatch(line):
        return ["", found[1] + lead_in(found[2], found[3] or found[4]), ""]
    if found := _ALERT.fullmatch(line):
        return [found[1] + lead_in(found[2], found[3]), found[1].rstrip()]
    return [line]
