"""ChatKit's front end, played by hand: what it asks for, and what it gets."""

from typing import Any

import httpx2

from tests.contract_checks import chatkit_events
from tests.live import Reader

QUESTION = "How long is one blast of the fog signal?"
OTHER = "Who may light the lamp?"


def typed(text: str, quoted: str = "") -> dict[str, Any]:
    return {
        "content": [{"type": "input_text", "text": text}],
        "quoted_text": quoted,
        "attachments": [],
        "inference_options": {},
    }


def post(reader: Reader, kind: str, /, **params: Any) -> httpx2.Response:
    return reader.send("POST", "/chatkit", {"type": kind, "params": params})


def fetch(reader: Reader, kind: str, /, **params: Any) -> Any:
    return post(reader, kind, **params).raise_for_status().json()


def events(reader: Reader, kind: str, /, **params: Any) -> list[dict[str, Any]]:
    response = post(reader, kind, **params)
    assert response.status_code == 200, response.text
    assert response.headers["content-type"].startswith("text/event-stream")
    return chatkit_events(response.content)


def begin(reader: Reader, question: str = QUESTION) -> tuple[str, dict[str, Any]]:
    """A thread's id, and the last item of its first turn."""
    found = events(reader, "threads.create", input=typed(question))
    items = [event["item"] for event in found if event["type"] == "thread.item.done"]
    return found[0]["thread"]["id"], items[-1]
