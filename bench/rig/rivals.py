"""What the service is measured beside, started in front of the same stub model."""

import json
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from attrs import frozen

from bench.rig.load import Target
from bench.rig.processes import Server, free_port, running
from bench.rig.service import QUESTION, Site, serving
from bench.rig.tools import nginx
from bench.rig.upstream import Upstream
from settings import ROOT

PEERS = ROOT / "bench" / "peers"
PEER_PYTHON = ROOT / ".venv-bench" / "bin" / "python"
UVICORN = "--log-level warning --no-access-log --loop uvloop --http httptools --backlog 4096"
COMPLETION = json.dumps(
    {
        "model": "gpt-5-mini",
        "stream": True,
        "stream_options": {"include_usage": True},
        "messages": [{"role": "user", "content": QUESTION}],
    }
)
PEER_USER = "00000000-0000-4000-8000-0000%number%"  # of the request
PEER_BODY = json.dumps({"message": {"content": QUESTION, "user_id": PEER_USER}})
RELAY = Target(path="/v1/chat/completions", bodies=(COMPLETION,))
PEER_STREAM = Target(path="/chat/stream", bodies=(PEER_BODY,))
PEER_CHAT = Target(path="/chat", bodies=(PEER_BODY,))


@frozen
class Gateway:
    """A server between readers and the stub, and how it is asked; *direct* is the stub itself."""

    name: str
    server: Server
    stream: Target


@contextmanager
def gateways(
    site: Site, model: Upstream, logs: Path, settings: Mapping[str, str] | None = None
) -> Iterator[list[Gateway]]:
    """All that this machine can run, started, ours last; an idle one takes no CPU from another."""
    with ExitStack() as stack:
        start = stack.enter_context
        yield [
            Gateway("direct", model.server, RELAY),
            Gateway("nginx", start(nginx_relay(model, logs)), RELAY),
            Gateway("raw ASGI", start(raw_asgi(model, logs)), RELAY),
            *(
                [Gateway("FastAPI", start(fastapi(site.dsn, model, logs)), PEER_STREAM)]
                if has_fastapi()
                else []
            ),
            Gateway("Footnote", start(serving(site, model, logs, settings)), site.stream),
        ]


def has_fastapi() -> bool:
    return PEER_PYTHON.exists()


@contextmanager
def nginx_relay(model: Upstream, logs: Path) -> Iterator[Server]:
    port, file = free_port(), logs / "nginx.conf"
    values = {"port": port, "upstream": model.server.port, "home": logs}
    user = "user root;\n" if os.getuid() == 0 else ""  # its workers write below a private directory
    file.write_text(user + (PEERS / "nginx.conf").read_text().format(**values))
    with running([nginx(), "-c", str(file)], port, logs / "nginx.log") as server:
        yield server


@contextmanager
def raw_asgi(model: Upstream, logs: Path) -> Iterator[Server]:
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "bench.peers.raw_asgi:app", *UVICORN.split()]
    environment = {**os.environ, "UPSTREAM": model.url}
    command += ["--port", str(port), "--lifespan", "off"]
    with running(command, port, logs / "raw_asgi.log", environment) as server:
        yield server


@contextmanager
def fastapi(dsn: str, model: Upstream, logs: Path) -> Iterator[Server]:
    port = free_port()
    command = [str(PEER_PYTHON), "-m", "uvicorn", "fastapi_service:app", *UVICORN.split()]
    command += ["--app-dir", str(PEERS), "--port", str(port)]
    driver = dsn.replace("postgresql:", "postgresql+asyncpg:").replace("&sslmode=disable", "")
    environment = {**os.environ, "UPSTREAM": model.url, "DATABASE_URL": driver}
    with running(command, port, logs / "fastapi.log", environment) as server:
        yield server
