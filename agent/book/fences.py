"""Code fences, found line by line: also where what is around them is no Markdown yet."""

import re
from collections.abc import Callable
from itertools import groupby

_OPENING = re.compile(r"[ \t>]*(?:(?:[-*+]|\d{1,9}[.)])[ \t]+)*(`{3,}|~{3,})([^\n]*)")


def after(fence: str, line: str) -> str:
    """The fence that is open after *line*, where *fence* was before it; ``""`` for none.

    A fence in a quotation is written with a leading ``>`` and ends with the quotation.
    """
    if fence.startswith(">") and not line.lstrip().startswith(">"):
        fence = ""
    if fence:
        ticks = fence.lstrip(">")
        rest = line.strip(" \t>")
        return "" if rest.startswith(ticks) and not rest.strip(ticks[0]) else fence
    opening = _OPENING.match(line)
    if opening is None or (opening[1][0] == "`" and "`" in opening[2]):
        return ""
    return (">" if line.lstrip().startswith(">") else "") + opening[1]


def outside(text: str, edit: Callable[[str], str]) -> str:
    """The text with *edit* made to the lines between code fences."""
    lines = text.split("\n")
    fence, is_code = "", []
    for line in lines:
        was_open, fence = fence, after(fence, line)
        is_code.append(bool(was_open or fence))
    runs = groupby(zip(is_code, lines, strict=True), key=lambda pair: pair[0])
    parts = (("\n".join(line for _, line in run), code) for code, run in runs)
    return "\n".join(part if code else edit(part) for part, code in parts)
