"""Nothing that grows: memory, descriptors and tasks after a while of everything at once."""

import asyncio
import time
from pathlib import Path

import httpx2
import pytest

from tests.chaos.conftest import Figure
from tests.chaos.crowd import Crowd
from tests.chaos.outages import Postgres
from tests.chaos.process import Process
from tests.live import message

pytestmark = pytest.mark.anyio


async def test_after_a_while_nothing_has_grown(
    mortal: Postgres, home: Path, tmp_path: Path, scale: int, figure: Figure
) -> None:
    """Sixty seconds in the long form: chats, streams that are left, refusals, unknown paths."""
    seconds = 6 * scale
    environ = {"DATABASE_URL": mortal.dsn, "SPOOL_DIR": str(tmp_path / "spool")}
    with Process(home, tmp_path / "log", environ) as service:
        crowd = Crowd(service.url)
        await crowd.log_in(5)
        await _churn(service, crowd, seconds / 2)
        before, descriptors = service.mebibytes, service.descriptors
        await _churn(service, crowd, seconds)
        after, left = service.mebibytes, service.descriptors - descriptors
    figure(
        f"{crowd.asked} chats in {seconds * 1.5:.0f} s: {before:.1f} → {after:.1f} MiB, "
        f"{left:+d} descriptors"
    )

    assert after - before < max(3.0, before * 0.05)
    assert left <= 2
    assert set(crowd.statuses) == {200}


async def _churn(service: Process, crowd: Crowd, seconds: float) -> None:
    ends = time.monotonic() + seconds
    async with httpx2.AsyncClient(base_url=service.url, timeout=30) as client:
        while time.monotonic() < ends:
            await asyncio.gather(crowd.ask(30), *(_be_rude(client, n) for n in range(6)))


async def _be_rude(client: httpx2.AsyncClient, number: int) -> None:
    """Leave a stream, ask for what is not there, send what is no question."""
    asked = message(f"How long is one blast? {number}")
    async with client.stream("POST", "/api/v1/chat/stream", json=asked):
        pass
    await client.get(f"/nowhere/{number}/{time.monotonic_ns()}")
    await client.post("/api/v1/chat", json={"message": {"content": "", "x": number}})
