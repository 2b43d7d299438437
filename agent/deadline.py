"""One time limit for a whole answer, handed down so that every wait spends from the same purse.

Monotonic: a clock that is set forward or back moves no deadline.
"""

import asyncio
import math
import time
from collections.abc import Callable
from types import TracebackType
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


class Silence:
    """Ends a block with ``TimeoutError`` when one of its waits takes *seconds*, or is too late.

    A wait is ``begins()``, ``await``, ``ends()``. There is one timer for all of them, which looks
    at the clock now and then: one for each would cost more than the wait for a token.
    """

    def __init__(self, seconds: float, deadline: Deadline) -> None:
        self.seconds, self.deadline = seconds, deadline
        self.since: float | None = None  # the present wait began
        self._limit = asyncio.timeout(None)

    def begins(self) -> None:
        self.since = self.deadline.clock()

    def ends(self) -> None:
        self.since = None

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
        """Look again when the present wait, or one that begins now, will have been too long."""
        now = self.deadline.clock()
        began = now if self.since is None else self.since
        left = min(began + self.seconds, self.deadline.at) - now
        if left > 0:
            self._timer = self._loop.call_later(left, self._look)
        elif self.since is None:  # the deadline has passed, and who has the last item works on it
            self._timer = self._loop.call_later(self.seconds, self._look)
        else:
            self._limit.reschedule(self._loop.time())
