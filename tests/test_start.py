"""What a cold start has to load: nothing that its first answers can do without."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from settings import ROOT

HEAVY = {
    *("openai", "qdrant_client", "numpy", "grpc", "onnxruntime", "tokenizers", "pydantic"),
    *("aiohttp", "httpx2", "cryptography", "jwt", "prometheus_client", "zxcvbn", "markdown_it"),
    *("postmaster", "opentelemetry"),
}
BESIDE = {"Relays.serving", "Storage.replaying"}  # what waits for work once the service has started
# An ASGI server of its own: a client library would load what is looked for.
BOOT = """
import asyncio, json, sys
import service

async def reply(state, method, path, body=b""):
    sent = []
    async def receive():
        return {"type": "http.request", "body": body, "more_body": False}
    async def send(message):
        sent.append(message)
    headers = [(b"host", b"x"), (b"content-type", b"application/json")]
    scope = {"type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method,
             "path": path, "raw_path": path.encode(), "query_string": b"", "root_path": "",
             "scheme": "http", "headers": headers, "client": ("127.0.0.1", 1),
             "server": ("x", 80), "state": dict(state)}
    await service.app(scope, receive, send)
    return sent[0]["status"], json.loads(sent[1]["body"])

async def main():
    state, started, told = {}, asyncio.Event(), asyncio.Queue()
    async def send(message):
        started.set()
    told.put_nowait({"type": "lifespan.startup"})
    scope = {"type": "lifespan", "asgi": {"version": "3.0"}, "state": state}
    life = asyncio.create_task(service.app(scope, told.get, send))
    await started.wait()
    question = json.dumps({"message": {"content": "Who won the world cup in 1954?"}}).encode()
    live, _ = await reply(state, "GET", "/health/live")
    beside = sorted(task.get_coro().__qualname__ for task in asyncio.all_tasks())
    asked, answer = await reply(state, "POST", "/api/v1/chat", question)
    loaded = sorted(sys.modules)
    told.put_nowait({"type": "lifespan.shutdown"})
    await life
    print(json.dumps([live, beside, asked, answer["refused"], loaded]))

asyncio.run(main())
"""


def booted(settings: dict[str, str]) -> list[Any]:
    """What BOOT says of a start with *settings* and no database."""
    usual = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    common = {
        "EMBEDDING_MODEL": "none",
        "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none",
        "BETTER_AUTH_SECRET": "0123456789abcdefghijklmnopqrstuvwxyz",
    }
    done = subprocess.run(
        [sys.executable, "-c", BOOT],
        cwd=ROOT,
        env=usual | common | settings,
        capture_output=True,
        check=True,
    )
    found: list[Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def test_a_start_and_a_refusal_load_no_library_of_models_vectors_or_keys(tmp_path: Path) -> None:
    """They take most of a second of CPU and 57 to 150 MiB, and a cold start is waited for."""
    book = tmp_path / "book"
    book.mkdir()
    (book / "lamp.md").write_text("# The lamp\n\nTurn the brass wheel to light the lamp.\n")

    live, _, asked, refused, loaded = booted(
        {"BOOK": str(book), "FOOTNOTE_HOME": str(tmp_path / "home")}
    )

    assert (live, asked, refused) == (200, 200, True)
    assert HEAVY & set(loaded) == set()


def test_nothing_warms_up_on_vercel_beside_the_request_that_made_it_start(tmp_path: Path) -> None:
    """What a question needs it loads, in the time that a health check or a page need not take."""
    live, beside, asked, _, loaded = booted(
        {"VERCEL": "1", "QDRANT_URL": "http://127.0.0.1:1", "FOOTNOTE_HOME": str(tmp_path)}
    )

    assert (live, asked) == (200, 200)
    assert set(beside) == BESIDE | {"main", "Starlette.__call__"}
    assert "qdrant_client" in loaded


def test_the_collector_works_again_after_a_start_and_leaves_alone_what_it_made() -> None:
    """Walking through it would stop each stream for 30 ms. It looks at what is new all the same."""
    code = (
        "import gc, weakref, service\n"
        "class Ring: pass\n"
        "ring = Ring(); ring.itself = ring; left = weakref.ref(ring); del ring\n"
        "stays = [[] for _ in range(25_000)]\n"
        "print(left() is None, gc.isenabled(), gc.get_freeze_count() > 40_000)"
    )
    usual = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}

    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=usual, capture_output=True, check=True
    )

    assert done.stdout.split() == [b"True", b"True", b"True"]
