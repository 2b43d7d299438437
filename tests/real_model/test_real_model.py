"""A model that nobody scripted: what it says is not judged, how it is asked and ended is."""

import json
import time

import pytest
from attrs import evolve

from settings import Settings
from tests.live import Live, Serve, message
from tests.real_model.conftest import MODEL, RealModel

QUESTION = "How long is one blast of the fog signal?"
HERE = {"context": "page", "page": "fog.md"}  # few sources: the model reads 100 tokens a second


def test_an_answer_streams_and_is_counted(serve: Serve, answering: Settings) -> None:
    """Piece by piece, one final frame, and the tokens as the model itself counted them."""
    live = serve(answering)
    first, *pieces, final = live.stream(QUESTION, **HERE)
    (row,) = live.logged()
    usage = final["usage"]

    assert first["message_id"]
    assert len([frame for frame in pieces if frame["content"]]) > 3
    assert {frame["status"] for frame in pieces} == {"partial"}
    assert (final["status"], final["degraded"]) == ("success", [])
    assert usage["prompt_tokens"] > 100
    assert usage["completion_tokens"] >= len(pieces) - 1
    assert (row["provider"], row["model"]) == ("openai", MODEL)
    assert row["prompt_tokens"] == usage["prompt_tokens"]
    assert row["answer"] == "".join(frame["content"] for frame in pieces)


def test_a_client_that_waits_gets_it_in_one_piece(serve: Serve, answering: Settings) -> None:
    reply = serve(answering).ask(QUESTION, **HERE).json()

    assert reply["response"]["content"]
    assert reply["usage"]["completion_tokens"] > 0
    assert reply["degraded"] == []


def test_a_wrong_key_leaves_the_book_s_words(
    serve: Serve, answering: Settings, real_model: RealModel
) -> None:
    """The server means it: 401."""
    assert real_model.ask("", key="sk-wrong").status_code == 401
    live = serve(evolve(answering, openai_api_key="sk-wrong"))
    reply = live.ask(QUESTION, **HERE).json()
    (row,) = live.logged()

    assert reply["degraded"] == ["model"]
    assert "one blast of five seconds" in reply["response"]["content"]
    assert (row["provider"], row["prompt_tokens"]) == ("extractive", 0)


def test_a_reader_who_leaves_stops_the_model(
    serve: Serve, answering: Settings, real_model: RealModel
) -> None:
    """It is free for the next within a moment, and what it said is kept."""
    live = serve(answering)
    began = begin(live)
    left = time.monotonic()
    while real_model.metric("requests_processing"):
        assert time.monotonic() < left + 5, "the model goes on for nobody"
        time.sleep(0.02)
    (row,) = live.logged()

    assert row["status"] == "stopped"
    assert row["answer"].startswith(began)
    assert real_model.ask("Hello").status_code == 200


def begin(live: Live) -> str:
    """The first words of an answer; then the reader leaves."""
    body = message(QUESTION, **HERE)
    with live.client.stream("POST", "/api/v1/chat/stream", json=body) as response:
        for line in response.iter_lines():
            if line.startswith("data: ") and (piece := json.loads(line[6:])["content"]):
                return str(piece)
    pytest.fail("nothing was said")


def test_a_question_off_the_book_costs_nothing(
    serve: Serve, answering: Settings, real_model: RealModel
) -> None:
    """The model has read no token of it."""
    before = real_model.metric("prompt_tokens_total")
    live = serve(answering)
    reply = live.ask("Who won the football world cup?").json()

    assert reply["refused"]
    assert real_model.metric("prompt_tokens_total") == before
