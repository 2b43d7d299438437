"""``python -m bench.pieces``: CPU of what a question needs beside its answer, piece by piece.

Each statement as the service sends it, one at a time, on a private Postgres: what its backend takes
by the scheduler, and what this process takes, with pool, time limit and breaker. Then the
contract's check of a question, from the bytes of the body to a record. All in µs, the best of a
few hundred calls in a row.
"""

import itertools
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import uvloop

from authentication import ABSOLUTE, REFRESH_AFTER
from bench.rest import HISTORY, READERS, exchange
from bench.rig import scratch, service
from bench.rig.processes import cpu_of
from contract import Contract, converter
from contract.reading import check
from database import Database, open_database
from history import History
from limits import Bucket, Budget, Limits, Rate
from models import ChatMessageRequest, ChatQueryRequest
from queries import sessions
from settings import ROOT

CALLS, TIMES = 800, 4
SHAPE: Any = ChatMessageRequest | ChatQueryRequest
PLENTY = 1_000_000_000
RATE = Rate(PLENTY, 3600.0)
Piece = Callable[[int], Awaitable[object]]


def pieces(db: Database) -> dict[str, Piece]:
    """What is called with the number of a reader."""
    limits, history = Limits(db, secret="a secret", enabled=True), History(db, HISTORY)  # noqa: S106

    def asked(number: int) -> tuple[Bucket, list[Budget]]:
        reader = str(number)
        budgets = [Budget(reader, PLENTY, "Spent."), Budget("site", PLENTY, None)]
        return Bucket("chat", reader, RATE), budgets

    return {
        "session": lambda number: sessions.find(
            db,
            token=f"bench00000000000040008000{number:012}",
            refresh_after=REFRESH_AFTER,
            absolute=ABSOLUTE,
        ),
        "token": lambda number: limits.charge([asked(number)[0]]),
        "token and two budgets": lambda number: limits.charge([asked(number)[0]], asked(number)[1]),
        "save, 50 kept": lambda number: history.keep(exchange(number)),
    }


async def measured(db: Database, piece: Piece) -> tuple[float, float]:
    """µs of a call: in the backend, and here."""
    pid = await db.run(lambda c: c.fetchval("select pg_backend_pid()"), repeatable=True)
    numbers, best = itertools.cycle(range(1, READERS + 1)), (float("inf"), float("inf"))
    for _ in range(TIMES):
        theirs, ours = cpu_of(pid), time.process_time()
        for _ in range(CALLS):
            await piece(next(numbers))
        took = (cpu_of(pid) - theirs, time.process_time() - ours)
        best = min(best, (1e6 * took[0] / CALLS, 1e6 * took[1] / CALLS))
    return best


async def statements(dsn: str) -> None:
    async with open_database(dsn, size=1) as db:
        for name, piece in pieces(db).items():
            theirs, ours = await measured(db, piece)
            print(f"{name:24}{theirs:7.0f} in Postgres {ours:7.0f} here")


def checking() -> None:
    """A body that is valid, as most are."""
    operations = Contract.load(ROOT / "openapi.yaml").operations()
    operation = next(o for o in operations if o.operation_id == "send_chat")
    (validate,) = operation.bodies.values()
    best = float("inf")
    for _ in range(TIMES * 4):
        began = time.perf_counter()
        for _ in range(CALLS):
            body, _ = check(service.BODY.encode(), validate)
            converter().structure(body, SHAPE)
        best = min(best, 1e6 * (time.perf_counter() - began) / CALLS)
    print(f"{'check of a question':24}{best:37.1f} here")


def main() -> None:
    with (
        TemporaryDirectory(prefix="footnote-bench-") as place,
        scratch.database(Path(place)) as dsn,
    ):
        service.enrol(dsn, 1, READERS)
        scratch.run(dsn, "rest", "forgive")
        scratch.run(dsn, "rest", "fill", first=1, last=READERS, count=HISTORY, sentences=65)
        uvloop.run(statements(dsn))
    checking()


if __name__ == "__main__":
    main()
