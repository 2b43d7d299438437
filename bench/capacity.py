"""``python -m bench.capacity``: what so many cores serve, computed from ``results.json``.

The sheet stands in docs/scaling.md, and a test compares the two. It is arithmetic, no measurement:
what one answer costs, so often, with room left for a bad minute.
"""

import sys
from collections.abc import Mapping

from attrs import frozen

from bench.report import read

ANSWER_TOKENS, TOKENS_PER_SECOND = 300, 50  # what models write, and how fast
FILLED = 0.6  # of each core: beyond it waits grow faster than the load
SECONDS_BETWEEN = 120  # two questions of one reader who reads
STATEMENTS = 3  # lists' worth of Postgres beside the save: session, limits, what was said before
REPLICAS = (1, 2, 4, 8, 16)
QUESTION = "reader|Footnote|CPU ms/question"
TOKEN = "stream|200 × 50/s|Footnote|relay µs/token"  # noqa: S105 - a figure's name
REST, STREAM = "cold|server, bundled|MiB at rest", "crowd|1000 relaying|KiB each"
SAVE, LIST = (f"growth|readers|1000000|Postgres CPU ms/{name}" for name in ("save", "list"))


@frozen
class Capacity:
    """Of so many replicas, each with a core of its own."""

    replicas: int
    questions_per_minute: float
    streams: float  # that are written at the same time
    readers: float  # who read, and ask now and then
    mebibytes: float  # of each replica
    postgres_cores: float


def capacity(figures: Mapping[str, float], replicas: int) -> Capacity:
    answer = figures[QUESTION] / 1e3 + ANSWER_TOKENS * figures[TOKEN] / 1e6  # seconds of a core
    per_second = replicas * FILLED / answer
    streams = per_second * ANSWER_TOKENS / TOKENS_PER_SECOND
    in_postgres = 2 * figures[SAVE] + STATEMENTS * figures[LIST]  # the log's row is a save, too
    return Capacity(
        replicas=replicas,
        questions_per_minute=60 * per_second,
        streams=streams,
        readers=per_second * SECONDS_BETWEEN,
        mebibytes=figures[REST] + streams / replicas * figures[STREAM] / 1024,
        postgres_cores=per_second * in_postgres / 1e3 / FILLED,
    )


def sheet(figures: Mapping[str, float]) -> str:
    """The table, as Markdown."""
    names = "replicas | questions a minute | answers at once | readers | MiB each | Postgres cores"
    rows = [
        f"| {it.replicas} | {_rounded(it.questions_per_minute)} | {_rounded(it.streams)} "
        f"| {_rounded(it.readers)} | {_rounded(it.mebibytes)} | {it.postgres_cores:.2f} |"
        for it in (capacity(figures, replicas) for replicas in REPLICAS)
    ]
    return "\n".join([f"| {names} |", "|---|---|---|---|---|---|", *rows])


def measured() -> dict[str, float]:
    """All figures of ``results.json``."""
    return {name: it for suite in read("results").values() for name, it in suite["figures"].items()}


def _rounded(value: float) -> str:
    """To two digits: it is an estimate."""
    return f"{float(f'{value:.2g}'):,.0f}"


if __name__ == "__main__":
    print(sheet(measured()))
    sys.exit(0)
