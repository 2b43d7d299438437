"""How often one caller may do something: buckets of tokens, and budgets of a UTC day.

Counted in Postgres, for all processes at once; while it is out of reach the same rules hold within
this process: limited, not open. Knows neither requests nor who signs in.
"""

import hmac
import logging
import math
import secrets
import time
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from typing import TypeVar

from attrs import frozen

from database import OUTAGES, Database
from problems import DatabaseUnavailable, TooManyRequests
from queries import limits as statements

log = logging.getLogger("footnote.limits")

T = TypeVar("T")

SECOND = timedelta(seconds=1)
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
        """A token from every bucket, or ``TooManyRequests`` and none taken. One statement.

        GCRA: a bucket is the time at which it will be full. All or nothing, because a refusal by
        one bucket must not drain another: a stranger whose own address is refused could otherwise
        empty the account's bucket with the refused tries, and so lock its owner out. Only calls
        that create a bucket at the same moment may lose a token of another to a refusal; none ever
        gets one too many.
        """
        if not (self.enabled and buckets):
            return
        rates = {self._key(bucket.action, bucket.subject): bucket.rate for bucket in buckets}
        try:
            wait = await statements.take(
                self._near,
                keys=[*rates],
                steps=[rate.step.total_seconds() for rate in rates.values()],
                spans=[rate.span.total_seconds() for rate in rates.values()],
            )
            self._note(local=False)
        except DatabaseUnavailable:
            self._note(local=True)
            wait = self.local.take(rates, now=timedelta(seconds=time.monotonic()))
        if wait:
            raise refusal(wait)
        await self._sweep_sometimes()

    async def forget(self, *buckets: Bucket) -> None:
        """Fill *buckets*, as a successful login does. Without a database, only here."""
        keys = [self._key(bucket.action, bucket.subject) for bucket in buckets]
        self.local.forget(keys)
        if self.enabled:
            with suppress(*OUTAGES):
                await statements.forget(self._near, keys=keys)

    async def spend(self, subject: str, per_day: int, *, always: bool = False) -> bool:
        """Whether *subject* had a question left today (UTC); it is spent now.

        Exact under concurrency. *always*: also where limits are switched off.
        """
        if not (self.enabled or always):
            return True
        key = self._key("day", subject)
        try:
            spent = await statements.spend(self._near, key=key, per_day=per_day)
            self._note(local=False)
        except DatabaseUnavailable:
            self._note(local=True)
            spent = self.local.spend(key, per_day, today=datetime.now(UTC).date())
        await self._sweep_sometimes()
        return spent

    async def sweep(self) -> None:
        """Delete some of what limits no one any more. Never raises."""
        with suppress(*OUTAGES):
            await statements.sweep(self._near, at_most=SWEPT_ROWS)

    @property
    def _near(self) -> Database | None:
        return self.db and self.db.within(LIMIT_SECONDS)

    async def _sweep_sometimes(self) -> None:
        if not self.is_local and secrets.randbelow(SWEEP_ONE_IN) == 0:
            await self.sweep()

    def _key(self, action: str, subject: str) -> str:
        return hmac.digest(self.secret, f"{action}\0{subject}".encode(), "sha256")[:16].hex()

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

    def take(self, rates: Mapping[str, Rate], *, now: timedelta) -> timedelta:
        """Zero and a token of each key, or the wait; *now* counts from any fixed moment."""
        tats = {key: max(self.tats.get(key, now), now) + rate.step for key, rate in rates.items()}
        wait = max(tats[key] - now - rate.span for key, rate in rates.items())
        if wait > timedelta(0):
            return wait
        for key, tat in tats.items():
            _put(self.tats, key, tat)
        return timedelta(0)

    def forget(self, keys: list[str]) -> None:
        for key in keys:
            self.tats.pop(key, None)

    def spend(self, key: str, per_day: int, *, today: date) -> bool:
        day, used = self.budgets.get(key, (today, 0))
        used = used if day == today else 0
        if used >= per_day:
            return False
        _put(self.budgets, key, (today, used + 1))
        return True


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
