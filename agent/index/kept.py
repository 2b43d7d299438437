"""Passages that were found before, with their vectors: to read them costs more than to find them.

A passage has some four vectors of 384 numbers, which an index writes out as 15 KB of JSON or of
Python's floats. Knows no index.
"""

from collections.abc import Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

from attrs import field

from agent.passages import Passage
from records import frozen

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOST = 1024  # passages; 3 KiB each with the bundled model's vectors


@frozen(eq=False)
class Kept:
    """A passage, and its vectors of length 1 as rows; float16 is how our indexes store them."""

    passage: Passage
    rows: "NDArray[Any] | None" = field(repr=False)

    @classmethod
    def of(cls, passage: Passage, stored: Any) -> "Kept":
        """*stored* is the vector of the passage, or one for each window; nothing without one."""
        if not stored:
            return cls(passage, None)
        import numpy as np

        rows = np.atleast_2d(np.array(stored, np.float32))
        lengths = np.linalg.norm(rows, axis=1, keepdims=True)
        return cls(passage, (rows / np.where(lengths, lengths, 1)).astype(np.float16))


def cosines(passages: Sequence[Kept], meaning: Sequence[float] | None) -> list[tuple[float, ...]]:
    """Of each passage's vectors to *meaning*, which need not have length 1; none without it.

    Not for the event loop: numpy lets go of the interpreter, if only twice for all of them
    (docs/decisions/0013).
    """
    rows = [each.rows for each in passages if each.rows is not None]
    if not meaning:
        return [() for _ in passages]
    if not rows:
        return [(0.0,) for _ in passages]
    import numpy as np

    wanted = np.array(meaning, np.float32)
    length = float(np.linalg.norm(wanted)) or 1.0
    near = iter((np.concatenate(rows).astype(np.float32) @ (wanted / length)).tolist())
    return [
        (0.0,) if each.rows is None else tuple(islice(near, len(each.rows))) for each in passages
    ]
