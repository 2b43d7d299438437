"""Tags and comments in prose. Code spans are never touched; all of it takes linear time."""

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator
from html import unescape

from agent.book.folder import printable
from records import frozen

LONGEST_TAG = 5000  # characters; a component's properties can be a whole table
_MARK = re.compile(r"`+|<!--|\{/\*|<(?=/?[A-Za-z])")
_NAME = re.compile(r"<(/?)([A-Za-z][\w.-]*)(?=[\s/>])")
_STOP = re.compile(r"[\"'{}<>]")
_RUN = re.compile(r"`+|\n[ \t]*\n")
_COMMENTS = {"<!--": "-->", "{/*": "*/}"}

Replace = Callable[[re.Match[str]], str]


@frozen
class Tag:
    """``<Name attribute="value">``, of HTML or of a component."""

    name: str
    attributes: str
    closes: bool
    is_empty: bool  # <Name />

    def get(self, name: str) -> str:
        """The text of an attribute, ``""`` if it has none."""
        pattern = rf"(?<![\w-]){name}\s*=\s*\{{?\s*([\"'`])(.*?)\1"
        match = re.search(pattern, self.attributes, re.DOTALL)
        return printable(unescape(match[2])) if match else ""


def rewrite(text: str, replace: Callable[[Tag], str | None]) -> str:
    """The text without comments, and with what *replace* makes of each tag; None keeps it."""
    parts: list[str] = []
    copied = at = 0
    spans = dict(code_spans(text))
    last = {end: text.rfind(end) for end in _COMMENTS.values()}
    while mark := _MARK.search(text, at):
        start, new = mark.start(), None
        if end := _COMMENTS.get(mark[0]):
            is_closed = mark.end() <= last[end]
            at = text.index(end, mark.end()) + len(end) if is_closed else mark.end()
            new = "" if is_closed else None
        elif found := _tag(text, start) if mark[0] == "<" else None:
            tag, at = found
            new = replace(tag)
        else:
            at = spans.get(start, mark.end())
        if new is not None:
            parts += (text[copied:start], new)
            copied = at
    return "".join([*parts, text[copied:]])


def substitute(pattern: re.Pattern[str], replace: Replace, text: str) -> str:
    """``pattern.sub`` but for what begins in a code span."""
    spans = list(code_spans(text))

    def checked(match: re.Match[str]) -> str:
        before = bisect_right(spans, (match.start(), len(text)))
        is_code = before > 0 and match.start() < spans[before - 1][1]
        return match[0] if is_code else replace(match)

    return pattern.sub(checked, text)


def code_spans(text: str) -> Iterator[tuple[int, int]]:
    """Start and end of every code span. None crosses a blank line."""
    runs = list(_RUN.finditer(text))
    closing: dict[int, int] = {}  # by the number of backticks, the nearest run to the right
    partner: list[int | None] = [None] * len(runs)
    for number in reversed(range(len(runs))):
        if runs[number][0][0] == "\n":
            closing.clear()
            continue
        partner[number] = closing.get(len(runs[number][0]))
        closing[len(runs[number][0])] = number
    number = 0
    while number < len(runs):
        closer = partner[number]
        if closer is not None and text[runs[number].start() - 1 : runs[number].start()] != "\\":
            yield runs[number].start(), runs[closer].end()
            number = closer
        number += 1


def _tag(text: str, start: int) -> tuple[Tag, int] | None:
    """The tag that begins at *start*, and where it ends."""
    name = _NAME.match(text, start)
    end = _end(text, name.end()) if name else None
    if name is None or end is None:
        return None
    attributes = text[name.end() : end - 1]
    return Tag(name[2], attributes, name[1] == "/", attributes.endswith("/")), end


def _end(text: str, at: int) -> int | None:
    """After the ``>`` that closes a tag, which is not in a string or an ``{expression}``."""
    depth, limit = 0, at + LONGEST_TAG
    while stop := _STOP.search(text, at, limit):
        at = stop.end()
        if stop[0] in "\"'":
            at = text.find(stop[0], at, limit) + 1
            if not at:
                return None
        elif stop[0] in "{}":
            depth += 1 if stop[0] == "{" else -1
            if depth > 9:  # so that a page of "<a {" takes linear time
                return None
        elif depth <= 0:
            return at if stop[0] == ">" else None
    return None
