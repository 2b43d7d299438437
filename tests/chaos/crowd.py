"""Many readers at once, who note what they were told."""

import asyncio
import itertools
import statistics
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import httpx2
import orjson
from attrs import define, field

from tests.live import message

QUESTIONS = [
    "How long is one blast of the fog signal?",
    "Who winds the clockwork?",
    "What is the lamp made of?",
    "Is there pizza on the moon?",
]
SSE = {"accept": "text/event-stream"}


@define
class Crowd:
    """Readers who ask one question after the other, until there are no more questions.

    *acknowledged* are the messages whose reply said where they are kept; *kept* those that a reader
    with a session was promised to find again.
    """

    url: str
    readers: int = 8
    sessions: list[str] = field(factory=list)
    statuses: Counter[int] = field(factory=Counter)
    stored: Counter[str] = field(factory=Counter)
    acknowledged: set[UUID] = field(factory=set)
    kept: set[UUID] = field(factory=set)
    seconds: list[float] = field(factory=list)
    unanswered: int = 0  # nobody was there, or left in the middle

    async def log_in(self, count: int) -> None:
        async with self._client() as client:
            for _ in range(count):
                reply = await client.post("/api/v1/auth/guest", json={"transport": "bearer"})
                self.sessions.append(reply.raise_for_status().json()["access_token"])

    async def ask(self, questions: int) -> None:
        """Each question until it is answered."""
        numbers = iter(range(questions))
        async with self._client() as client:
            await asyncio.gather(*(self._read(client, numbers) for _ in range(self.readers)))

    @property
    def asked(self) -> int:
        return self.statuses.total()

    def quantile(self, share: float) -> float:
        """Of the seconds that an answer took."""
        return statistics.quantiles(self.seconds, n=1000)[int(share * 1000) - 1]

    @asynccontextmanager
    async def _client(self) -> AsyncIterator[httpx2.AsyncClient]:
        limits = httpx2.Limits(max_connections=self.readers)
        async with httpx2.AsyncClient(base_url=self.url, timeout=40, limits=limits) as client:
            yield client

    async def _read(self, client: httpx2.AsyncClient, numbers: Iterator[int]) -> None:
        for number in numbers:
            headers = {}
            if self.sessions and number % 2:
                token = self.sessions[number // 2 % len(self.sessions)]
                headers = {"authorization": f"Bearer {token}"}
            for attempt in itertools.count():
                try:
                    await self._ask(client, number, headers)
                    break
                except httpx2.TransportError:
                    self.unanswered += 1
                    assert attempt < 400, "the service did not come back"
                    await asyncio.sleep(0.05)

    async def _ask(self, client: httpx2.AsyncClient, number: int, headers: dict[str, str]) -> None:
        asked, started = message(QUESTIONS[number % len(QUESTIONS)]), time.monotonic()
        path = "/api/v1/chat/stream" if number % 3 == 0 else "/api/v1/chat"
        reply = await client.post(path, json=asked, headers=headers)
        told = _told(reply)
        self.seconds.append(time.monotonic() - started)
        self.statuses[reply.status_code] += 1
        if reply.status_code == 200:
            self._note(told)

    def _note(self, told: dict[str, Any]) -> None:
        self.stored[told["stored"]] += 1
        if told["stored"] in ("database", "spool"):
            self.acknowledged.add(UUID(told["message_id"]))
            if told["conversation_id"]:
                self.kept.add(UUID(told["message_id"]))


def _told(reply: httpx2.Response) -> dict[str, Any]:
    """What the reply says of its message, from a stream as from a whole one."""
    if not reply.headers["content-type"].startswith("text/event-stream"):
        told: dict[str, Any] = reply.json()
        return told | {"message_id": told.get("response", {}).get("message_id")}
    events = [orjson.loads(line[6:]) for line in reply.text.split("\n") if line[:6] == "data: "]
    assert events[-1]["status"] == "success", events[-1]
    begun: dict[str, Any] = events[0]
    return begun | {"stored": events[-1]["stored"]}
