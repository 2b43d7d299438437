"""When to leave a provider alone: a circuit breaker. Pure state over a clock; it asks nobody.

Closed, everybody may ask. Open, nobody. When the pause is over it is half-open: one attempt, the
probe, finds out whether it closes or opens for longer.
"""

import logging
import random
import time
from collections.abc import Callable

from attrs import define, field

from agent.providers import ProviderFailed

FAILURES = 3  # in a row
SHORTEST, LONGEST = 0.5, 30.0  # seconds
LONGEST_WISH = 60.0  # seconds of a Retry-After that are honoured
NOT_THEIRS = {"rejected", "empty"}  # due to what was asked, not to who was
UNHEALING = {"unauthorised", "redirected", "misconfigured", "no_credit"}  # until somebody acts

_log = logging.getLogger("footnote.providers")


@define(eq=False)
class Breaker:
    """Opens after three failures in a row, and at once if it is told to wait or not let in.

    An attempt tells its outcome with the number that admitted it. What was asked before the
    breaker opened says nothing about now: such an outcome changes nothing.
    """

    name: str
    clock: Callable[[], float] = time.monotonic
    _period: int = field(init=False, default=1)  # one more with each opening
    _failures: int = field(init=False, default=0)  # since the last whole answer
    _until: float | None = field(init=False, default=None)  # None: closed
    _probing: bool = field(init=False, default=False)

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
            _log.info("model probed: provider=%s", self.name)
        return self._period

    def began(self, number: int) -> None:
        """The answer has begun: closed. Failures still count until an answer is whole."""
        if number == self._period and self._until is not None:
            self._until, self._probing = None, False
            _log.info("model back: provider=%s", self.name)

    def succeeded(self, number: int) -> None:
        self.began(number)
        if number == self._period:
            self._failures = 0

    def failed(self, number: int, failure: ProviderFailed) -> None:
        if number != self._period or failure.reason in NOT_THEIRS:
            return
        self._failures += 1
        if pause := self._pause(failure):
            self._period += 1
            self._until, self._probing = self.clock() + pause, False
            seconds, reason = round(pause, 1), failure.reason
            _log.warning(
                "model left alone: provider=%s seconds=%s reason=%s", self.name, seconds, reason
            )

    def release(self, number: int) -> None:
        """The attempt is over. A probe without outcome leaves its place to the next."""
        if number == self._period:
            self._probing = False

    def _pause(self, failure: ProviderFailed) -> float:
        """Seconds to stay open, 0 to stay closed."""
        if failure.reason in UNHEALING:
            return LONGEST
        wish = min(failure.retry_after or 0.0, LONGEST_WISH)
        if not self._probing and self._failures < FAILURES:
            return wish
        doublings = min(10, max(0, self._failures - FAILURES))
        usual = min(LONGEST, SHORTEST * (1 << doublings))
        return max(wish, usual * random.uniform(0.5, 1.0))  # noqa: S311 - jitter
