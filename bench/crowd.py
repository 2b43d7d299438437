"""Thousands of open streams: are they taken, and what memory does one hold?

*idle* streams wait for their turn: a connection, a reader, keep-alives. *relaying* ones have a
stream of the model's open and a token every two seconds. Passages are found by words alone, since
what is counted is memory; the figures are of the service's process, with shared pages divided.
"""

import time
from collections.abc import Mapping
from pathlib import Path

from bench.rig import service
from bench.rig.load import Load, Running, readers
from bench.rig.service import Site
from bench.rig.tools import BUILT
from bench.rig.upstream import Upstream, upstream
from bench.samples import Rounds, Samples, named, progress
from bench.stream import first_answers

SIZES = (1_000, 5_000)
PER_SECOND = 100  # streams that begin in a second
OPENING_SECONDS = 300.0
CROWD = {"EMBEDDING_MODEL": "none", "AGENT_TIMEOUT": "600"}
IDLE = {"ANSWERS_AT_ONCE": "1", "ANSWERS_WAITING": "100000"}
RELAYING = {"ANSWERS_AT_ONCE": "100000"}


def suite(scratch: Path, _rounds: int) -> Rounds:
    found = Rounds()
    home = BUILT / "home-words"
    with (
        service.site(scratch, home, embedding="none") as site,
        upstream(scratch) as model,
    ):
        for size in SIZES:
            for kind, settings in (("idle", IDLE), ("relaying", RELAYING)):
                progress(f"crowd, {size} {kind}")
                found.add(gathered(site, model, scratch, size, kind, settings))
    return found


def gathered(
    site: Site, model: Upstream, scratch: Path, size: int, kind: str, settings: Mapping[str, str]
) -> Samples:
    """One crowd in a service of its own: memory never goes back to what it was."""
    with service.serving(site, model, scratch, {**CROWD, **settings}) as server:
        first_answers("Footnote", server, site.stream, model)
        model.behave(tokens=1000, every_us=2_000_000)
        load = Load(streams=size, hold=True, ramp_ms=1000 * size // PER_SECOND)
        before = server.memory
        with readers(server, site.stream, load) as running:
            is_open = opened(running, model, size, kind)
            held = (server.memory - before) / max(1, is_open)
            seen = running.stop()
        model.await_silence()
    samples = {
        "open": is_open,
        "KiB each": held,
        "errors": seen["errors"],
        "lost tokens": seen["lost"],
    }
    return named("crowd", f"{size} {kind}", samples=samples)


def opened(running: Running, model: Upstream, size: int, kind: str) -> int:
    """How many streams there are, once it is all of them or no more will come."""
    now = running.until(lambda now: now.begun + now.errors >= size, OPENING_SECONDS)
    if kind == "idle":
        return int(now.begun - now.ended)
    deadline = time.monotonic() + OPENING_SECONDS / 5
    while model.open_streams < size and time.monotonic() < deadline:
        time.sleep(0.1)
    time.sleep(2.5)  # everyone has had a token
    return model.open_streams
