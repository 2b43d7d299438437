"""Rows that limit no one any more go, a few at a time, and no request notices."""

import asyncio

import pytest

from database import connected
from limits import Bucket, Rate
from tests.live import run_sql
from tests.test_limits import limited, passes, spend

pytestmark = pytest.mark.anyio


async def test_a_sweep_removes_only_what_limits_no_one(dsn: str) -> None:
    """At most a thousand rows of each table."""
    await run_sql(
        dsn,
        "insert into rate_limits select 'full' || n, now() - interval '1 second'"
        " from generate_series(1, 1100) as n",
    )
    await run_sql(
        dsn,
        "insert into daily_budgets select 'past' || n, (now() at time zone 'utc')::date - 1, 3"
        " from generate_series(1, 1100) as n",
    )
    async with limited(dsn) as limits:
        await limits.take(Bucket("chat", "reader", Rate(1, 60)))
        await spend(limits, "reader", 1)
        await limits.sweep()
        left = "select (select count(*) from rate_limits), (select count(*) from daily_budgets)"
        assert tuple((await run_sql(dsn, left))[0]) == (101, 101)

        await limits.sweep()
        assert tuple((await run_sql(dsn, left))[0]) == (1, 1)
        assert not await passes(limits, Bucket("chat", "reader", Rate(1, 60)))
        assert not await spend(limits, "reader", 1)


async def test_a_sweep_waits_for_nobody(dsn: str) -> None:
    """A row that a take holds at this moment is left for the next time."""
    await run_sql(dsn, "insert into rate_limits values ('held', now() - interval '1 day')")
    async with limited(dsn) as limits, connected(dsn) as other, other.transaction():
        await other.execute("select key from rate_limits for update")
        async with asyncio.timeout(0.5):
            await limits.sweep()

        assert await other.fetchval("select count(*) from rate_limits") == 1


async def test_takes_sweep_by_themselves(dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """About one in a hundred; here every one."""
    monkeypatch.setattr("limits.SWEEP_ONE_IN", 1)
    await run_sql(dsn, "insert into rate_limits values ('full', now() - interval '1 day')")
    async with limited(dsn) as limits:
        await limits.take(Bucket("chat", "reader", Rate(1, 60)))

    assert len(await run_sql(dsn, "select key from rate_limits")) == 1
