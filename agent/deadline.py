"""One time limit for a whole answer, handed down so that every wait spends from the same purse.

Monotonic: a clock that is set forward or back moves no deadline.
"""

import math
import time
from collections.abc import Callable
from typing import Self

from attrs import field, frozen


@frozen
class Deadline:
    """A moment after which an answer has lost its worth."""

    at: float  # seconds on *clock*
    clock: Callable[[], float] = field(default=time.monotonic, eq=False, repr=False)

    @classmethod
    def after(cls, seconds: float, clock: Callable[[], float] = time.monotonic) -> Self:
        return cls(clock() + seconds, clock)

    def left(self) -> float:
        """Seconds to go, more than 0. Raises ``TimeoutError`` when there are none."""
        left = self.at - self.clock()
        if left <= 0:
            raise TimeoutError
        return left

    def fits(self, seconds: float) -> bool:
        """Whether a wait of *seconds* ends before the deadline."""
        return self.clock() + seconds < self.at

    def share(self, at_most: float = math.inf, fraction: float = 1.0) -> "Deadline":
        """The deadline of one step: *fraction* of what is left, but *at_most* so many seconds.

        Never later than this one; never raises: a deadline that has passed stays passed.
        """
        now = self.clock()
        return Deadline(now + min(at_most, fraction * (self.at - now)), self.clock)
