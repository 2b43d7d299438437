"""Our service, started as its handbook says for a server, with everything on that readers meet.

Limits count, sessions are checked, answers are logged and kept. Only numbers are raised, where a
crowd comes from one machine: each question bears another reader's session, and an address of its
own in the header that a proxy would set.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from attrs import frozen

from bench.rig import scratch
from bench.rig.load import Target
from bench.rig.processes import Server, free_port, running
from bench.rig.upstream import Upstream
from credentials.tokens import Signer
from settings import ROOT

SECRET = "a secret of the bench, of 32 characters and more"  # noqa: S105 - of a scratch database
SERVICE_KEY = "the service key of the bench"
READERS = 2000
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
        return Target(path="/api/v1/chat/stream", body=BODY, heads=self.heads)

    @property
    def chat(self) -> Target:
        return Target(path="/api/v1/chat", body=BODY, heads=self.heads)


@contextmanager
def site(scratch_home: Path, home: Path, book: Path = ROOT / "docs") -> Iterator[Site]:
    """*home* keeps the index from one run to the next; the database lives in *scratch_home*."""
    ingest(book, home)
    with scratch.database(scratch_home) as dsn:
        yield Site(home=home, book=book, dsn=dsn, heads=enrol(dsn, READERS))


def ingest(book: Path, home: Path, **environment: str) -> None:
    command = [sys.executable, "-m", "agent.ingest", str(book), "--home", str(home)]
    command += ["--base-url", "https://example.org/book/"]
    subprocess.run(
        command, cwd=ROOT, check=True, capture_output=True, env=_environment(environment)
    )


def enrol(dsn: str, count: int) -> tuple[str, ...]:
    """The heads of requests of so many readers, who are in the database with a session each."""
    signer = Signer((SECRET,))
    scratch.run(dsn, "readers", "add", count=count)
    return tuple(
        f"authorization: Bearer {signer.sign(f'bench00000000000040008000{number:012}')}"
        f"\tx-reader-ip: fd00:0:{number // 1000:x}:{number % 1000:x}::1"
        for number in range(1, count + 1)
    )


@contextmanager
def serving(
    site: Site, model: Upstream | None, logs: Path, settings: Mapping[str, str] | None = None
) -> Iterator[Server]:
    """The service on a port of its own; without *model* it quotes the book."""
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", *SERVER.split(), *FASTER.split()]
    command += ["--host", "127.0.0.1", "--port", str(port)]
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
    if model:
        environment |= {"OPENAI_BASE_URL": f"{model.url}/v1", "OPENAI_API_KEY": "sk-bench"}
    log = logs / "service.log"
    with running(command, port, log, _environment(environment | dict(settings or {}))) as server:
        yield server


def _environment(settings: Mapping[str, str]) -> dict[str, str]:
    """Of what the bench does not set, nothing is inherited: a key in the shell would be asked."""
    path = os.environ.get("PATH", "")
    return {"PATH": path, "LANG": "C.UTF-8", **settings}
