"""Counting and measuring, without a service around it."""

import subprocess
import sys
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from metrics import LIMITS, Metrics
from models import Interaction
from settings import ROOT
from tests.scrape import samples

pytestmark = pytest.mark.anyio


async def read(metrics: Metrics) -> dict[str, float]:
    return samples((await metrics.text()).decode())


def interaction(**members: object) -> Interaction:
    usual: dict[str, object] = {
        "interaction_id": uuid4(),
        "asked_at": datetime.now(UTC),
        "user_label": None,
        "question": "How tall is the tower?",
        "selected_text": None,
        "metadata": "{}",
        "answer": "",
        "status": "success",
        "retrieval_ms": None,
        "first_token_ms": None,
        "total_ms": 1000,
    }
    return Interaction(**(usual | members))  # type: ignore[arg-type]  # a row of any shape


async def test_every_name_is_ours() -> None:
    """So that one word finds all of them, and none is another service's."""
    metrics = Metrics()
    metrics.request("send_chat", 200, 0.1)
    metrics.watch("answers_running", lambda: 1)
    families = list(text_string_to_metric_families((await metrics.text()).decode()))
    names = {family.name for family in families}

    assert all(name.startswith("footnote_") for name in names)
    assert "footnote_process_resident_memory_bytes" in names
    assert len(names) == len(families)


async def test_what_can_happen_is_there_before_it_happens() -> None:
    """A rise from nothing is no rise to Prometheus, so the first failure would go unseen."""
    found = await read(Metrics())

    assert found["answers_total{status=failed}"] == 0
    assert found["stored_total{where=lost}"] == 0
    assert found["answer_stage_seconds_count{stage=storing}"] == 0


async def test_two_apps_in_a_process_know_nothing_of_each_other() -> None:
    one, other = Metrics(), Metrics()
    one.stored("database")

    assert (await read(one))["stored_total{where=database}"] == 1
    assert (await read(other))["stored_total{where=database}"] == 0


async def test_an_answer_is_told_from_its_row() -> None:
    """Seconds, tokens, what it cost, who wrote it and what it had to do without."""
    metrics = Metrics()
    row = interaction(
        provider="openai",
        prompt_tokens=10,
        completion_tokens=6,
        cost_usd=0.25,
        degraded=("history", "embedding", "history"),
        retrieval_ms=30,
        first_token_ms=700,
    )
    metrics.answered(row)
    metrics.answered(row)
    found = await read(metrics)

    assert found["answers_total{status=success}"] == 2
    assert found["written_answers_total{provider=openai}"] == 2
    assert found["tokens_total{kind=prompt}"] == 20
    assert found["tokens_total{kind=completion}"] == 12
    assert found["cost_dollars_total{provider=openai}"] == 0.5
    assert found["degraded_answers_total{part=history}"] == 2
    assert found["degraded_answers_total{part=embedding}"] == 2
    assert found["answer_stage_seconds_sum{stage=retrieval}"] == pytest.approx(0.06)
    assert found["answer_stage_seconds_sum{stage=first_token}"] == pytest.approx(1.4)
    assert found["answer_stage_seconds_sum{stage=whole}"] == 2.0


async def test_an_answer_that_was_stopped_at_once_has_no_stages_but_its_end() -> None:
    """What did not happen took no time, which is not the same as none."""
    metrics = Metrics()
    metrics.answered(interaction(status="stopped"))
    found = await read(metrics)

    assert found["answers_total{status=stopped}"] == 1
    assert found["answer_stage_seconds_count{stage=first_token}"] == 0
    assert found["answer_stage_seconds_count{stage=whole}"] == 1
    assert not any(series.startswith("written_answers") for series in found)


async def test_storing_is_measured_also_when_it_fails() -> None:
    metrics = Metrics()
    with pytest.raises(OSError, match="full"), metrics.storing():
        raise OSError("full")

    assert (await read(metrics))["answer_stage_seconds_count{stage=storing}"] == 1


async def test_gauges_are_asked_at_each_scrape() -> None:
    """One for each label; the newest watcher of a label is the one that is asked."""
    metrics, running = Metrics(), [3]
    metrics.watch("answers_running", lambda: -1)
    metrics.watch("answers_running", lambda: running[0])
    metrics.watch("breaker_open", lambda: True, dependency="openai")
    metrics.watch("breaker_open", lambda: False, dependency="gemini")
    first = await read(metrics)
    running[0] = 4

    assert first["answers_running"] == 3
    assert (await read(metrics))["answers_running"] == 4
    assert first["breaker_open{dependency=openai}"] == 1
    assert first["breaker_open{dependency=gemini}"] == 0
    assert "answers_waiting" not in first


def test_only_gauges_that_are_known_can_be_watched() -> None:
    """With their own labels: a wrong one is found at the start, not at the first scrape."""
    metrics = Metrics()

    with pytest.raises(KeyError):
        metrics.watch("temperature", lambda: 1)
    with pytest.raises(TypeError, match="dependency"):
        metrics.watch("breaker_open", lambda: 1)
    with pytest.raises(TypeError, match="answers_running"):
        metrics.watch("answers_running", lambda: 1, dependency="openai")


@given(st.lists(st.floats(0, 100) | st.sampled_from(LIMITS), max_size=30))
async def test_a_bucket_counts_what_took_at_most_that_long(seconds: list[float]) -> None:
    """Prometheus' own meaning of ``le``; the last one counts all."""
    metrics = Metrics()
    metrics.request("send_chat", 200, 1.0)
    for duration in seconds:
        metrics.request("send_chat", 200, duration)
    found = await read(metrics)
    counted = {
        limit: found[f"request_seconds_bucket{{le={limit},operation=send_chat}}"]
        for limit in LIMITS
    }

    assert counted == {
        limit: sum(duration <= limit for duration in (1.0, *seconds)) for limit in LIMITS
    }
    every = len(seconds) + 1
    assert found["request_seconds_bucket{le=+Inf,operation=send_chat}"] == every
    assert found["request_seconds_count{operation=send_chat}"] == every
    assert found["request_seconds_sum{operation=send_chat}"] == pytest.approx(1.0 + sum(seconds))


def test_who_never_scrapes_never_loads_the_library() -> None:
    """It is 40 ms of a serverless start."""
    script = "import sys, service; print('prometheus_client' in sys.modules)"
    ended = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert ended.stdout == "False\n"
