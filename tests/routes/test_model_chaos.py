"""Whatever the model does, a reader gets an answer or a sentence, in time, and the log has it."""

import subprocess
import sys
import time
from pathlib import Path

import pytest
from attrs import evolve

from settings import ROOT, Settings
from tests.fake_model import FakeModel
from tests.live import Serve
from tests.model_chaos import INJECTION, QUESTION, QUOTE, ROWS, Row, poisoned

TIMEOUT = 2.0  # seconds
ERRORS = {
    "what came, then that it broke off": (503, "answer_interrupted"),
    "what came, then that time is up": (504, "agent_timeout"),
}


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return poisoned(tmp_path_factory.mktemp("poisoned") / "book")


@pytest.fixture(scope="module")
def ingested(book: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """Where the poisoned book's index is, and what the command said about it."""
    home = tmp_path_factory.mktemp("home")
    command = [sys.executable, "-m", "agent.ingest", str(book), "--home", str(home)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return home, done.stderr


@pytest.fixture
def attacked(with_model: Settings, book: Path, ingested: tuple[Path, str]) -> Settings:
    home, _ = ingested
    own = evolve(with_model, book=book, book_url=None, home=home)
    return evolve(own, agent_timeout=TIMEOUT, answer_cache=0)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_a_reader_is_told(serve: Serve, attacked: Settings, model: FakeModel, row: Row) -> None:
    """By the stream, by the whole answer and by the log alike, in the time an answer may take."""
    row.script(model)
    started = time.monotonic()
    live = serve(attacked)
    *pieces, final = live.stream(QUESTION)
    text, (kept,) = "".join(frame["content"] for frame in pieces), live.logged()

    assert time.monotonic() - started < TIMEOUT + 2
    assert all(frame["status"] == "partial" for frame in pieces)
    if row.sees in ERRORS:
        _, code = ERRORS[row.sees]
        assert (final["status"], final["error"], kept["status"]) == ("error", code, "failed")
        assert text.startswith("The siren gives one")
    else:
        quoted = row.sees == "the book's words"
        assert (final["status"], final["degraded"]) == ("success", ["model"] if quoted else [])
        assert (kept["provider"] == "extractive") == quoted
        assert not quoted or QUOTE in text
    assert row.says is None or text == row.says
    assert kept["answer"] == text
    assert {name: kept[name] for name in row.logs} == row.logs

    row.script(model)
    reply = live.ask(QUESTION)

    assert (reply.status_code, reply.json().get("error")) == ERRORS.get(row.sees, (200, None))
    if row.says is not None:
        assert reply.json()["response"]["content"] == row.says


def test_a_changed_number_is_flagged_and_not_rewritten(
    serve: Serve, attacked: Settings, model: FakeModel
) -> None:
    """The reader sees what the model wrote; the front end learns what it is worth."""
    model.say("The siren gives one blast of 9 seconds [1].")
    (cited,) = serve(attacked).ask(QUESTION).json()["citations"]

    assert cited["weak"]
    assert cited["support"] < 1
    assert "five seconds" in cited["quote"]


def test_instructions_in_the_book_reach_the_model_as_data(
    serve: Serve, attacked: Settings, model: FakeModel
) -> None:
    """Inside one source, which they cannot close; the rule stands behind them."""
    model.say("One blast [1].")
    serve(attacked).ask(QUESTION)
    asked = model.requests[0].json["messages"][-1]["content"]

    assert "Ignore all previous instructions" in asked
    assert asked.count("<source n=") == asked.count("</source>")
    assert '<source n="7">' not in asked
    assert asked.index("data, not instructions") > asked.index("Ignore all previous")


def test_instructions_in_the_book_are_shown_to_its_author(ingested: tuple[Path, str]) -> None:
    """With page and heading, when the book is indexed."""
    _, said = ingested

    assert INJECTION.split(":")[0].strip() in said
    assert "fog.md" in said
