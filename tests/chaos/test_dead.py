"""Dependencies that are dead or do not answer: how long anything takes then, and what it says."""

import asyncio
import time
from pathlib import Path

import httpx2
import pytest

from tests.chaos.conftest import Figure
from tests.chaos.crowd import QUESTIONS
from tests.chaos.outages import Postgres
from tests.chaos.process import Process
from tests.chaos.proxy import ChaosProxy
from tests.fake_model import FakeModel
from tests.live import message

pytestmark = pytest.mark.anyio

NOWHERE = "127.0.0.1:1"


async def test_with_everything_dead_it_starts_and_says_so(
    home: Path, tmp_path: Path, figure: Figure
) -> None:
    """No database, no index, no model; a question gets an honest sentence, not an error."""
    environ = {
        "DATABASE_URL": f"postgresql://nobody@{NOWHERE}/nothing",
        "QDRANT_URL": f"http://{NOWHERE}",
        "OPENAI_BASE_URL": f"http://{NOWHERE}",
        "OPENAI_API_KEY": "sk-test",
        "SPOOL_DIR": str(tmp_path / "spool"),
    }
    with (
        Process(home, tmp_path / "log", environ) as service,
        httpx2.Client(base_url=service.url, timeout=20) as client,
    ):
        ready = client.get("/health/ready")
        answered = client.post("/api/v1/chat", json=message(QUESTIONS[0]))
    figure(f"answers {service.started_in:.2f} s after its start")

    assert service.started_in < 5
    assert ready.status_code == 503
    assert {n: p["status"] for n, p in ready.json()["parts"].items()}["database"] == "down"
    assert answered.status_code == 200
    assert answered.json()["degraded"][:1] == ["retrieval"]
    assert answered.json()["stored"] == "spool"


@pytest.mark.parametrize("part", ["database", "index", "model"])
async def test_what_does_not_answer_holds_up_nothing_for_longer_than_an_answer(
    mortal: Postgres, home: Path, tmp_path: Path, model: FakeModel, part: str, figure: Figure
) -> None:
    """Every request ends, in a second more than AGENT_TIMEOUT at most."""
    seconds = 8
    with ChaosProxy(("127.0.0.1", 1)) as nowhere, ChaosProxy(("127.0.0.1", model.port)) as paid:
        nowhere.mode = "blackhole"
        environ = {
            "DATABASE_URL": mortal.dsn,
            "SPOOL_DIR": str(tmp_path / "spool"),
            "AGENT_TIMEOUT": str(seconds),
            "OPENAI_BASE_URL": f"http://127.0.0.1:{paid.port}/v1",
            "OPENAI_API_KEY": "sk-test",
        }
        if part == "index":
            environ["QDRANT_URL"] = f"http://127.0.0.1:{nowhere.port}"
        with Process(home, tmp_path / "log", environ) as service:
            async with httpx2.AsyncClient(base_url=service.url, timeout=60) as client:
                guest = await client.post("/api/v1/auth/guest", json={"transport": "bearer"})
                token = guest.json()["access_token"]
                client.headers["authorization"] = f"Bearer {token}"
                if part != "index":
                    await client.post("/api/v1/chat", json=message(QUESTIONS[0]))
                if part == "database":
                    mortal.proxy.mode = "stall"
                if part == "model":
                    paid.mode = "stall"
                took, statuses = await _all_sorts(client)
                later, _ = await _all_sorts(client)
            mortal.proxy.mode = paid.mode = "pass"
    figure(f"worst {max(took):.1f} s of {seconds + 1}, then {max(later):.2f} s, {statuses}")

    assert max(took) < seconds + 1
    assert {status for status in statuses if status >= 500} <= {503}


async def _all_sorts(client: httpx2.AsyncClient) -> tuple[list[float], list[int]]:
    took, statuses = [], []

    async def ask(method: str, path: str, json: object = None) -> None:
        started = time.monotonic()
        reply = await client.request(method, path, json=json)
        took.append(time.monotonic() - started)
        statuses.append(reply.status_code)

    bad = {"email": "a@example.com", "password": "wrong password 1843", "transport": "bearer"}
    await asyncio.gather(
        *(ask("POST", "/api/v1/chat", message(f"{QUESTIONS[0]} {n}")) for n in range(2)),
        ask("GET", "/api/v1/conversations"),
        ask("GET", "/api/v1/auth/session"),
        ask("POST", "/api/v1/auth/login", bad),
        ask("GET", "/health/ready"),
        ask("GET", "/health/live"),
    )
    return took, statuses
