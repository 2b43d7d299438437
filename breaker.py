"""When to leave a dependency alone: a circuit breaker. Pure state over a clock; it asks nobody.

Closed, everybody may ask. Open, nobody. When the pause is over it is half-open: one attempt, the
probe, finds out whether it closes or opens for longer. Knows no dependency by name or error.
"""

import logging
import random
import time
from collections.abc import Callable

from attrs import define, field

SHORTEST = 0.5  # seconds

_log = logging.getLogger("footnote.breakers")


@define(eq=False)
class Breaker:
    """Opens after *failures* in a row, and at once where a failure wishes for a pause.

    An attempt tells its outcome with the number that admitted it. What was asked before the
    breaker opened says nothing about now: such an outcome changes nothing.
    """

    name: str
    clock: Callable[[], float] = time.monotonic
    failures: int = 3  # in a row
    longest: float = 30.0  # seconds; but a wish is granted
    _period: int = field(init=False, default=1)  # one more with each opening
    _failed: int = field(init=False, default=0)  # since the last success
    _until: float | None = field(init=False, default=None)  # None: closed
    _probing: bool = field(init=False, default=False)

    @property
    def is_open(self) -> bool:
        """Also while it is half-open."""
        return self._until is not None

    def wait(self) -> float:
        """Seconds until it may admit; 0 while it is closed."""
        return 0.0 if self._until is None else max(0.0, self._until - self.clock())

    def admit(self) -> int | None:
        """The number of an attempt, or ``None``. What was admitted must be released."""
        if self._until is not None:
            if self._probing or self.wait():
                return None
            self._probing = True
            _log.info("probed: dependency=%s", self.name)
        return self._period

    def began(self, number: int) -> None:
        """It answers: closed. Failures still count until an answer is whole."""
        if number == self._period and self._until is not None:
            self._until, self._probing = None, False
            _log.info("back: dependency=%s", self.name)

    def succeeded(self, number: int) -> None:
        self.began(number)
        if number == self._period:
            self._failed = 0

    def failed(self, number: int, reason: str, *, wish: float = 0.0) -> None:
        """*wish* is for how many seconds it is to be left alone, however few failures there were.

        0 leaves that to the row of failures. *reason* goes to the log: a word, no one's data.
        """
        if number != self._period:
            return
        self._failed += 1
        if pause := self._pause(wish):
            self._period += 1
            self._until, self._probing = self.clock() + pause, False
            seconds, left_alone = round(pause, 1), "left alone: dependency=%s seconds=%s reason=%s"
            _log.warning(left_alone, self.name, seconds, reason)

    def release(self, number: int) -> None:
        """The attempt is over. A probe without outcome leaves its place to the next."""
        if number == self._period:
            self._probing = False

    def _pause(self, wish: float) -> float:
        """Seconds to stay open, 0 to stay closed."""
        if not self._probing and self._failed < self.failures:
            return wish
        doublings = min(10, max(0, self._failed - self.failures))
        usual = min(self.longest, SHORTEST * (1 << doublings))
        return max(wish, usual * random.uniform(0.5, 1.0))  # noqa: S311 - jitter
