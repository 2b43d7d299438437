"""Text without what nobody sees: controls, bidi overrides, invisible tags, halves of characters.

Escapes nothing and normalises nothing: JSON carries text as it is, and who shows it escapes it.
Knows neither Markdown nor HTTP.
"""

import re

# Joiners, direction marks and isolates stay: Persian, Urdu, Hebrew and emoji are written with them.
UNSEEN = (
    r"\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f"  # controls, but for tab and line feed
    r"\u202a-\u202e"  # bidi embeddings and overrides, which show code in another order
    r"\ufeff"  # byte order mark
    r"\ud800-\udfff"  # halves of a surrogate pair, which no UTF-8 can carry
    r"\U000e0000-\U000e007f"  # tags: text that models read and people do not
)
_UNSEEN = re.compile(f"[{UNSEEN}]+")
_ESCAPE = re.compile(
    rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    rb"|(?P<half>u[dD][89a-fA-F][0-9a-fA-F]{2})|.)",
    re.DOTALL,
)


def clean(text: str) -> str:
    r"""*text* without unseen characters; ``\r\n`` and ``\r`` are ``\n``. Idempotent."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return _UNSEEN.sub("", text)


class CleanStream:
    """``clean`` for text that comes in pieces: any split gives the same, nothing is held back."""

    def __init__(self) -> None:
        self.after_return = False

    def feed(self, text: str) -> str:
        if not text:
            return ""
        rest = text.removeprefix("\n") if self.after_return else text
        self.after_return = text.endswith("\r")
        return clean(rest)


def has_lone_surrogate(raw: bytes) -> bool:
    r"""Whether a string of the JSON text *raw* escapes half of a surrogate pair, like ``"\ud800"``.

    Says nothing about bytes that are no JSON. O(bytes).
    """
    return any(escape["half"] for escape in _ESCAPE.finditer(raw))
