"""A Markdown page as a reader sees it: includes in, admonitions plain, no components, no HTML."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from itertools import groupby
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.common.utils import normalizeReference
from markdown_it.token import Token

from agent.book import admonitions, includes, markup, mdx, tags
from agent.book.folder import Folder
from agent.book.layout import Kind

# Blocks only: those take linear time on any page, which what is inline does not.
PARSER = MarkdownIt("commonmark").enable("table").disable("inline")
_UNTIDY = re.compile(
    r"<[/!A-Za-z]|\]:|\{/\*|\(<?data:|^[ \t]{0,3}(?:```|~~~)[^\n]*\n\s*(?:```|~~~)", re.MULTILINE
)
_LINK = re.compile(r"\[((?:[^\[\]`]|`[^`\n]*`)*)\](?:\[([^\[\]]*)\])?(?![(:\[])")
_DATA = re.compile(r"\(<?data:[^()\s]*\)")
_VERBATIM = re.compile(r"<(?:table|pre)\b", re.IGNORECASE)
_SCRIPT = re.compile(r"\s*<(?:script|style)\b", re.IGNORECASE)

Edit = Callable[[str], str | None]  # None: the lines go


def clean(text: str, *, path: str, kind: Kind, folder: Folder) -> str:
    """The page at *path* as plain Markdown; headings keep their ``{#id}``."""
    text = includes.resolve(text, path=path, kind=kind, folder=folder)
    text = admonitions.unfold(text)
    if kind == "docusaurus" or path.endswith(".mdx"):
        text = mdx.strip(text)
    return tidy(text)


def tidy(text: str) -> str:
    """The page without tags, comments, link definitions and empty fences; code stays as it is."""
    if not _UNTIDY.search(text):
        return text.strip("\n")
    env: dict[str, Any] = {}
    tokens = PARSER.parse(text, env)
    references = env.get("references", {})
    links = {label: found["href"] for label, found in references.items() if label[:1] != "^"}
    lines = text.split("\n")
    edits: list[Edit] = [partial(_prose, links=links)] * len(lines)
    for start, end, edit in (
        *((*token.map, edit) for token in tokens if token.map and (edit := _edit_of(token))),
        *((*references[label]["map"], _nothing) for label in links),
    ):
        edits[start:end] = [edit] * (min(end, len(lines)) - start)
    runs = groupby(zip(edits, lines, strict=True), key=lambda pair: pair[0])
    return "\n".join(_edited(runs)).strip("\n")


def _edited(runs: Iterable[tuple[Edit, Iterable[tuple[Edit, str]]]]) -> Iterator[str]:
    """What is left of each run of lines; where one went, no second blank line stays."""
    before = "\n"
    for edit, run in runs:
        text = edit("\n".join(line for _, line in run))
        if text is not None and edit is not _as_it_is and f"\n{before}".endswith("\n"):
            text = text.lstrip("\n") or None
        if text is not None:
            yield text
            before = text


def _edit_of(token: Token) -> Edit | None:
    if token.type == "fence" and token.level == 0 and not token.content.strip():
        return _nothing
    if token.type in ("fence", "code_block"):
        return _as_it_is
    return _html if token.type == "html_block" and token.level == 0 else None


def _as_it_is(code: str) -> str:
    return code


def _nothing(_lines: str) -> None:
    return None


def _html(block: str) -> str | None:
    """Tables and preformatted text stay HTML; of anything else, the text."""
    if _SCRIPT.match(block):
        return None
    if _VERBATIM.search(block):
        return markup.rewrite(block, lambda _tag: None)
    lines = map(str.strip, markup.rewrite(block, tags.without).split("\n"))
    return "\n".join(lines).strip("\n") or None


def _prose(text: str, *, links: Mapping[str, str]) -> str:
    text = _DATA.sub("()", _linked(markup.rewrite(text, tags.without), links))
    return re.sub(r"\n(?:[ \t]*\n){2,}", "\n\n", text)


def _linked(text: str, links: Mapping[str, str]) -> str:
    """``[text][label]`` as ``[text](address)``: a passage leaves the definitions behind."""

    def replace(match: re.Match[str]) -> str:
        href = links.get(normalizeReference(match[2] or match[1]))
        if href is None:
            return match[0]
        return f"[{match[1]}](<{href}>)" if re.search(r"[\s()]", href) else f"[{match[1]}]({href})"

    return markup.substitute(_LINK, replace, text) if links else text
