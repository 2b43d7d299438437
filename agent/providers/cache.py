"""Answers that models gave before, to be given again to the very same messages. Asks nobody.

An answer is found by a hash of all that the model saw: rules, sources, scope and question. So an
edited book, other rules or another model find nothing old.
"""

import time
from collections.abc import Callable, Sequence
from hashlib import sha256

import orjson
from attrs import define, evolve, field

from agent.providers import Answered, Message, Provider
from models import Usage
from records import frozen

MAX_BYTES = 8_000_000  # of all answers
MAX_AGE = 24 * 3600.0  # seconds
PIECE = 500  # characters
AT_ONCE = 2047  # bytes: hashlib's HASHLIB_GIL_MINSIZE is one more


def key(messages: Sequence[Message], providers: Sequence[Provider]) -> bytes:
    """What *providers* would answer *messages* from, as 32 bytes."""
    models = [(provider.name, provider.model) for provider in providers]
    said = [(message.role, message.content) for message in messages]
    seen = orjson.dumps([models, said])
    hashed = sha256()
    # More at once lets go of the interpreter, which comes back milliseconds later beside a thread
    # that works.
    for start in range(0, len(seen), AT_ONCE):
        hashed.update(seen[start : start + AT_ONCE])
    return hashed.digest()


@frozen
class _Kept:
    text: str
    end: Answered
    since: float  # seconds on the cache's clock
    size_bytes: int


@define(eq=False)
class AnswerCache:
    """At most *size* answers and 8 MB, none older than a day; the least recently used goes first.

    Lives in the process, and ends with it.
    """

    size: int = 0
    clock: Callable[[], float] = time.monotonic
    _kept: dict[bytes, _Kept] = field(init=False, factory=dict)  # the last one was used last
    _bytes: int = field(init=False, default=0)

    def replay(self, key: bytes) -> tuple[Sequence[str], Answered] | None:
        """The answer in a few pieces, and its end, which costs nothing; ``None``: not known."""
        kept = self._take(key)
        if kept is None or self.clock() - kept.since >= MAX_AGE:
            return None
        self._put(key, kept)
        starts = range(0, len(kept.text), PIECE)
        return [kept.text[start : start + PIECE] for start in starts], kept.end

    def keep(self, key: bytes, text: str, end: Answered) -> None:
        """Keep an answer, unless it is not whole by the model's own account."""
        size_bytes = len(text.encode())
        if not self.size or end.finish_reason != "stop" or size_bytes > MAX_BYTES:
            return
        again = evolve(end, usage=Usage(), cost_usd=0.0, is_cached=True)
        self._take(key)
        self._put(key, _Kept(text, again, self.clock(), size_bytes))
        while len(self._kept) > self.size or self._bytes > MAX_BYTES:
            self._take(next(iter(self._kept)))

    def _take(self, key: bytes) -> _Kept | None:
        kept = self._kept.pop(key, None)
        self._bytes -= kept.size_bytes if kept else 0
        return kept

    def _put(self, key: bytes, kept: _Kept) -> None:
        self._kept[key] = kept
        self._bytes += kept.size_bytes
