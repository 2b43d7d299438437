"""One vocabulary of events, one encoder a protocol: what the next one costs."""

import ast
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx2
import pytest
from attrs import evolve
from starlette.applications import Starlette
from starlette.routing import Route

from agent.events import Event
from chat_stream import ChatEncoder
from settings import ROOT, Settings
from tests import ag_ui
from tests.contract_checks import chatkit_events
from tests.fake_model import FakeModel
from tests.live import Live, Serve, message, until

QUESTION = "How long is one blast of the fog signal?"
ASKED = {
    "threadId": "thread-1",
    "runId": "run-1",
    "messages": [{"id": "1", "role": "user", "content": QUESTION}],
}
RUN = {"threadId": "thread-1", "runId": "run-1"}


@pytest.fixture
def speaking(serve: Serve, with_model: Settings) -> Live:
    """A service that has one more route."""
    live = serve(with_model)
    app = live.app.app
    assert isinstance(app, Starlette)
    app.router.routes.append(Route("/ag-ui", ag_ui.run_agent, methods=["POST"]))
    return live


def run(live: Live) -> list[dict[str, Any]]:
    return chatkit_events(live.client.post("/ag-ui", json=ASKED).content)


def test_the_next_protocol_takes_less_than_forty_lines() -> None:
    """Its encoder and its handler, as they stand there."""
    tree = ast.parse(Path(ag_ui.__file__).read_text())
    whole = [node for node in tree.body if isinstance(node, ast.ClassDef | ast.AsyncFunctionDef)]

    assert sum((node.end_lineno or 0) - node.lineno + 1 for node in whole) < 40


def test_an_answer_streams_through_it(speaking: Live, model: FakeModel) -> None:
    """Begun, said, ended, and in the log like any other."""
    model.say("It gives one blast of five seconds [1].")
    found = run(speaking)
    kinds = [event["type"] for event in found]

    assert found[0] == {"type": "RUN_STARTED"} | RUN
    assert kinds[1] == "TEXT_MESSAGE_START"
    assert set(kinds[2:-2]) == {"TEXT_MESSAGE_CONTENT"}
    assert kinds[-2:] == ["TEXT_MESSAGE_END", "RUN_FINISHED"]
    assert "".join(e.get("delta", "") for e in found) == "It gives one blast of five seconds [1]."
    assert len({e["messageId"] for e in found if "messageId" in e}) == 1
    assert speaking.logged(1)[0]["status"] == "success"


def test_what_breaks_off_says_so(speaking: Live, model: FakeModel) -> None:
    """With the sentence that every protocol has."""
    model.say("It gives one blast of five seconds [1].", behaviour="cut")

    assert run(speaking)[-1] == {
        "type": "RUN_ERROR",
        "message": "The answer broke off before its end.",
    }


def test_what_breaks_in_an_encoder_breaks_its_response_and_nothing_else(
    serve: Serve, with_model: Settings, model: FakeModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is not asked again, which could say a thing twice; the answer goes on, and is kept."""
    calls: list[int] = []
    encode = ChatEncoder.encode

    def failing_once(self: ChatEncoder, batch: Sequence[Event]) -> bytes:
        calls.append(len(batch))
        if len(calls) == 1:
            raise ZeroDivisionError
        return encode(self, batch)

    monkeypatch.setattr(ChatEncoder, "encode", failing_once)
    model.say("It gives one blast of five seconds [1].")
    live = serve(evolve(with_model, resume_grace=5))
    with pytest.raises(httpx2.RemoteProtocolError):
        live.client.post("/api/v1/chat/stream", json=message(QUESTION))

    assert live.logged(1)[0]["status"] == "success"
    assert len(calls) == 1


def test_who_leaves_it_stops_the_answer(speaking: Live, model: FakeModel) -> None:
    """The model is left at once."""
    model.say(pieces=["One blast ", *(["and more "] * 200)], gap=0.05)
    with speaking.client.stream("POST", "/ag-ui", json=ASKED) as response:
        lines = response.iter_lines()
        assert any("TEXT_MESSAGE_CONTENT" in line for line in lines)
    until(lambda: len(speaking.sql("select from interaction_logs where status = 'stopped'")) == 1)


@pytest.mark.parametrize("module", ["chat_stream.py", "completion_stream.py", "chatkit/stream.py"])
def test_an_encoder_follows_nothing_and_stops_nothing(module: str) -> None:
    """That is done once, in ``wire.py``."""
    text = (ROOT / module).read_text()

    assert ".follow()" not in text
    assert ".stop()" not in text
