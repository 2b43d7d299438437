"""What nobody sees in a text, and a model reads all the same. Pure.

Wider than ``plain_text``, which keeps what some script is written with: a prompt is never shown.
"""

import re

UNSEEN = (
    r"\x00-\x08\x0b-\x1f\x7f-\x9f"  # controls, but for tab and line feed
    r"\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\uffa0"  # fillers, soft hyphen
    r"\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff0-\ufffb"  # zero width, bidi
    r"\ufe00-\ufe0e"  # variation selectors but emoji's own: a byte can be hidden in each
    r"\ud800-\udfff\U000e0000-\U000e0fff"  # halves of a pair, tags
)
_UNSEEN = re.compile(f"[{UNSEEN}]+")
_JOINERS = re.compile(r"[\u200c\u200d]+")


def visible(text: str) -> str:
    """*text* without unseen characters; Persian, Hindi and emoji keep their joiners. Idempotent."""
    if text.isascii():
        return _UNSEEN.sub("", text)
    return _JOINERS.sub(_joiner, _UNSEEN.sub("", text))


def _joiner(run: re.Match[str]) -> str:
    """One joiner where it joins: between two characters that are not ASCII."""
    before, after = run.string[: run.start()][-1:], run.string[run.end() : run.end() + 1]
    return run[0][0] if max(before, " ") > "\x7f" < max(after, " ") else ""
