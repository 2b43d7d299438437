"""Log lines: which request they belong to, and what never stands in one."""

import logging
import threading
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx2
import orjson
import pytest
from attrs import evolve

import logs
from settings import Settings
from tests.fake_model import FakeModel
from tests.live import AUTH, Live, Serve, new_email
from tests.scrape import scrape_until

QUESTION = "How long is one blast of the fog signal?"
DEAD = "postgresql://nobody@127.0.0.1:1/nothing"


@pytest.fixture
def written(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    """What is logged, as the lines that a service writes, at the most talkative level."""
    caplog.set_level(logging.DEBUG)
    caplog.handler.setFormatter(logs.JsonFormatter())
    return caplog


def lines(written: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    every = [orjson.loads(line) for line in written.text.splitlines()]
    return [line for line in every if line["logger"].startswith("footnote")]


def record(**members: object) -> logging.LogRecord:
    made = logging.makeLogRecord({"name": "footnote", "levelname": "INFO", "msg": "it rains"})
    vars(made).update(members)
    return made


def test_a_line_of_a_request_names_it() -> None:
    """In both formats, and only while it runs."""
    formats = logs.JsonFormatter(), logs.TextFormatter()
    before = [each.format(record()) for each in formats]
    with logs.Within("r1"):
        during = [each.format(record(degrees=9)) for each in formats]
    after = [each.format(record()) for each in formats]

    assert orjson.loads(during[0])["request_id"] == "r1"
    assert during[1] == "it rains request_id='r1' degrees=9"
    assert before[1] == after[1] == "it rains"
    assert "request_id" not in before[0] + after[0]


def test_a_record_that_names_its_request_is_believed() -> None:
    """It may be written for another one."""
    with logs.Within("r1"):
        line = orjson.loads(logs.JsonFormatter().format(record(request_id="r2")))

    assert line["request_id"] == "r2"


def test_what_an_answer_logs_belongs_to_the_request_that_asked(
    serve: Serve, settings: Settings, written: pytest.LogCaptureFixture
) -> None:
    """Also the line about storing it, which is written when the response is over."""
    live = serve(evolve(settings, database_url=DEAD, spool_directory=Path("/proc/nothing")))
    ids = [live.ask(QUESTION).headers["x-request-id"] for _ in range(2)]
    scrape_until(live, "stored_total{where=log}", 2)
    told = lines(written)

    assert [line["request_id"] for line in told if line["message"] == "not stored"] == ids
    assert [line["request_id"] for line in told if line.get("operation") == "send_chat"] == ids


def test_requests_at_the_same_time_keep_their_names(
    serve: Serve,
    with_model: Settings,
    model: FakeModel,
    written: pytest.LogCaptureFixture,
) -> None:
    """Each of eight answers fails over in a line of its own request."""
    model.say("One blast", behaviour="cut")
    model.together = 8  # else the first to break off would spare the others the model
    live = serve(evolve(with_model, answer_cache=0))
    responses: list[httpx2.Response] = []
    threads = [
        threading.Thread(target=lambda: responses.append(live.ask(QUESTION))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    broken = [line["request_id"] for line in lines(written) if "broke off" in line["message"]]

    assert len(broken) == 8
    assert set(broken) == {response.headers["x-request-id"] for response in responses}


def test_an_unexpected_failure_is_logged_with_its_request(
    serve: Serve, settings: Settings, written: pytest.LogCaptureFixture
) -> None:
    """So that a reader's "urn:uuid:…" leads to the traceback."""
    live = serve(settings)
    live.state["answers"].start = None  # type: ignore[assignment, method-assign]  # a bug of ours
    problem = live.ask(QUESTION).json()
    failure = next(line for line in lines(written) if line["message"] == "unexpected failure")

    assert problem["instance"] == f"urn:uuid:{failure['request_id']}"
    assert "TypeError" in failure["exception"]


def life(live: Live, *, question: str, email: str, password: str) -> None:
    """A reader registers, mistypes, signs in, asks in both ways, makes mistakes, and leaves."""
    live.register(email, password)
    live.register(email, password)
    live.login(email, f"{password} mistyped")
    reader = live._reader(live.login(email, password))
    reader.ask(f"How tall is {question}?")
    reader.send("POST", "/api/v1/chat", {"query_text": question, "wrong": question})
    reader.send("GET", f"/api/v1/conversations?q={question}")
    live.stream(question, context="selected-text", selected_text=f"the {question} tower")
    live.client.post("/api/v1/chat", content=f'{{"{question}"')
    change = {"current_password": password, "new_password": f"{password} new"}
    reader.send("PUT", f"{AUTH}/password", change)
    reader.send("DELETE", f"{AUTH}/account")


def test_neither_log_nor_metrics_hold_what_a_reader_wrote(
    serve: Serve, settings: Settings, written: pytest.LogCaptureFixture
) -> None:
    """Question, selection, e-mail, password; at DEBUG, and whichever way a request ends."""
    question, email, password = uuid4().hex, new_email(), f"password-{uuid4().hex}"
    live = serve(evolve(settings, log_level="DEBUG"))
    life(live, question=question, email=email, password=password)
    scrape_until(live, "answers_running", 0)
    metrics = live.client.get("/metrics").text
    told = [orjson.dumps(line).decode() for line in lines(written)]

    assert len([line for line in told if '"operation":' in line]) > 10
    for secret in (question, email, email.partition("@")[0], password):
        assert secret not in metrics
        assert [line for line in told if secret in line] == []
