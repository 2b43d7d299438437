"""The service on Vercel's own runtime: it boots, streams, notices who leaves, and ends in time."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx2
import orjson
import pytest

from tests.fake_model import FakeModel
from tests.guests import QUESTION
from tests.live import message
from tests.vercel.runtime import DEAD, Runtime, headers

STREAM = "/api/v1/chat/stream"
WORDS = "The siren gives one blast of five seconds in every ninety seconds [1]. "

Boot = Callable[..., Runtime]


@pytest.fixture
def boot(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Boot]:
    python = request.config.getoption("--vercel-python")
    if not python:
        pytest.skip("make test-vercel runs these, with Python 3.12 or newer")
    with ExitStack() as stack:
        yield lambda **environ: stack.enter_context(Runtime(python, tmp_path, environ))


@pytest.fixture
def slow(boot: Boot, home: Path, model: FakeModel) -> Runtime:
    """With an index, and a model that takes its time."""
    model.say(WORDS, gap=0.1)
    return boot(FOOTNOTE_HOME=str(home), OPENAI_BASE_URL=model.url, OPENAI_API_KEY="sk-test")


def test_it_boots_with_every_dependency_dead(boot: Boot) -> None:
    """And says what is dead; a question gets an honest sentence, and its row a place."""
    runtime = boot(QDRANT_URL=f"http://{DEAD}", OPENAI_BASE_URL=f"http://{DEAD}")
    with httpx2.Client(base_url=runtime.url, timeout=20, headers=headers()) as client:
        alive, ready = client.get("/health/live"), client.get("/health/ready")
        answered = client.post("/api/v1/chat", json=message(QUESTION))
    print(f"server-started after {runtime.started_in:.2f} s")

    assert alive.status_code == 200
    assert ready.status_code == 503
    assert answered.status_code == 200
    assert answered.json()["degraded"] == ["retrieval"]
    assert answered.json()["stored"] == "spool"
    assert '"not stored"' in runtime.logged  # for its disk goes with it
    assert {"handler-started", "end"} <= {m["type"] for m in runtime.messages}


def test_an_answer_streams_as_it_is_written(slow: Runtime) -> None:
    with httpx2.Client(base_url=slow.url, timeout=20, headers=headers()) as client:
        client.post("/api/v1/chat", json=message("Is there pizza on the moon?"))  # warm
        with client.stream("POST", STREAM, json=message(QUESTION)) as reply:
            lines = (line for line in reply.iter_lines() if line.startswith("data: "))
            came = [(time.monotonic(), orjson.loads(line[6:])) for line in lines]

    assert came[-1][1]["status"] == "success"
    assert came[-1][0] - came[1][0] > 0.8


def test_a_reader_who_leaves_takes_the_model_along(slow: Runtime, model: FakeModel) -> None:
    with httpx2.Client(base_url=slow.url, timeout=20, headers=headers()) as client:
        with client.stream("POST", STREAM, json=message(QUESTION)) as reply:
            lines = reply.iter_lines()
            while "The" not in next(lines):
                pass
        left = time.monotonic()

        assert model.wait_for_disconnect(timeout=5) - left < 0.5


def test_told_to_stop_it_ends_streams_with_a_final_frame(slow: Runtime) -> None:
    with (
        httpx2.Client(base_url=slow.url, timeout=20, headers=headers()) as client,
        client.stream("POST", STREAM, json=message(QUESTION)) as reply,
    ):
        lines = reply.iter_lines()
        while "The" not in next(lines):
            pass
        took = slow.terminate()
        final = orjson.loads([line for line in lines if line][-1][6:])

    assert final["error"] == "shutting_down"
    assert took < 3


def test_an_answer_ends_before_the_platform_ends_it(slow: Runtime) -> None:
    """The deadline of the invocation, less two seconds, is the answer's."""
    with httpx2.Client(base_url=slow.url, timeout=20) as client:
        client.post("/api/v1/chat", json=message("Is there pizza?"), headers=headers())
        started = time.monotonic()
        late = client.post("/api/v1/chat", json=message(QUESTION), headers=headers(2.6))

    assert (late.status_code, late.json()["error"]) == (504, "agent_timeout")
    assert time.monotonic() - started < 2.6
