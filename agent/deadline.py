"""One time limit for a whole answer, handed down so that every wait spends from the same purse.

Monotonic: a clock that is set forward or back moves no deadline.
"""

import asyncio
import math
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from attrs import field

from records import frozen


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


class Silence:
    """Ends a block with ``TimeoutError`` when nothing is heard until *first*, or later for *gap* s.

    Nor does the block outlast *deadline*. There is one timer, which looks now and then how long ago
    something was heard: one for each word would cost more than the word.
    """

    def __init__(self, first: Deadline, gap: float, deadline: Deadline) -> None:
        self.first, self.gap, self.deadline = first, gap, deadline
        self.last: float | None = None  # heard
        self._limit = asyncio.timeout(None)

    def heard(self) -> None:
        is_first, self.last = self.last is None, self.deadline.clock()
        if is_first:  # from now on it is about the gap, which may be shorter
            self._timer.cancel()
            self._look()

    async def __aenter__(self) -> Self:
        await self._limit.__aenter__()
        self._loop = asyncio.get_running_loop()
        self._look()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._timer.cancel()
        await self._limit.__aexit__(kind, error, trace)

    def _look(self) -> None:
        """Look again when it will have been silent for too long, if nothing is heard before."""
        until = self.first.at if self.last is None else self.last + self.gap
        left = min(until, self.deadline.at) - self.deadline.clock()
        if left > 0:
            self._timer = self._loop.call_later(left, self._look)
        else:
            self._limit.reschedule(self._loop.time())
