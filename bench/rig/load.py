"""The C readers, driven: what they are to do, and what they have seen."""

import itertools
import json
import mmap
import struct
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from attrs import field, frozen

from bench.rig.processes import Server
from bench.rig.tools import built

COUNTERS = struct.Struct("5Q")
# No two questions are the same: answers that a model gave before are remembered by the service.
FIRSTS = itertools.count(1, 100_000)
Seen = dict[str, Any]  # what load.c prints


@frozen(kw_only=True)
class Target:
    """Where questions go, and how they are put: bodies and heads are taken in turn, see load.c."""

    path: str
    bodies: tuple[str, ...] = ()
    heads: tuple[str, ...] = ()


@frozen(kw_only=True)
class Load:
    """*streams* at once; *tokens* is how many an answer must have, ``None`` if it is not known."""

    streams: int = 1
    requests: int = 0  # 0: for *seconds*
    seconds: float = 0.0
    ramp_ms: int = 0
    tokens: int | None = None
    patience: float = 120.0
    hold: bool = False
    numbers: int = 0  # how many there are of requests; 0: each has its own

    @property
    def options(self) -> Iterator[str]:
        named = {
            "streams": self.streams,
            "requests": self.requests,
            "seconds": self.seconds,
            "ramp": self.ramp_ms,
            "tokens": self.tokens,
            "patience": self.patience,
            "numbers": self.numbers,
            "first": 1 if self.numbers else next(FIRSTS),
        }
        for name, value in named.items():
            if value:
                yield from (f"--{name}", str(value))
        if self.hold:
            yield "--hold"


class Moment:
    """What had happened when: on the clock, in CPU time of the server, among the readers."""

    def __init__(self, server: Server, counters: mmap.mmap) -> None:
        counted: tuple[int, ...] = COUNTERS.unpack_from(counters)
        self.begun, self.speaking, self.tokens, self.ended, self.errors = counted
        self.at, self.cpu = time.perf_counter(), server.cpu


@frozen
class Running:
    """Readers that are at it."""

    server: Server
    process: subprocess.Popen[str]
    counters: mmap.mmap = field(repr=False)

    @property
    def now(self) -> Moment:
        return Moment(self.server, self.counters)

    def until(self, holds: Callable[[Moment], bool], seconds: float) -> Moment:
        """The moment at which *holds*; the last one if it never does, or all have ended."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and self.process.poll() is None:
            moment = self.now
            if holds(moment):
                return moment
            time.sleep(0.002)
        return self.now

    def stop(self) -> Seen:
        """Send the readers away."""
        self.process.terminate()
        return self.ended()

    def ended(self) -> Seen:
        output, _ = self.process.communicate(timeout=600)
        seen: Seen = json.loads(output)
        return seen


@contextmanager
def readers(server: Server, target: Target, load: Load) -> Iterator[Running]:
    with TemporaryDirectory() as place:
        counters = Path(place) / "counters"
        counters.write_bytes(bytes(COUNTERS.size))
        command = [str(built("load")), "--port", str(server.port), "--path", target.path]
        command += ["--counters", str(counters), *load.options]
        for name, lines in (("bodies", target.bodies), ("heads", target.heads)):
            if lines:
                file = Path(place) / name
                file.write_text("\n".join(lines))
                command += [f"--{name}", str(file)]
        with counters.open("rb") as kept:
            mapped = mmap.mmap(kept.fileno(), COUNTERS.size, access=mmap.ACCESS_READ)
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        try:
            yield Running(server, process, mapped)
        finally:
            process.kill()
            process.wait()


def asked(server: Server, target: Target, load: Load) -> Seen:
    """What all of *load* saw, with the CPU seconds of the server."""
    before = server.cpu
    with readers(server, target, load) as running:
        seen = running.ended()
    return seen | {"server_cpu": server.cpu - before}
