"""Two replicas behind nginx on one Postgres: it does not matter which of them a reader meets."""

import asyncio
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path

import httpx2
import orjson
import pytest
from attrs import frozen

from tests.chaos.conftest import Figure
from tests.chaos.nginx import NGINX, Nginx
from tests.chaos.process import Process, free_port
from tests.fake_model import FakeModel
from tests.guests import CONVERSATIONS, INTERNAL_SAVE, QUESTION
from tests.live import AUTH, SERVICE_KEY, message, run_sql

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(NGINX is None, reason="needs nginx, e.g. apt-get install nginx-light"),
]

STREAM = "/api/v1/chat/stream"
WORDS = "The siren gives one blast of five seconds in every ninety seconds [1]."
SSE = {"accept": "text/event-stream"}
READERS, KEPT = 24, 50


@frozen
class Site:
    """What readers see, and what stands behind it."""

    url: str
    dsn: str
    replicas: tuple[Process, Process]

    async def statuses(self) -> list[str]:
        rows = await run_sql(self.dsn, "select status from interaction_logs")
        return [row["status"] for row in rows]


@pytest.fixture
def site(dsn: str, home: Path, tmp_path: Path, model: FakeModel) -> Iterator[Site]:
    """The model takes a second and a half for an answer."""
    model.say(WORDS, gap=0.1)
    environ = {
        "DATABASE_URL": dsn,
        "OPENAI_API_KEY": "sk-test",
        "OPENAI_BASE_URL": model.url,
        "INTERNAL_API_KEY": SERVICE_KEY,
        "HISTORY_LIMIT": str(KEPT),
        "RESUME_GRACE": "5",
        "CLIENT_IP_HEADER": "X-Real-IP",
        "ANSWER_CACHE": "0",
    }
    with ExitStack() as stack:
        one, other = (
            stack.enter_context(
                Process(home, tmp_path / f"{n}.log", environ | {"SPOOL_DIR": str(tmp_path / n)})
            )
            for n in ("one", "other")
        )
        nginx = Nginx(tmp_path / "nginx", free_port(), [one.port, other.port])
        yield Site(stack.enter_context(nginx).url, dsn, (one, other))


@asynccontextmanager
async def guest(url: str) -> AsyncIterator[httpx2.AsyncClient]:
    """A reader with a session, whose every request is a new connection to nginx."""
    alone = httpx2.Limits(max_keepalive_connections=0)
    async with httpx2.AsyncClient(base_url=url, timeout=30, limits=alone) as client:
        opened = await client.post(f"{AUTH}/guest", json={"transport": "bearer"})
        client.headers["authorization"] = f"Bearer {opened.json()['access_token']}"
        client.headers["x-user"] = opened.json()["user_id"]
        yield client


async def begun(client: httpx2.AsyncClient, number: int) -> tuple[str, str, str]:
    """A stream that is lost after its first words: its message, they, and their event id."""
    text, message_id, last = "", "", "0"
    asked = message(f"{QUESTION} ({number})")
    async with client.stream("POST", STREAM, json=asked, headers=SSE) as reply:
        async for line in reply.aiter_lines():
            last = line[4:] if line.startswith("id: ") else last
            event = orjson.loads(line[6:]) if line.startswith("data: ") else {"content": ""}
            message_id = event.get("message_id", message_id)
            text += event["content"]
            if text:
                return message_id, text, last
    raise AssertionError("no words came")


async def resumed(client: httpx2.AsyncClient, message_id: str, last: str) -> tuple[str, str]:
    """What came, and how it ended."""
    at = SSE | {"last-event-id": last}
    reply = await client.get(f"{STREAM}/{message_id}", headers=at)
    assert reply.status_code == 200, reply.text
    lines = [line[6:] for line in reply.text.splitlines() if line.startswith("data: ")]
    events = [orjson.loads(line) for line in lines]
    return "".join(event["content"] for event in events[:-1]), events[-1]["status"]


async def test_lost_streams_are_read_on_wherever_the_reader_comes_back(
    site: Site, model: FakeModel, figure: Figure
) -> None:
    """Each whole, not a character twice; the model is asked once for each, and never left."""

    async def read(number: int) -> tuple[str, str]:
        async with guest(site.url) as client:
            message_id, text, last = await begun(client, number)
            rest, status = await resumed(client, message_id, last)
            return text + rest, status

    got = await asyncio.gather(*(read(number) for number in range(READERS)))
    figure(f"{READERS} streams lost and read on through two replicas: all whole")

    assert got == [(WORDS, "success")] * READERS
    assert await site.statuses() == ["success"] * READERS
    assert len(model.requests) == READERS
    assert model.disconnects == []


async def test_stop_reaches_the_replica_that_writes(site: Site, model: FakeModel) -> None:
    """204 wherever it is pressed; the model is left, and the partial answer kept."""
    model.say(WORDS * 20, gap=0.1)

    async def stop(number: int) -> tuple[int, str]:
        async with guest(site.url) as client:
            message_id, _, last = await begun(client, number)
            stopped = await client.delete(f"{STREAM}/{message_id}")
            return stopped.status_code, (await resumed(client, message_id, last))[1]

    got = await asyncio.gather(*(stop(number) for number in range(READERS // 2)))

    assert got == [(204, "error")] * (READERS // 2)
    assert await site.statuses() == ["stopped"] * (READERS // 2)
    assert len(model.disconnects) == READERS // 2


async def test_a_history_is_exact_whoever_writes_it(site: Site) -> None:
    """Rows that come through both at once leave the newest 50."""
    async with guest(site.url) as client:
        user_id = client.headers["x-user"]

        async def save(number: int) -> int:
            body = {"user_id": user_id, "query": f"Why {number}?", "response": "So."}
            service = {"x-service-key": SERVICE_KEY}
            async with httpx2.AsyncClient(base_url=site.url, timeout=30) as program:
                return (await program.post(INTERNAL_SAVE, json=body, headers=service)).status_code

        saved = await asyncio.gather(*(save(number) for number in range(KEPT + 20)))
        page = (await client.get(CONVERSATIONS, params={"limit": 50})).json()

    assert saved == [201] * (KEPT + 20)
    assert len(page["items"]) == KEPT
    assert page["next"] is None


async def test_a_replica_that_dies_takes_only_its_own_answers_along(site: Site) -> None:
    """Their readers are told within seconds, and the next questions are answered by the other."""
    one, other = site.replicas
    async with guest(one.url) as client, guest(site.url) as visitor:
        message_id, _, last = await begun(client, 1)
        client.base_url = httpx2.URL(other.url)
        reading = asyncio.create_task(resumed(client, message_id, last))
        while not await run_sql(site.dsn, "select from relays where written_at is not null"):
            assert not reading.done()
        await asyncio.to_thread(one.signal, signal.SIGKILL)
        _, status = await reading
        asked = [
            (await visitor.post("/api/v1/chat", json=message(QUESTION))).status_code
            for _ in range(4)
        ]

    assert status == "error"
    assert asked == [200] * 4
