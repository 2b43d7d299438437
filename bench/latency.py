"""Latency of answers over HTTP: time to the first frame and to the whole answer.

    python bench/latency.py --questions qa.jsonl.gz --count 200 --at-once 1

Questions are JSON lines with a ``question`` each, gzip or plain, asked in turn until *count*. The
load is bounded by *count*; only loopback addresses are taken as targets. Prints milliseconds.
"""

import argparse
import asyncio
import gzip
import itertools
import json
import statistics
import time
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp

LOOPBACK = {"127.0.0.1", "localhost", "::1"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", default="http://127.0.0.1:8000")
    parser.add_argument("--questions", type=Path, required=True)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--at-once", type=int, default=1)
    options = parser.parse_args()
    if urlsplit(options.url).hostname not in LOOPBACK:
        parser.error("the target must be this machine")
    asyncio.run(run(options))


def read(path: Path) -> list[str]:
    raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    return [json.loads(line)["question"] for line in raw.splitlines()]


async def run(options: argparse.Namespace) -> None:
    questions = itertools.islice(itertools.cycle(read(options.questions)), options.count)
    first: list[float] = []
    whole: list[float] = []
    async with aiohttp.ClientSession(options.url) as client:
        await ask(client, "warm up")

        async def reader() -> None:
            for question in questions:
                times = await ask(client, question)
                first.append(times[0])
                whole.append(times[1])

        started = time.perf_counter()
        await asyncio.gather(*(reader() for _ in range(options.at_once)))
        seconds = time.perf_counter() - started
    print(f"{len(whole)} answers, {options.at_once} at once, {len(whole) / seconds:.0f}/s")
    print(f"first frame  {summary(first)}\nwhole answer {summary(whole)}")


async def ask(client: aiohttp.ClientSession, question: str) -> tuple[float, float]:
    """Milliseconds to the first frame and to the end of the stream."""
    body = {"message": {"content": question}}
    started = time.perf_counter()
    first = 0.0
    async with client.post("/api/v1/chat/stream", json=body) as response:
        response.raise_for_status()
        async for _ in response.content.iter_any():
            first = first or time.perf_counter() - started
    return first * 1000, (time.perf_counter() - started) * 1000


def summary(milliseconds: list[float]) -> str:
    cuts = statistics.quantiles(milliseconds, n=100)
    return f"p50 {cuts[49]:6.1f}  p95 {cuts[94]:6.1f}  max {max(milliseconds):6.1f} ms"


if __name__ == "__main__":
    main()
