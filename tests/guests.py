"""Readers for a test: each a guest of its own, so that a shared service keeps them apart."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import httpx2

from tests.contract_checks import events
from tests.live import SERVICE_KEY, Live, message

CONVERSATIONS = "/api/v1/conversations"
INTERNAL_SAVE = f"{CONVERSATIONS}/internal-save"
QUESTION = "How long is one blast of the fog signal?"

T = TypeVar("T")


class Guest:
    """A reader with a session, and what a program of the site does for this reader."""

    def __init__(self, live: Live) -> None:
        self.live, opened = live, live.guest()
        self.user_id, self.headers = opened.user_id, opened.headers

    def request(self, method: str, path: str, **how: Any) -> httpx2.Response:
        return self.live.client.request(method, path, headers=self.headers, **how)

    def post(self, path: str, body: object) -> httpx2.Response:
        return self.request("POST", path, json=body)

    def ask(self, question: str = QUESTION, conversation_id: str | None = None) -> dict[str, Any]:
        """The whole reply."""
        body = message(question) | {"conversation_id": conversation_id}
        response = self.post("/api/v1/chat", body)
        assert response.status_code == 200, response.text
        reply: dict[str, Any] = response.json()
        return reply

    def stream(
        self, question: str = QUESTION, conversation_id: str | None = None
    ) -> list[dict[str, Any]]:
        """Every event of a whole stream."""
        body = message(question) | {"conversation_id": conversation_id}
        response = self.post("/api/v1/chat/stream", body)
        assert response.status_code == 200, response.text
        return events(response.content)

    def save(
        self, query: str = "Why?", response: str = "So.", conversation_id: str | None = None
    ) -> str:
        """The conversation that a program has kept an exchange in."""
        body = {"query": query, "response": response, "conversation_id": conversation_id}
        saved = save(self.live, body | {"user_id": self.user_id})
        assert saved.status_code == 201, saved.text
        return str(saved.json()["id"])

    def page(self, **asked: object) -> dict[str, Any]:
        response = self.request("GET", CONVERSATIONS, params=asked)
        assert response.status_code == 200, response.text
        page: dict[str, Any] = response.json()
        return page

    def ids(self, **asked: object) -> list[str]:
        """Of a page of conversations, newest first."""
        return [item["conversation_id"] for item in self.page(limit=50, **asked)["items"]]

    def get(self, conversation_id: str) -> dict[str, Any]:
        """A conversation."""
        response = self.request("GET", f"{CONVERSATIONS}/{conversation_id}")
        assert response.status_code == 200, response.text
        conversation: dict[str, Any] = response.json()
        return conversation

    def queries(self, conversation_id: str) -> list[str]:
        return [exchange["query"] for exchange in self.get(conversation_id)["exchanges"]]

    def told(self, conversation_id: str) -> list[str]:
        """Its queries, as far as the database can say."""
        response = self.request("GET", f"{CONVERSATIONS}/{conversation_id}")
        return [exchange["query"] for exchange in response.json().get("exchanges", [])]


def save(live: Live, body: object) -> httpx2.Response:
    return live.client.post(INTERNAL_SAVE, json=body, headers={"x-service-key": SERVICE_KEY})


def at_once(calls: Sequence[Callable[[], T]]) -> list[T]:
    """What these return, each called in a thread of its own."""
    with ThreadPoolExecutor(len(calls)) as threads:
        return [future.result() for future in [threads.submit(call) for call in calls]]
