"""From ``exec`` to the first 200, and what the process weighs at rest.

*CPU* is all threads' until ``/health/live`` has answered, and what warms up beside it counts. The
serverless kind is Vercel's: a database, a Qdrant and a model are configured, none is reached, and
no package of requirements-local.txt is used. Page cache and bytecode are warm.
"""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from http.client import HTTPConnection
from pathlib import Path

from attrs import frozen

from bench.rig import rivals, service
from bench.rig.processes import Server
from bench.rig.service import SECRET, Site, environment_of
from bench.rig.tools import BUILT
from bench.rig.upstream import Upstream, upstream
from bench.samples import Rounds, Samples, named, progress
from settings import ROOT

NOWHERE = "127.0.0.1:9"  # discard: nobody listens
SERVERLESS: Mapping[str, str] = {
    "VERCEL": "1",
    "DATABASE_URL": f"postgresql://nobody:nothing@{NOWHERE}/footnote",
    "QDRANT_URL": f"http://{NOWHERE}",
    "OPENAI_API_KEY": "sk-bench",
    "OPENAI_BASE_URL": f"http://{NOWHERE}/v1",
    "EMBEDDING_MODEL": "none",
    "BETTER_AUTH_SECRET": SECRET,
}
REST_SECONDS = 4.0  # after which what was to warm up has
HEAVY = ("openai", "qdrant_client", "numpy", "grpc", "pydantic", "onnxruntime", "aiohttp")
COUNT = (
    "import sys, service;"
    f"print(len(sys.modules), *[name for name in {HEAVY} if name in sys.modules])"
)


@frozen
class Kind:
    """Something that starts, and where it says that it lives."""

    name: str
    start: Callable[[], AbstractContextManager[Server]]
    path: str = "/health/live"


def suite(scratch: Path, rounds: int) -> Rounds:
    found = Rounds()
    with (
        service.site(scratch, BUILT / "home-bundled") as site,
        upstream(scratch) as model,
    ):
        for number in range(1, rounds + 1):
            progress(f"cold, round {number} of {rounds}")
            found.add(named("cold", "python", samples={"CPU ms": interpreter()}))
            found.extend(started(kind) for kind in kinds(site, model, scratch))
        found.add(imported())
    return found


def kinds(site: Site, model: Upstream, scratch: Path) -> Iterator[Kind]:
    yield Kind("serverless", lambda: service.started(SERVERLESS, scratch))
    words = {"EMBEDDING_MODEL": "none"}
    yield Kind("server, words, no model", lambda: service.serving(site, None, scratch, words))
    yield Kind("server, words", lambda: service.serving(site, model, scratch, words))
    yield Kind("server, bundled", lambda: service.serving(site, model, scratch))
    if rivals.has_fastapi():
        yield Kind("FastAPI", lambda: rivals.fastapi(site.dsn, model, scratch), "/health")


def extremes(site: Site, model: Upstream, scratch: Path) -> list[Kind]:
    """The serverless kind, and the peer if there is one."""
    return [kind for kind in kinds(site, model, scratch) if kind.name in ("serverless", "FastAPI")]


def started(kind: Kind, rest_seconds: float = REST_SECONDS) -> Samples:
    """One start; the port is tried every 10 ms, so the wall time is that coarse."""
    began = time.perf_counter()
    with kind.start() as server:
        said = status(server, kind.path)
        wall, cpu = time.perf_counter() - began, server.cpu
        time.sleep(rest_seconds)
        rest = server.memory / 1024
    if said != 200:
        raise RuntimeError(f"{kind.name} answered {said}")
    samples = {"CPU ms": 1e3 * cpu, "wall ms": 1e3 * wall, "MiB at rest": rest}
    return named("cold", kind.name, samples=samples)


def status(server: Server, path: str) -> int:
    connection = HTTPConnection("127.0.0.1", server.port, timeout=30)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    finally:
        connection.close()


def interpreter() -> float:
    """CPU milliseconds of a Python that does nothing: what no service can be quicker than."""
    command = [sys.executable, "-X", "utf8", "-c", "import sys; sys.stdin.read(1)"]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as process:
        time.sleep(0.3)
        cpu = Server(process, 0, Path()).cpu
    return 1e3 * cpu


def imported() -> Samples:
    """How many modules ``import service`` loads, and which of them are heavy (there is none)."""
    command = [sys.executable, "-c", COUNT]
    environ = environment_of(SERVERLESS)
    done = subprocess.run(
        command, cwd=ROOT, env=environ, capture_output=True, text=True, check=True
    )
    count, *heavy = done.stdout.split()
    if heavy:
        progress(f"import service loads {', '.join(heavy)}")
    samples = {"modules": float(count), "heavy modules": len(heavy)}
    return named("cold", "import service", samples=samples)
