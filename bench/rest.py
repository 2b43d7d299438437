"""Saving and listing conversations: over HTTP beside the peer, and in Postgres beside pgbench.

Commits do not wait for the disk here. A save keeps the newest 50 of its reader; whether exactly
these stay when many are saved at once is a figure, too.
"""

import asyncio
import itertools
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from attrs import frozen

from bench.rig import pgbench, rivals, scratch, service
from bench.rig.load import Load, Target, asked
from bench.rig.processes import Server
from bench.rig.service import SERVICE_KEY
from bench.rig.tools import BUILT, Missing
from bench.rig.upstream import Upstream, upstream
from bench.samples import Rounds, Samples, named, progress
from database import open_database
from history import History
from identifiers import uuid7
from models import NewExchange

READERS, HISTORY = 40, 50
SECONDS, WORKERS = 3.0, 8
CROWDED = "00000000-0000-4000-8000-000000000041"  # to whom many save at once
ANSWER = "In a table of its own. " * 65
QUESTION = "How do I keep conversations?"


def reader(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012}"


def saved(user_id: str) -> str:
    return json.dumps({"user_id": user_id, "query": QUESTION, "response": ANSWER})


@frozen
class Api:
    """One service's two routes, and how its rows are counted."""

    name: str
    server: Server
    save: str
    listing: Target
    counted: str
    heads: tuple[str, ...] = ()

    def saving(self, user_id: str) -> Target:
        return Target(path=self.save, bodies=(saved(user_id),), heads=self.heads)


def suite(place: Path, rounds: int) -> Rounds:
    found = Rounds()
    with (
        service.site(place, BUILT / "home-words", embedding="none") as site,
        upstream(place) as model,
        service.serving(site, None, place, {"EMBEDDING_MODEL": "none"}) as ours,
    ):
        scratch.run(site.dsn, "rest", "forgive")
        scratch.run(site.dsn, "rest", "fill", first=1, last=READERS, count=HISTORY, sentences=65)
        apis = [_ours(ours, site.heads[:READERS])]
        with peer(site.dsn, model, place) as theirs:
            apis += theirs
            for number in range(1, rounds + 1):
                progress(f"rest, round {number} of {rounds}")
                found.extend(over_http(api, site.dsn) for api in apis)
                found.add(beside_pgbench(site.dsn, place))
    return found


def _ours(server: Server, heads: tuple[str, ...]) -> Api:
    return Api(
        "Footnote",
        server,
        save="/api/v1/conversations/internal-save",
        listing=Target(path=f"/api/v1/conversations?limit={HISTORY}", heads=heads),
        counted="kept",
        heads=(f"x-service-key: {SERVICE_KEY}",),
    )


@contextmanager
def peer(dsn: str, model: Upstream, place: Path) -> Iterator[list[Api]]:
    if not rivals.has_fastapi():
        yield []
        return
    with rivals.fastapi(dsn, model, place) as server:
        scratch.run(dsn, "rest", "fill_peer", readers=READERS, count=HISTORY)
        listing = Target(path=f"/conversations/{reader(1)}")
        yield [Api("FastAPI", server, "/save", listing, "kept_by_peer")]


def over_http(api: Api, dsn: str) -> Samples:
    samples: Samples = {}
    everyone = api.saving(rivals.PEER_USER)
    loads = {
        "list, 1 at once": (api.listing, Load(seconds=SECONDS)),
        "list, 16 at once": (api.listing, Load(seconds=SECONDS, streams=16)),
        "save, 1 at once": (everyone, Load(seconds=SECONDS, numbers=READERS)),
        "save, 16 at once": (everyone, Load(seconds=SECONDS, streams=16, numbers=READERS)),
    }
    for name, (target, load) in loads.items():
        seen = asked(api.server, target, load)
        measured = {
            "requests/s": seen["requests_per_second"],
            "CPU ms/request": 1e3 * seen["server_cpu"] / max(1, seen["requests"]),
            "p99 ms": seen["total_ms"].get("p99", 0.0),
            "errors": seen["errors"],
        }
        samples |= named("rest", name, api.name, samples=measured)
    asked(api.server, api.saving(CROWDED), Load(streams=50, requests=200))
    kept = scratch.run(dsn, "rest", api.counted, user_id=CROWDED)[0][0]
    return samples | named("rest", "200 saved at once", api.name, samples={"kept": kept})


def beside_pgbench(dsn: str, place: Path) -> Samples:
    """Saves a second through our pool, and of the same SQL in pgbench; 8 at a time."""
    samples = {"rest|in Postgres|our pool|saves/s": asyncio.run(keeping(dsn))}
    try:
        samples["rest|in Postgres|pgbench|saves/s"] = pgbench.rate(
            dsn, pgbench.save(READERS), place
        )
    except Missing as missing:
        progress(str(missing))
    return samples


async def keeping(dsn: str) -> float:
    """Saves a second of so many workers in this process, as ``storage`` does them."""
    async with open_database(dsn) as db:
        history, numbers = History(db, HISTORY), itertools.count()
        began = time.perf_counter()

        async def work() -> int:
            done = 0
            while time.perf_counter() < began + SECONDS:
                await history.keep(exchange(next(numbers) % READERS + 1))
                done += 1
            return done

        counts = await asyncio.gather(*(work() for _ in range(WORKERS)))
        return sum(counts) / (time.perf_counter() - began)


def exchange(number: int) -> NewExchange:
    return NewExchange(
        user_id=UUID(reader(number)),
        conversation_id=uuid7(),
        is_new=True,
        title=QUESTION,
        exchange_id=uuid7(),
        asked_at=datetime.now(UTC),
        query=QUESTION,
        response=ANSWER,
    )
