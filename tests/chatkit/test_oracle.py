"""What we send, read by the types of ChatKit's own server."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from settings import Settings
from tests.chatkit.conversations import play
from tests.chatkit.script import QUESTION, begin, events, fetch, typed
from tests.fake_model import FakeModel
from tests.live import Live, Reader, Serve


@pytest.fixture
def oracle(request: pytest.FixtureRequest) -> str:
    place: str | None = request.config.getoption("--chatkit")
    if place is None:
        pytest.skip("make test-chatkit runs these")
    return str(Path(place).resolve())


def everything(reader: Reader) -> Iterator[tuple[str, Any]]:
    """One of each reply, and every event of each stream."""
    yield from (("event", e) for e in events(reader, "threads.create", input=typed(QUESTION)))
    thread_id, answer = begin(reader)
    asked = {"thread_id": thread_id, "input": typed("Why?", quoted="One blast")}
    yield from (("event", e) for e in events(reader, "threads.add_user_message", **asked))
    again = {"thread_id": thread_id, "item_id": f"q-{answer['id']}"}
    yield from (("event", e) for e in events(reader, "threads.retry_after_item", **again))
    yield "threads", fetch(reader, "threads.list", limit=1)
    yield "thread", fetch(reader, "threads.get_by_id", thread_id=thread_id)
    yield "items", fetch(reader, "items.list", thread_id=thread_id, limit=1)
    yield "thread", fetch(reader, "threads.update", thread_id=thread_id, title="Fog")


def misread(oracle: str, told: Iterator[tuple[str, Any]]) -> str:
    """What the types do not take, or give back otherwise."""
    lines = "\n".join(json.dumps({"kind": kind, "payload": payload}) for kind, payload in told)
    command = [sys.executable, "-I", str(Path(__file__).with_name("oracle.py")), oracle]
    ended = subprocess.run(
        command, input=lines, capture_output=True, text=True, check=False, timeout=60
    )
    return ended.stdout + (ended.stderr if ended.returncode else "")


def test_the_types_of_chatkit_give_back_what_we_send(oracle: str, live: Live) -> None:
    """Events, threads and pages, member by member."""
    assert misread(oracle, everything(live.guest())) == ""


def test_so_it_is_when_things_go_wrong(
    oracle: str, serve: Serve, with_model: Settings, model: FakeModel
) -> None:
    """A model that fails in the middle, and a thread of somebody else's."""
    model.say(behaviour="cut")
    live = serve(with_model)
    thread_id, _ = begin(live.guest())
    reader = live.guest()
    broken = events(reader, "threads.create", input=typed(QUESTION))
    foreign = events(reader, "threads.add_user_message", thread_id=thread_id, input=typed(QUESTION))

    assert [found[-1]["type"] for found in (broken, foreign)] == ["error", "error"]
    assert misread(oracle, (("event", event) for event in broken + foreign)) == ""


def test_so_are_random_conversations(
    oracle: str, serve: Serve, with_model: Settings, model: FakeModel
) -> None:
    """Markers at odd places, emoji, Hebrew, retries, stops, failures, and pages of every size."""
    told = play(serve(evolve(with_model, answer_cache=0, resume_grace=60)), model)

    assert {kind for kind, _ in told} == {"event", "thread", "threads", "items"}
    assert misread(oracle, iter(told)) == ""
