"""Many streams at once: readers who leave or crawl, and a service that is told to stop."""

import asyncio
import signal
import statistics
import time
from functools import partial
from pathlib import Path

import httpx2
import orjson
import pytest
from attrs import evolve

from settings import Settings
from tests.chaos.conftest import Figure
from tests.chaos.crowd import QUESTIONS
from tests.chaos.outages import Postgres
from tests.chaos.process import Process
from tests.fake_model import FakeModel
from tests.live import Live, Serve, message, run_sql, until

pytestmark = pytest.mark.anyio

STREAM = "/api/v1/chat/stream"
WORDS = "The siren gives one blast of five seconds in every ninety seconds [1]. " * 5


async def events_of(client: httpx2.AsyncClient, number: int, leave: str) -> list[dict[str, object]]:
    """What a reader got who leaves *before* the first words, *after* them, or *never*."""
    got = []
    asked = message(f"{QUESTIONS[0]} ({number})")
    async with client.stream("POST", STREAM, json=asked) as reply:
        assert reply.status_code == 200
        async for line in reply.aiter_lines():
            if line.startswith("data: "):
                got.append(orjson.loads(line[6:]))
            if leave == "before" or (leave == "after" and got and got[-1]["content"]):
                break
    return got


async def test_of_two_hundred_readers_a_third_leaves_early_and_a_third_late(
    serve: Serve, with_model: Settings, model: FakeModel, figure: Figure
) -> None:
    """Who stays reads to the end; for the others no model writes on, and no task is left."""
    model.say(WORDS, gap=0.05)
    live: Live = serve(evolve(with_model, answers_at_once=200))
    live.ask(QUESTIONS[0])
    warm, tasks = len(model.requests), _tasks(live)
    leaves = ["before", "after", "never"]
    started = time.monotonic()
    limits = httpx2.Limits(max_connections=200)
    async with httpx2.AsyncClient(base_url=live.url, timeout=60, limits=limits) as client:
        reading = [events_of(client, n, leaves[n % 3]) for n in range(200)]
        got = await asyncio.gather(*reading)
    await asyncio.to_thread(until, lambda: live.state["answers"].load == (0, 0))
    await asyncio.to_thread(until, lambda: _tasks(live) <= tasks)
    rows = await asyncio.to_thread(live.sql, "select status from interaction_logs")
    statuses = {status: [r[0] for r in rows].count(status) for status in ("success", "stopped")}
    figure(
        f"200 readers in {time.monotonic() - started:.1f} s: {len(model.requests) - warm} models "
        f"asked, {len(model.disconnects)} left in the middle, log {statuses}, no task left"
    )

    assert all(events[-1]["status"] == "success" for events in got[2::3])
    assert len(rows) == 201
    assert statuses["stopped"] > 100


def _more(model: FakeModel, left: int) -> bool:
    return len(model.disconnects) > left


def _tasks(live: Live) -> int:
    return len(live.state["answers"]._running)


async def test_a_model_is_left_at_once_when_its_reader_is_gone(
    serve: Serve, with_model: Settings, model: FakeModel, figure: Figure
) -> None:
    """Twenty times, before and after the first words: within a tenth of a second."""
    live = serve(with_model)
    live.ask(QUESTIONS[3])
    model.say(WORDS, gap=0.05)
    took = []
    async with httpx2.AsyncClient(base_url=live.url, timeout=10) as client:
        for number in range(20):
            left = len(model.disconnects)
            await events_of(client, number, "after")
            at = time.monotonic()
            await asyncio.to_thread(until, partial(_more, model, left))
            took.append(model.disconnects[-1] - at)
    figure(f"median {statistics.median(took) * 1000:.0f} ms, worst {max(took) * 1000:.0f} ms")

    assert statistics.median(took) < 0.1


async def test_told_to_stop_it_ends_fifty_streams_and_keeps_each(
    mortal: Postgres, home: Path, tmp_path: Path, model: FakeModel, figure: Figure
) -> None:
    """Every reader gets a final frame, every partial answer is stored; then the process is gone.

    Also those of five readers who have left a moment ago, and might have come back.
    """
    model.say(WORDS, gap=0.2)
    environ = {"DATABASE_URL": mortal.dsn, "SPOOL_DIR": str(tmp_path / "spool")}
    environ |= {"OPENAI_BASE_URL": model.url, "OPENAI_API_KEY": "sk-test"}
    with Process(home, tmp_path / "log", environ) as service:
        limits = httpx2.Limits(max_connections=60)
        async with httpx2.AsyncClient(base_url=service.url, timeout=60, limits=limits) as client:
            reading = [asyncio.create_task(events_of(client, n, "never")) for n in range(50)]
            await asyncio.gather(*(events_of(client, 50 + n, "after") for n in range(5)))
            await asyncio.to_thread(until, lambda: len(model.requests) == 55)
            await asyncio.sleep(0.5)
            took = await asyncio.to_thread(service.signal, signal.SIGTERM)
            got = await asyncio.gather(*reading)
    rows = await run_sql(mortal.server.dsn, "select status, answer from interaction_logs")
    figure(f"50 streams: exit after {took:.2f} s, {len(rows)} partial answers stored")

    assert took < 1.5
    assert [events[-1].get("error") for events in got] == ["shutting_down"] * 50
    assert [row["status"] for row in rows] == ["stopped"] * 55


async def test_readers_who_crawl_slow_nobody_down(
    serve: Serve, with_model: Settings, model: FakeModel, figure: Figure
) -> None:
    """A hundred at a byte a second; others get their answers as fast as without them."""
    model.say(WORDS, gap=0.002)
    live = serve(evolve(with_model, answer_cache=0))
    live.ask(QUESTIONS[0])
    alone = [live.ask(QUESTIONS[0]).elapsed.total_seconds() for _ in range(15)]
    host, port = live.url.removeprefix("http://").split(":")
    body = orjson.dumps(message(QUESTIONS[0]))
    head = b"POST %b HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n" % STREAM.encode()
    head += b"Content-Length: %d\r\n\r\n" % len(body)
    crawling = await asyncio.gather(*(_crawl(host, int(port), head + body) for _ in range(100)))
    await asyncio.to_thread(until, lambda: live.state["answers"].load == (0, 0))
    beside = await asyncio.to_thread(
        lambda: [live.ask(QUESTIONS[0]).elapsed.total_seconds() for _ in range(15)]
    )
    for task in crawling:
        task.cancel()
    ratio = statistics.median(beside) / statistics.median(alone)
    figure(f"100 at 1 byte/s: median of others × {ratio:.2f}")

    assert ratio < 3


async def _crawl(host: str, port: int, sent: bytes) -> asyncio.Task[None]:
    reader, writer = await asyncio.open_connection(host, port, limit=64)
    writer.write(sent)

    async def crawl() -> None:
        try:
            while await reader.read(1):
                await asyncio.sleep(1)
        finally:
            writer.transport.abort()

    return asyncio.create_task(crawl())
