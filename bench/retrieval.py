"""A keyless answer from a book of 1,000 passages: one reader, and eight at once.

The whole way over HTTP, with the bundled embedding model: no model writes, the book is quoted. A
question is asked again when its vector is long forgotten. Where the time goes, stage by stage,
``python bench/stages.py`` tells.
"""

from itertools import cycle
from pathlib import Path

from attrs import evolve

from bench.rig import book, service
from bench.rig.load import Load, asked
from bench.rig.tools import BUILT
from bench.samples import Rounds, Samples, named, progress

PASSAGES, QUESTIONS = 1_000, 200
AT_ONCE = (1, 8)


def suite(scratch: Path, rounds: int) -> Rounds:
    found = Rounds()
    folder = BUILT / f"book-{PASSAGES}"
    questions = book.write(folder, PASSAGES)
    fresh = cycle([questions[at : at + QUESTIONS] for at in range(0, PASSAGES, QUESTIONS)])
    progress(f"retrieval: embedding {PASSAGES} passages, unless they are")
    with (
        service.site(scratch, BUILT / "home-book", folder) as site,
        service.serving(site, None, scratch) as server,
    ):
        warming = evolve(site.stream, bodies=book.bodies(next(fresh)))
        asked(server, warming, Load(requests=QUESTIONS))
        for number in range(1, rounds + 1):
            progress(f"retrieval, round {number} of {rounds}")
            for streams in AT_ONCE:
                target = evolve(site.stream, bodies=book.bodies(next(fresh)))
                seen = asked(server, target, Load(streams=streams, requests=QUESTIONS))
                samples: Samples = {
                    "p50 ms": seen["total_ms"]["p50"],
                    "p95 ms": seen["total_ms"]["p95"],
                    "first frame p50 ms": seen["first_byte_ms"]["p50"],
                    "CPU ms/answer": 1e3 * seen["server_cpu"] / QUESTIONS,
                    "answers/s": seen["requests_per_second"],
                    "errors": float(seen["errors"]),
                }
                found.add(named("retrieval", f"{streams} at once", samples=samples))
    return found
