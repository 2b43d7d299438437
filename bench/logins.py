"""What people feel who do not log in, while eight others do: latency of /health/live.

    python -m bench.logins --rounds 3

Compares the service as it is (passwords in their own few threads), with a thread for each
(asyncio.to_thread), and with hashing in the event loop, alternated in one run, cost 12. Starts each
service itself, on a loopback port with a private Postgres; bounded by rounds of a few seconds.
"""

import argparse
import asyncio
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

import aiohttp
import uvicorn
from attrs import evolve

import service
from credentials.passwords import Passwords
from settings import ROOT, Settings

T = TypeVar("T")

LOGINS = 8
START_SECONDS = 60.0
WRONG = {"email": "nobody@example.com", "password": "not the password"}


class InLoop(Passwords):
    async def _compute(self, work: Callable[[], T]) -> T:
        return work()


class ThreadEach(Passwords):
    async def _compute(self, work: Callable[[], T]) -> T:
        return await asyncio.to_thread(work)


VARIANTS: dict[str, type[Passwords]] = {
    "pool": Passwords,
    "thread each": ThreadEach,
    "in the loop": InLoop,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--serve", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve(*options.serve)
        return
    found: dict[str, list[float]] = {variant: [] for variant in VARIANTS}
    rates: dict[str, list[float]] = {variant: [] for variant in VARIANTS}
    with TemporaryDirectory() as home:
        for _ in range(options.rounds):
            for variant in VARIANTS:
                latencies, rate = measured(variant, Path(home))
                found[variant] += latencies
                rates[variant].append(rate)
    print(f"/health/live while {LOGINS} logins run at a time, {options.rounds} rounds, ms")
    for variant, latencies in found.items():
        cuts = statistics.quantiles(latencies, n=100)
        print(
            f"{variant:12} p50 {cuts[49]:7.1f}  p99 {cuts[98]:7.1f}  max {max(latencies):7.1f}"
            f"  {statistics.median(rates[variant]):4.1f} logins/s"
        )


def serve(variant: str, home: str, port: str) -> None:
    setattr(service, "Passwords", VARIANTS[variant])  # noqa: B010 - the one thing that differs
    settings = evolve(Settings.read({}), home=Path(home), rate_limits=False, log_level="ERROR")
    uvicorn.run(service.create_app(settings), port=int(port), log_config=None, access_log=False)


def measured(variant: str, home: Path) -> tuple[list[float], float]:
    """Milliseconds of each probe, and logins a second."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "bench.logins", "--serve", variant, str(home), str(port)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL) as process:
        try:
            return asyncio.run(probe(f"http://127.0.0.1:{port}"))
        finally:
            process.terminate()


async def started(client: aiohttp.ClientSession) -> None:
    async with asyncio.timeout(START_SECONDS):
        while True:
            try:
                return await login(client)
            except aiohttp.ClientConnectionError:
                await asyncio.sleep(0.1)


async def probe(url: str) -> tuple[list[float], float]:
    latencies: list[float] = []
    async with aiohttp.ClientSession(url) as client:
        await started(client)
        began = time.perf_counter()
        logins = asyncio.gather(*(login(client) for _ in range(LOGINS)))
        while not logins.done():
            before = time.perf_counter()
            async with client.get("/health/live") as response:
                await response.read()
            latencies.append((time.perf_counter() - before) * 1000)
            await asyncio.sleep(0.005)
        return latencies, LOGINS / (time.perf_counter() - began)


async def login(client: aiohttp.ClientSession) -> None:
    async with client.post("/api/v1/auth/login", json=WRONG) as response:
        await response.read()


if __name__ == "__main__":
    main()
