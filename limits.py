"""How often one caller may do something: buckets of tokens, and budgets of a UTC day.

Counted in Postgres, for all processes at once; while it is out of reach the same rules hold within
this process: limited, not open. Knows neither requests nor who signs in.
"""

import hmac
import logging
import math
import random
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from typing import TypeVar

from database import OUTAGES, Database
from models import Charged
from problems import BudgetSpent, DatabaseUnavailable, TooManyRequests
from queries import limits as statements
from records import frozen

log = logging.getLogger("footnote.limits")

T = TypeVar("T")

NO_TIME, SECOND = timedelta(0), timedelta(seconds=1)
DAY_SECONDS = 86_400
LIMIT_SECONDS = 1.0  # a database slower than that is out of reach: the reader is waiting
LOCAL_KEYS = 10_000
SWEPT_ROWS = 1_000
SWEEP_ONE_IN = 100


@frozen
class Rate:
    """*count* at once, then one more with every *seconds* / *count* that pass."""

    count: int
    seconds: float

    @property
    def span(self) -> timedelta:
        """In which an empty bucket fills."""
        return timedelta(seconds=self.seconds)

    @property
    def step(self) -> timedelta:
        """In which one token comes; rounded down, or *count* steps might exceed the span."""
        return self.span // self.count


@frozen
class Bucket:
    """The tokens that one *subject* has for one *action*."""

    action: str
    subject: str  # an address, an e-mail, a user's id; only its keyed hash is stored
    rate: Rate


@frozen
class Budget:
    """The questions that one *subject* has on a UTC day."""

    subject: str
    per_day: int
    refusal: str | None  # what a reader is told when it is spent; None: the question goes on
    always: bool = False  # also where limits are switched off


REGISTER_IP = Rate(10, 3600)
LOGIN_IP = Rate(30, 60)
LOGIN_PAIR = Rate(5, 900)  # account and address: a stranger uses up his own tries, not the owner's
LOGIN_ACCOUNT = Rate(50, 3600)
PASSWORD_USER = Rate(5, 60)
GUEST_IP = Rate(30, 3600)  # a class shares one address; two other limits bound what it costs
CHAT_USER = Rate(20, 60)
CHAT_IP = Rate(10, 60)
CHAT_GUESTS_IP = Rate(60, 60)  # of all guests of one address

USER_PER_DAY = 300
GUEST_PER_DAY = 50
IP_PER_DAY = 300


class Limits:
    """*db* is ``None`` without a database; *secret* keys the hashes of subjects."""

    def __init__(self, db: Database | None, *, secret: str, enabled: bool) -> None:
        self.db, self.enabled = db, enabled
        self.secret = secret.encode()
        self.local = LocalLimits()
        self.is_local = False

    async def take(self, *buckets: Bucket) -> None:
        """A token from every bucket, or ``TooManyRequests`` and none taken."""
        await self.charge(buckets)

    async def charge(self, buckets: Sequence[Bucket] = (), budgets: Sequence[Budget] = ()) -> bool:
        """A token from every bucket and a question from every budget. One statement, exact.

        Whether every budget had a question left. Raises ``TooManyRequests``, and ``BudgetSpent`` in
        the words of the first budget that refuses.

        GCRA: a bucket is the time at which it will be full. All or nothing, because a refusal by
        one bucket must not drain another: a stranger whose own address is refused could otherwise
        empty the account's bucket with the refused tries, and so lock its owner out.
        """
        rates = {self._key(b.action, b.subject): b.rate for b in buckets if self.enabled}
        days = {self._key("day", b.subject): b for b in budgets if self.enabled or b.always}
        if not (rates or days):
            return True
        charged = await self._charged(rates, days)
        if charged.wait:
            raise refusal(charged.wait)
        spent = [budget for key, budget in days.items() if key in charged.spent]
        for detail in filter(None, (budget.refusal for budget in spent)):
            raise BudgetSpent(detail, headers={"Retry-After": str(seconds_until_midnight())})
        await self._sweep_sometimes()
        return not spent

    async def _charged(self, rates: Mapping[str, Rate], budgets: Mapping[str, Budget]) -> Charged:
        try:
            charged = await statements.charge(
                self._near,
                buckets=[*rates],
                steps=[rate.step.total_seconds() for rate in rates.values()],
                spans=[rate.span.total_seconds() for rate in rates.values()],
                budgets=[*budgets],
                per_day=[budget.per_day for budget in budgets.values()],
                needed=[budget.refusal is not None for budget in budgets.values()],
            )
        except DatabaseUnavailable:
            self._note(local=True)
            now, today = timedelta(seconds=time.monotonic()), datetime.now(UTC).date()
            return self.local.charge(rates, budgets, now=now, today=today)
        self._note(local=False)
        return charged

    async def forget(self, *buckets: Bucket) -> None:
        """Fill *buckets*, as a successful login does. Without a database, only here."""
        keys = [self._key(bucket.action, bucket.subject) for bucket in buckets]
        self.local.forget(keys)
        if self.enabled:
            with suppress(*OUTAGES):
                await statements.forget(self._near, keys=keys)

    async def sweep(self) -> None:
        """Delete some of what limits no one any more. Never raises."""
        with suppress(*OUTAGES):
            await statements.sweep(self._near, at_most=SWEPT_ROWS)

    @property
    def _near(self) -> Database | None:
        return self.db and self.db.within(LIMIT_SECONDS)

    async def _sweep_sometimes(self) -> None:
        if not self.is_local and random.random() * SWEEP_ONE_IN < 1:  # noqa: S311 - a draw
            await self.sweep()

    def _key(self, action: str, subject: str) -> str:
        # Not hmac.digest(), which lets go of the interpreter: docs/decisions/0013.
        keyed = hmac.new(self.secret, f"{action}\0{subject}".encode(), "sha256")
        return keyed.hexdigest()[:32]

    def _note(self, *, local: bool) -> None:
        """Say it once when limits change their place."""
        if local != self.is_local:
            self.is_local = local
            log.warning("limits are counted %s", "in this process" if local else "in the database")


