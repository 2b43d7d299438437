"""Readers who lose a stream and come back, who stop it, and who never come back."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import orjson
import pytest
from attrs import evolve

from settings import Settings
from tests.contract_checks import events
from tests.fake_model import FakeModel
from tests.guests import QUESTION, Guest
from tests.live import Live, Serve, message, until

STREAM = "/api/v1/chat/stream"
SSE = {"accept": "text/event-stream"}
WORDS = "One two three four five six seven [1]."


@pytest.fixture
def slow(serve: Serve, with_model: Settings, model: FakeModel) -> Live:
    """A service whose model takes its time, and that waits for readers to come back."""
    model.say(WORDS, gap=0.05)
    return serve(evolve(with_model, resume_grace=5))


@contextmanager
def begun(live: Live, headers: dict[str, str] | None = None) -> Iterator[tuple[str, str, int]]:
    """A stream whose first words have come: its message, those words, and their event id."""
    sent = (headers or {}) | SSE
    with live.client.stream("POST", STREAM, json=message(QUESTION), headers=sent) as response:
        assert response.status_code == 200
        text, message_id, last = "", "", 0
        lines = response.iter_lines()  # named: to forget it would close the response
        for line in lines:
            last = int(line[4:]) if line.startswith("id: ") else last
            event = orjson.loads(line[6:]) if line.startswith("data: ") else {"content": ""}
            message_id = event.get("message_id", message_id)
            text += event["content"]
            if text:
                break
        yield message_id, text, last


def resume(live: Live, message_id: str, last: int, **headers: str) -> Any:
    at = {"last-event-id": str(last)} if last else {}
    return live.client.get(f"{STREAM}/{message_id}", headers=SSE | at | headers)


def text_of(content: bytes) -> str:
    return "".join(event["content"] for event in events(content)[:-1])


def test_a_reader_comes_back_and_misses_nothing(slow: Live, model: FakeModel) -> None:
    """Not a character twice; the model was asked once, and never left."""
    guest = Guest(slow)
    with begun(slow, guest.headers) as (message_id, text, last):
        pass
    resumed = resume(slow, message_id, last, **guest.headers)
    first, *_, final = events(resumed.content)

    assert text + text_of(resumed.content) == WORDS
    assert first["message_id"] == message_id
    assert (final["status"], final["stored"]) == ("success", "database")
    assert len(model.requests) == 1
    assert model.disconnects == []


def test_two_readers_follow_one_answer(slow: Live) -> None:
    """A second window of the same reader, while the first reads on."""
    guest = Guest(slow)
    with begun(slow, guest.headers) as (message_id, _, _):
        whole = resume(slow, message_id, 0, **guest.headers)

    assert text_of(whole.content) == WORDS


def test_a_reader_who_leaves_takes_no_news_from_another(slow: Live) -> None:
    """Both waited for the next words of one answer when the second window was closed."""
    guest = Guest(slow)
    sent, got = guest.headers | SSE, b""
    with slow.client.stream("POST", STREAM, json=message(QUESTION), headers=sent) as response:
        for piece in response.iter_bytes():
            if not got:
                opening = orjson.loads(piece.partition(b"data: ")[2].splitlines()[0])
                url = f"{STREAM}/{opening['message_id']}"
                with slow.client.stream("GET", url, headers=sent) as second:
                    next(second.iter_bytes())
            got += piece

    assert text_of(got) == WORDS


@pytest.mark.parametrize("forgotten", [True, False])
def test_every_place_in_an_answer_can_be_gone_on_from(
    serve: Serve, settings: Settings, *, forgotten: bool
) -> None:
    """From memory and from the database, by any number that a frame had, or lies about."""
    live = serve(settings)
    guest = Guest(live)
    asked = live.client.post(STREAM, json=message(QUESTION), headers=guest.headers | SSE)
    message_id, final = events(asked.content)[0]["message_id"], events(asked.content)[-1]
    text = text_of(asked.content)
    if forgotten:
        live.state["answers"]._recent.clear()
    for last in (0, 1, len(text) // 2, len(text), len(text) + 1, 10_000_000):
        resumed = resume(live, message_id, last, **guest.headers)

        assert text_of(resumed.content) == text[last:]
        assert events(resumed.content)[-1] == final


def test_an_answer_asked_without_a_session_is_whose_knows_its_id(slow: Live) -> None:
    """And a session's is nobody else's, with or without one of their own."""
    with begun(slow) as (message_id, text, last):
        pass
    assert text + text_of(resume(slow, message_id, last).content) == WORDS
    ada, eve = Guest(slow), Guest(slow)
    with begun(slow, ada.headers) as (message_id, _, _):
        for headers in ({}, eve.headers):
            for method in ("GET", "DELETE"):
                path = f"{STREAM}/{message_id}"
                refused = slow.client.request(method, path, headers=headers)
                assert refused.status_code == 404
                assert refused.json()["error"] == "message_not_found"


def test_nobody_reads_on_what_never_was(slow: Live) -> None:
    unknown = "01a20c94-55db-74d4-b910-0f9fb7c08558"
    for headers in ({}, Guest(slow).headers):
        for method in ("GET", "DELETE"):
            path = f"{STREAM}/{unknown}"
            assert slow.client.request(method, path, headers=headers).status_code == 404
    bad = slow.client.get(f"{STREAM}/{unknown}", headers={"last-event-id": "no number"})
    assert bad.json()["errors"][0]["in"] == "header"


def test_stopping_leaves_the_model_at_once(slow: Live, model: FakeModel) -> None:
    """Within a tenth of a second; the reader gets a final frame, and what there was is kept."""
    guest = Guest(slow)
    with slow.client.stream(
        "POST", STREAM, json=message(QUESTION), headers=guest.headers
    ) as response:
        lines = response.iter_lines()
        message_id = orjson.loads(next(lines)[6:])["message_id"]
        while "One" not in next(lines):
            pass
        at = time.monotonic()
        stopped = guest.request("DELETE", f"{STREAM}/{message_id}")
        final = orjson.loads([line for line in lines if line][-1][6:])
    again = guest.request("DELETE", f"{STREAM}/{message_id}")
    kept = guest.get(guest.ids()[0])["exchanges"][0]

    assert stopped.status_code == again.status_code == 204
    assert model.wait_for_disconnect() - at < 0.1
    assert (final["error"], final["stored"]) == ("answer_stopped", "database")
    assert kept["status"] == "stopped"
    assert kept["response"].startswith("One")


def test_who_never_comes_back_is_waited_for_so_long_and_no_longer(
    serve: Serve, with_model: Settings, model: FakeModel
) -> None:
    """Then the model is left, and the reader finds what there was."""
    model.say(WORDS, behaviour="stall")
    live = serve(evolve(with_model, resume_grace=1))
    guest = Guest(live)
    with begun(live, guest.headers) as (message_id, _, last):
        pass
    left = time.monotonic()
    waited = model.wait_for_disconnect(timeout=3) - left
    until(lambda: len(guest.ids()) == 1)
    resumed = resume(live, message_id, last, **guest.headers)

    assert 0.9 < waited < 1.5
    assert guest.get(guest.ids()[0])["exchanges"][0]["status"] == "stopped"
    assert events(resumed.content)[-1]["error"] == "answer_stopped"


def test_an_answer_that_its_reader_left_makes_room_for_a_new_question(
    serve: Serve, with_model: Settings, model: FakeModel
) -> None:
    """Two at a time; a third is refused while both are read, and not when one was left."""
    model.say(WORDS, gap=0.1)
    live = serve(evolve(with_model, resume_grace=60, rate_limits=True))
    guest = Guest(live)
    with begun(live, guest.headers), begun(live, guest.headers):
        refused = live.client.post(STREAM, json=message(QUESTION), headers=guest.headers)
    with begun(live, guest.headers), begun(live, guest.headers):
        pass

    assert refused.status_code == 429
    assert len(model.requests) == 4


def test_beyond_what_it_can_do_the_service_says_so_at_once(
    serve: Serve, with_model: Settings, model: FakeModel
) -> None:
    """One answer at a time and one that waits: the third is told when to come back."""
    model.say(WORDS, gap=0.05)
    live = serve(evolve(with_model, answers_at_once=1, answers_waiting=1, resume_grace=60))
    with begun(live) as (first, _, _):
        posted = live.client.stream("POST", STREAM, json=message(QUESTION))
        with posted as waiting:
            assert live.state["answers"].load == (1, 1)
            refused = live.client.post(STREAM, json=message(QUESTION))
            live.client.delete(f"{STREAM}/{first}")
            content = waiting.read()

    assert (refused.status_code, refused.json()["error"]) == (503, "overloaded")
    assert int(refused.headers["retry-after"]) > 0
    assert text_of(content) == WORDS
    assert live.state["answers"].load == (0, 0)


def test_one_that_waits_for_its_turn_can_be_stopped(
    serve: Serve, with_model: Settings, model: FakeModel
) -> None:
    """Its reader does not wait for the other's end."""
    model.say(WORDS, gap=0.2)
    live = serve(evolve(with_model, answers_at_once=1))
    with begun(live), live.client.stream("POST", STREAM, json=message(QUESTION)) as waiting:
        lines = waiting.iter_lines()
        message_id = orjson.loads(next(lines)[6:])["message_id"]
        live.client.delete(f"{STREAM}/{message_id}")
        final = orjson.loads([line for line in lines if line][-1][6:])

        assert live.state["answers"].load == (1, 0)
    assert final["error"] == "answer_stopped"
    assert len(model.requests) == 1
