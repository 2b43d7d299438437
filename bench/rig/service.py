"""Our service, started as its handbook says for a server, with everything on that readers meet.

Limits count, sessions are checked, answers are logged and kept. Only numbers are raised, where a
crowd comes from one machine: each question bears another reader's session, and an address of its
own in the header that a proxy would set.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from attrs import evolve, frozen

from bench.rig import scratch
from bench.rig.load import Target
from bench.rig.processes import Server, free_port, running
from bench.rig.upstream import Upstream
from credentials.tokens import Signer
from settings import ROOT

SECRET = "a secret of the bench, of 32 characters and more"  # noqa: S105 - of a scratch database
SERVICE_KEY = "the service key of the bench"
READERS = 6000  # 5,000 streams at once are no more than one reader may have
QUESTION = "Question %number%: how do I keep my readers' conversations in Postgres?"
BODY = json.dumps({"message": {"content": QUESTION, "metadata": {"context": "full-book"}}})
SERVER = "service:app --http connections:Connection --no-server-header --no-proxy-headers"
FASTER = "--loop uvloop --backlog 4096 --no-access-log"


@frozen
class Site:
    """A book with its index, and a database with its readers."""

    home: Path
    book: Path
    dsn: str
    heads: tuple[str, ...]

    @property
    def stream(self) -> Target:
        return Target(path="/api/v1/chat/stream", bodies=(BODY,), heads=self.heads)

    @property
    def chat(self) -> Target:
        return Target(path="/api/v1/chat", bodies=(BODY,), heads=self.heads)


@contextmanager
def site(
    scratch_home: Path, home: Path, book: Path = ROOT / "docs", *, embedding: str = "minilm"
) -> Iterator[Site]:
    """*home* keeps the index from one run to the next; the database lives in *scratch_home*."""
    ingest(book, home, embedding)
    with scratch.database(scratch_home) as dsn:
        enrol(dsn, 1, READERS)
        yield Site(home=home, book=book, dsn=dsn, heads=heads_of(range(1, READERS + 1)))


def indexed(site: Site, home: Path, embedding: str, model: Upstream) -> Site:
    """The same site with another index; *model* embeds, if it is an endpoint's model."""
    ingest(site.book, home, embedding, model)
    return evolve(site, home=home)


def ingest(book: Path, home: Path, embedding: str, model: Upstream | None = None) -> None:
    command = [sys.executable, "-m", "agent.ingest", str(book), "--home", str(home)]
    command += ["--base-url", "https://example.org/book/"]
    environ = environment_of({"EMBEDDING_MODEL": embedding} | _endpoint(model))
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, env=environ, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{book} was not ingested:\n{done.stderr[-2000:]}")


def enrol(dsn: str, first: int, last: int) -> None:
    """Readers of these numbers come into the database, with a session each."""
    scratch.run(dsn, "readers", "add", first=first, last=last)


def heads_of(numbers: Iterable[int]) -> tuple[str, ...]:
    """What the requests of enrolled readers say of them."""
    signer = Signer((SECRET,))
    return tuple(
        f"authorization: Bearer {signer.sign(f'bench00000000000040008000{number:012}')}"
        f"\tx-reader-ip: fd00:0:{number // 1000:x}:{number % 1000:x}::1"
        for number in numbers
    )


@contextmanager
def serving(
    site: Site, model: Upstream | None, logs: Path, settings: Mapping[str, str] | None = None
) -> Iterator[Server]:
    """The service of *site*; without *model* it quotes the book."""
    environment = {
        "DATABASE_URL": site.dsn,
        "BOOK": str(site.book),
        "FOOTNOTE_HOME": str(site.home),
        "SPOOL_DIR": str(logs / "spool"),
        "BETTER_AUTH_SECRET": SECRET,
        "INTERNAL_API_KEY": SERVICE_KEY,
        "CLIENT_IP_HEADER": "x-reader-ip",
        "GLOBAL_CHAT_PER_DAY": "10000000",
        "RESUME_GRACE": "0",
    }
    with started(environment | _endpoint(model) | dict(settings or {}), logs) as server:
        yield server


@contextmanager
def started(settings: Mapping[str, str], logs: Path) -> Iterator[Server]:
    """The service with these settings, on a port of its own."""
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", *SERVER.split(), *FASTER.split()]
    command += ["--host", "127.0.0.1", "--port", str(port)]
    log, environment = logs / "service.log", environment_of(settings)
    with running(command, port, log, environment) as server:
        yield server


def _endpoint(model: Upstream | None) -> dict[str, str]:
    return {"OPENAI_BASE_URL": f"{model.url}/v1", "OPENAI_API_KEY": "sk-bench"} if model else {}


def environment_of(settings: Mapping[str, str]) -> dict[str, str]:
    """Of what the bench does not set, nothing is inherited: a key in the shell would be asked."""
    path = os.environ.get("PATH", "")
    return {"PATH": path, "LANG": "C.UTF-8", **settings}
