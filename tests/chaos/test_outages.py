"""The promise: what a reply says is kept is kept, once, and no reader sees that anything broke."""

import asyncio
import signal
import time
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from tests.chaos.conftest import Figure
from tests.chaos.crowd import Crowd
from tests.chaos.outages import Postgres
from tests.chaos.process import Process
from tests.live import run_sql

pytestmark = pytest.mark.anyio

BACKENDS = """
select count(*)
from pg_stat_activity
where datname = 'footnote' and pid <> pg_backend_pid()
"""


async def ids(postgres: Postgres, table: str, column: str) -> list[UUID]:
    return [row[0] for row in await run_sql(postgres.server.dsn, f"select {column} from {table}")]


async def drained(directory: Path) -> float:
    """Seconds until the spool was empty."""
    started = time.monotonic()
    async with asyncio.timeout(60):
        while list(directory.glob("*.seg")):
            await asyncio.sleep(0.1)
    return time.monotonic() - started


async def connections(postgres: Postgres) -> int:
    ((count,),) = await run_sql(postgres.server.dsn, BACKENDS)
    return int(count)


async def test_nothing_acknowledged_is_lost_and_nobody_notices(
    mortal: Postgres, home: Path, tmp_path: Path, scale: int, figure: Figure
) -> None:
    """The database is killed, stopped, paused and cut off, the service is killed; people ask on."""
    chats, outages, kills = (10_000, 20, 4) if scale > 1 else (500, 4, 1)
    spool = tmp_path / "spool"
    environ = {"DATABASE_URL": mortal.dsn, "SPOOL_DIR": str(spool)}
    with Process(home, tmp_path / "log", environ) as service:
        crowd = Crowd(service.url)
        await crowd.log_in(20)
        await crowd.ask(200)
        before, descriptors = service.mebibytes, service.descriptors - await connections(mortal)
        asking = asyncio.create_task(crowd.ask(chats))
        await _break(mortal, service, crowd, asking, (chats, outages, kills))
        await asking
        waited = await drained(spool)
        await crowd.ask(200)
        grown, backends = service.mebibytes - before, await connections(mortal)
        left = service.descriptors - backends - descriptors  # beside the pool, which may have grown
    logged = await ids(mortal, "interaction_logs", "interaction_id")
    kept = await ids(mortal, "exchanges", "exchange_id")
    lost = crowd.acknowledged - {*logged}, crowd.kept - {*kept}
    figure(
        f"{crowd.asked} chats, {outages} outages, {kills} kills: {len(crowd.acknowledged)} "
        f"acknowledged, lost {len(lost[0])} and {len(lost[1])} of {len(crowd.kept)} exchanges, "
        f"{dict(crowd.stored)}, statuses {dict(crowd.statuses)}, p50 {crowd.quantile(0.5):.3f} s, "
        f"p99 {crowd.quantile(0.99):.3f} s, max {max(crowd.seconds):.2f} s, {grown:+.1f} MiB, "
        f"{left:+d} descriptors, {backends} backends, spool empty after {waited:.1f} s"
    )

    assert lost == (set(), set())
    assert len(logged) == len({*logged})
    assert crowd.stored["log"] == 0
    assert crowd.stored["spool"] > 0
    assert not [status for status in crowd.statuses if status >= 500]
    assert grown < 10
    assert left <= 2
    assert backends <= 10


async def _break(
    mortal: Postgres,
    service: Process,
    crowd: Crowd,
    asking: asyncio.Task[Any],
    plan: tuple[int, int, int],
) -> None:
    """An outage, or a kill, each time that so many questions have been answered."""
    chats, outages, kills = plan
    steps, begun, killed = outages + kills, crowd.asked, 0
    for step in range(steps):
        while crowd.asked - begun < chats * step // (steps + 1) and not asking.done():
            await asyncio.sleep(0.02)
        if step % (steps // kills) == steps // kills - 1 and killed < kills:
            killed += 1
            await asyncio.to_thread(service.signal, signal.SIGKILL)
            await asyncio.to_thread(service.start)
        else:
            await asyncio.to_thread(mortal.outage, step - killed)
