"""UUIDs of version 7 (RFC 9562): unique, and sorted by the time they were made."""

import os
import time
from datetime import UTC, datetime
from threading import Lock
from uuid import UUID

AHEAD = 1024  # bytes

_lock = Lock()
_last = 0
# Read ahead: each look into the system's source lets go of the interpreter, and beside a thread
# that works it comes back milliseconds later. A fork must not draw what its parent draws.
_words: list[int] = []
os.register_at_fork(after_in_child=_words.clear)


def uuid7() -> UUID:
    """A new id, greater than every id this process made before, also when the clock jumps back.

    48 bits of milliseconds, then 12 bits of their fraction as a counter (RFC 9562 §6.2, method 3),
    then 62 random bits.
    """
    global _last  # noqa: PLW0603 - the one word of state that keeps ids in order
    with _lock:
        milliseconds, rest = divmod(time.time_ns(), 1_000_000)
        _last = now = max(milliseconds << 12 | (rest << 12) // 1_000_000, _last + 1)
        if not _words:
            _words.extend(memoryview(os.urandom(AHEAD)).cast("Q"))
        random = _words.pop()
    value = (now >> 12) << 80 | 0x7 << 76 | (now & 0xFFF) << 64 | 0b10 << 62
    return UUID(int=value | random >> 2)


def made_at(identifier: UUID) -> datetime | None:
    """When an id of version 7 was made; of another version nobody knows."""
    if identifier.version != 7:
        return None
    return datetime.fromtimestamp((identifier.int >> 80) / 1000, UTC)