class LocalLimits:
    """What the statements do, in this process's memory; the oldest key makes room for a new one."""

    def __init__(self) -> None:
        self.tats: dict[str, timedelta] = {}
        self.budgets: dict[str, tuple[date, int]] = {}

    def charge(
        self,
        rates: Mapping[str, Rate],
        budgets: Mapping[str, Budget],
        *,
        now: timedelta,
        today: date,
    ) -> Charged:
        """*now* counts from any fixed moment."""
        tats = {key: max(self.tats.get(key, now), now) + rate.step for key, rate in rates.items()}
        wait = max((tats[key] - now - rate.span for key, rate in rates.items()), default=NO_TIME)
        if wait > NO_TIME:
            return Charged(wait, ())
        used = {key: self._used(key, today) for key in budgets}
        spent = {key for key, budget in budgets.items() if used[key] >= budget.per_day}
        if not any(budgets[key].refusal for key in spent):
            for key, tat in tats.items():
                _put(self.tats, key, tat)
            for key in used.keys() - spent:
                _put(self.budgets, key, (today, used[key] + 1))
        return Charged(NO_TIME, spent)

    def _used(self, key: str, today: date) -> int:
        day, used = self.budgets.get(key, (today, 0))
        return used if day == today else 0

    def forget(self, keys: list[str]) -> None:
        for key in keys:
            self.tats.pop(key, None)


def _put(kept: dict[str, T], key: str, value: T) -> None:
    kept.pop(key, None)  # to the end: what is in use is never the oldest
    kept[key] = value
    if len(kept) > LOCAL_KEYS:
        del kept[next(iter(kept))]


def refusal(wait: timedelta) -> TooManyRequests:
    """Says when it will work: never too early, so to the next whole second."""
    seconds = min(DAY_SECONDS, max(1, math.ceil(wait / SECOND)))
    return TooManyRequests(
        f"That was too often. Please try again in {in_words(seconds)}.",
        headers={"Retry-After": str(seconds)},
    )


def in_words(seconds: int) -> str:
    """Seconds, minutes or hours, rounded up."""
    for size, unit in ((3600, "hour"), (60, "minute")):
        if seconds > size:
            return f"{math.ceil(seconds / size)} {unit}s"
    return "1 second" if seconds == 1 else f"{seconds} seconds"


def seconds_until_midnight() -> int:
    """Until budgets renew, in UTC: 1 to 86,400."""
    now = datetime.now(UTC)
    return DAY_SECONDS - (now.hour * 3600 + now.minute * 60 + now.second)
