"""Passages that were found before, with their vectors: to read them costs more than to find them.

A passage has some four vectors of 384 numbers, which an index writes out as 15 KB of JSON or of
Python's floats. Knows no index.
"""

import math
from collections.abc import Sequence
from itertools import islice
from typing import Any

from attrs import field

from agent.passages import Passage
from records import frozen

MOST = 1024  # passages; 6 KiB each with the bundled model's vectors


@frozen(eq=False)
class Kept:
    """A passage, and its vectors of length 1, float32, one behind the other; ``b""`` without."""

    passage: Passage
    vectors: bytes = field(repr=False)

    @classmethod
    def of(cls, passage: Passage, stored: Any) -> "Kept":
        """*stored* is the vector of the passage, or one for each window; nothing without one."""
        if not stored:
            return cls(passage, b"")
        import numpy as np

        rows = np.atleast_2d(np.array(stored, np.float32))
        lengths = np.linalg.norm(rows, axis=1, keepdims=True)
        return cls(passage, (rows / np.where(lengths, lengths, 1)).tobytes())


def cosines(passages: Sequence[Kept], meaning: Sequence[float] | None) -> list[tuple[float, ...]]:
    """Of each passage's vectors to *meaning*, which need not have length 1; none without it.

    Not for the event loop: numpy lets go of the interpreter (docs/decisions/0013), but once only,
    since Python joins the vectors and measures *meaning*.
    """
    if not meaning:
        return [() for _ in passages]
    import numpy as np

    length = math.hypot(*meaning) or 1.0
    rows = np.frombuffer(b"".join([each.vectors for each in passages]), np.float32)
    found = rows.reshape(-1, len(meaning)) @ np.array(meaning, np.float32)
    near = iter([product / length for product in found.tolist()])
    size = 4 * len(meaning)
    return [tuple(islice(near, len(each.vectors) // size)) or (0.0,) for each in passages]
