"""While the database is out of reach, the same limits hold in this process's memory."""

import socket
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from database import Database, connected, open_database
from limits import LOGIN_ACCOUNT, LOGIN_PAIR, Bucket, Budget, Limits, LocalLimits, Rate
from tests.test_limits import charged, limits_on, passes, retry_after, spend

pytestmark = pytest.mark.anyio

TODAY = date(2026, 1, 1)
RATES = st.builds(Rate, st.integers(1, 9), st.sampled_from([0.5, 1, 2, 7, 60, 3600]))


@asynccontextmanager
async def out_of_reach(how: str) -> AsyncIterator[Database | None]:
    """A database that is not there, refuses, or takes a connection and then says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        if how == "refuses":
            listener.close()
        dsn = f"postgresql://nobody@127.0.0.1:{port}/nothing?sslmode=disable"
        async with open_database(dsn) as db:
            yield None if how == "is not there" else db


@pytest.mark.parametrize("how", ["is not there", "refuses", "is silent"])
async def test_without_a_database_limits_hold_in_this_process(
    how: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Limited, not open, and told once; no caller waits long for a database that hangs."""
    monkeypatch.setattr("limits.LIMIT_SECONDS", 0.05)
    bucket = Bucket("login_pair", "reader", Rate(3, 3600))
    async with out_of_reach(how) as pool:
        here = limits_on(pool)
        started = time.monotonic()
        assert [await passes(here, bucket) for _ in range(5)] == [True] * 3 + [False] * 2
        assert await retry_after(here, bucket) in {1199, 1200}
        assert [await spend(here, "site", 2) for _ in range(3)] == [True, True, False]
        await here.forget(bucket)
        assert await passes(here, bucket)
        await here.sweep()

        assert time.monotonic() - started < 3
        told = [r.message for r in caplog.records if r.name == "footnote.limits"]
        assert told == ["limits are counted in this process"]


def wait_of(local: LocalLimits, rates: Mapping[str, Rate], now: timedelta) -> timedelta:
    return local.charge(rates, {}, now=now, today=TODAY).wait


def test_memory_is_bounded_and_keeps_who_is_active(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten thousand keys; the oldest goes first, and whoever keeps asking is not the oldest."""
    monkeypatch.setattr("limits.LOCAL_KEYS", 10)
    local, rate, today = LocalLimits(), Rate(100, 3600), TODAY
    for number in range(50):
        for key in ("active", f"passer-by {number}"):
            days = {key: Budget(key, 100, "Spent.")}
            assert not local.charge({key: rate}, days, now=timedelta(0), today=today).spent

    assert len(local.tats) == len(local.budgets) == 10
    assert local.tats["active"] == 50 * rate.step
    assert local.budgets["active"] == (today, 50)


def test_a_budget_in_memory_is_renewed_the_next_day() -> None:
    """Like the one in the database."""
    local, day = LocalLimits(), timedelta(days=1)
    site = {"site": Budget("site", 1, "Spent.")}
    days = [TODAY, TODAY, TODAY + day]
    charged = [local.charge({}, site, now=timedelta(0), today=today) for today in days]

    assert [bool(each.spent) for each in charged] == [False, True, False]


@given(RATES, st.lists(st.floats(0, 2), max_size=60))
def test_no_window_admits_more_than_its_burst_and_its_time(rate: Rate, pauses: list[float]) -> None:
    """At most *count* at once, and in any window one more for each step that fits into it."""
    local, now, admitted = LocalLimits(), timedelta(0), list[timedelta]()
    for pause in pauses:
        now += rate.step * pause
        if not wait_of(local, {"key": rate}, now):
            admitted.append(now)

    for first, start in enumerate(admitted):
        for last, end in enumerate(admitted[first:], first):
            assert last - first + 1 <= rate.count + (end - start) / rate.step


@given(RATES)
def test_a_full_bucket_holds_exactly_its_count(rate: Rate) -> None:
    """Also where a step is no whole number of microseconds."""
    local = LocalLimits()
    waits = [wait_of(local, {"key": rate}, timedelta(0)) for _ in range(rate.count + 1)]

    assert [bool(wait) for wait in waits] == [False] * rate.count + [True]
    assert not wait_of(local, {"key": rate}, waits[-1])


KEYS = st.sets(st.sampled_from("abc"))
PAUSES = st.timedeltas(timedelta(0), timedelta(seconds=30))
BUDGETS = st.builds(Budget, st.just("x"), st.integers(0, 3), st.sampled_from(["Spent.", None]))


@hypothesis_settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    rates=st.fixed_dictionaries(dict.fromkeys("abc", RATES)),
    budgets=st.fixed_dictionaries(dict.fromkeys("abc", BUDGETS)),
    schedule=st.lists(st.tuples(PAUSES, KEYS, KEYS), max_size=30),
)
async def test_memory_and_database_decide_alike(
    dsn: str,
    rates: dict[str, Rate],
    budgets: dict[str, Budget],
    schedule: list[tuple[timedelta, set[str], set[str]]],
) -> None:
    """Every charge of any schedule, to the microsecond: in a transaction now() stands still."""
    local, now = LocalLimits(), timedelta(0)
    async with connected(dsn) as db:
        await db.execute("begin")
        for pause, keys, payers in schedule:
            now += pause
            await db.execute("update rate_limits set tat = tat - $1::interval", pause)
            asked = {key: rates[key] for key in keys}
            paying = {key: budgets[key] for key in payers}
            decided = await charged(db, asked, paying)
            here = local.charge(asked, paying, now=now, today=TODAY)

            assert (decided.wait, {*decided.spent}) == (here.wait, {*here.spent})


async def test_limits_return_to_the_database(dsn: str, caplog: pytest.LogCaptureFixture) -> None:
    """As soon as it answers; both times an operator is told."""
    bucket = Bucket("chat", "reader", Rate(1, 60))
    here = limits_on(None)
    await here.take(bucket)
    async with open_database(dsn) as here.db:
        assert [await passes(here, bucket) for _ in range(2)] == [True, False]

    assert caplog.messages == [
        "limits are counted in this process",
        "limits are counted in the database",
    ]


async def test_switched_off_nothing_is_limited_but_the_site_s_own_budget() -> None:
    """What the operator pays for is not a matter of who asks."""
    limits = Limits(None, secret="a secret", enabled=False)
    never = Bucket("chat", "reader", Rate(1, 3600))

    assert all([await passes(limits, never) for _ in range(3)])
    reader, site = Budget("reader", 1, "Spent."), Budget("site", 1, None, always=True)
    assert all([await limits.charge((), [reader]) for _ in range(3)])
    assert [await limits.charge([never], [reader, site]) for _ in range(2)] == [True, False]


def test_one_stranger_cannot_use_up_the_tries_of_an_owner() -> None:
    """Who guesses from one address for hours leaves at least half of the account's tries."""
    assert LOGIN_PAIR.count / LOGIN_PAIR.seconds <= LOGIN_ACCOUNT.count / LOGIN_ACCOUNT.seconds / 2
