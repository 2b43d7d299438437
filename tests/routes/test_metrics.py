"""What Prometheus reads, after what readers did."""

from pathlib import Path
from secrets import token_hex
from uuid import uuid4

import pytest
from attrs import evolve

from settings import Settings
from tests.fake_model import FakeModel
from tests.live import Live, Serve, message
from tests.scrape import scrape, scrape_until, totals

QUESTION = "How long is one blast of the fog signal?"
OFF_TOPIC = "Who won the football world cup of 1990?"
TOKEN = "what the scraper of the tests knows"


def test_each_question_is_counted_once(serve: Serve, settings: Settings) -> None:
    """One that is answered, one that the book does not answer, one that is not valid."""
    live = serve(settings)
    for question in (QUESTION, OFF_TOPIC, ""):
        live.ask(question)
    found = scrape_until(live, "stored_total{where=database}", 2)

    assert {s: v for s, v in found.items() if "operation=send_chat,status" in s} == {
        "requests_total{operation=send_chat,status=200}": 2,
        "requests_total{operation=send_chat,status=422}": 1,
    }
    assert totals(found, "answers_total", "written_answers_total", "stored_total") == {
        "answers_total{status=success}": 1,
        "answers_total{status=refused}": 1,
        "answers_total{status=stopped}": 0,
        "answers_total{status=failed}": 0,
        "written_answers_total{provider=extractive}": 2,
        "stored_total{where=database}": 2,
        "stored_total{where=spool}": 0,
        "stored_total{where=log}": 0,
        "stored_total{where=lost}": 0,
    }
    assert totals(found, "degraded_answers_total", "cost_dollars_total") == {}
    assert totals(found, "tokens_total") == {
        "tokens_total{kind=prompt}": 0,
        "tokens_total{kind=completion}": 0,
    }
    assert found["answers_running"] == 0


def test_each_stage_is_measured_once_an_answer(serve: Serve, settings: Settings) -> None:
    """In seconds, the later ones not before the earlier ones."""
    live = serve(settings)
    live.ask(QUESTION)
    live.stream(QUESTION)
    found = scrape_until(live, "request_seconds_count{operation=stream_chat}", 1)
    took = {
        stage: found[f"answer_stage_seconds_sum{{stage={stage}}}"]
        for stage in ("retrieval", "first_token", "whole")
    }

    assert totals(found, "answer_stage_seconds_count") == {
        f"answer_stage_seconds_count{{stage={stage}}}": 2
        for stage in ("retrieval", "first_token", "whole", "storing")
    }
    assert 0 < took["retrieval"] <= took["first_token"] <= took["whole"] < 20
    assert found["request_seconds_count{operation=send_chat}"] == 1
    assert found["request_seconds_count{operation=stream_chat}"] == 1
    assert found["answer_stage_seconds_sum{stage=storing}"] > 0


def test_tokens_and_dollars_add_up(serve: Serve, with_model: Settings, model: FakeModel) -> None:
    """Ten tokens of the prompt and six of the answer, at a dollar each."""
    model.say("One blast every ninety seconds [1].")
    prices = {"gpt": (1e6, 1e6)}
    live = serve(evolve(with_model, openai_model="gpt", model_prices=prices))
    live.ask(QUESTION)
    found = scrape_until(live, "stored_total{where=database}", 1)

    assert found["tokens_total{kind=prompt}"] == 10
    assert found["tokens_total{kind=completion}"] == 6
    assert found["cost_dollars_total{provider=openai}"] == pytest.approx(16)
    assert found["written_answers_total{provider=openai}"] == 1
    assert found["breaker_open{dependency=openai}"] == 0


def test_a_model_that_is_left_alone_shows(
    serve: Serve, with_model: Settings, model: FakeModel
) -> None:
    """The answer is degraded, and the breaker is open."""
    model.fail(401)
    live = serve(with_model)
    live.ask(QUESTION)
    found = scrape_until(live, "stored_total{where=database}", 1)

    assert found["degraded_answers_total{part=model}"] == 1
    assert found["breaker_open{dependency=openai}"] == 1
    assert found["written_answers_total{provider=extractive}"] == 1


def test_an_answer_that_is_being_written_shows_and_then_its_end(
    serve: Serve, with_model: Settings, model: FakeModel
) -> None:
    """It stops with the reader who leaves."""
    model.behave("silent")
    live = serve(with_model)
    with live.client.stream("POST", "/api/v1/chat/stream", json=message(QUESTION)) as response:
        lines = response.iter_lines()  # named: to forget it would close the response
        next(lines)
        during = scrape(live)
    after = scrape_until(live, "answers_total{status=stopped}", 1)

    assert during["answers_running"] == 1
    assert after["answers_running"] == 0


def test_an_interaction_that_the_database_has_not_shows(serve: Serve, settings: Settings) -> None:
    """Somebody should look after the database, and after the disk."""
    dead = evolve(settings, database_url="postgresql://nobody@127.0.0.1:1/nothing")
    live = serve(dead)
    live.ask(QUESTION)
    found = scrape_until(live, "stored_total{where=spool}", 1)
    full = serve(evolve(dead, spool_directory=Path("/proc/nothing")))
    full.ask(QUESTION)

    assert found["stored_total{where=database}"] == 0
    assert found["spool_bytes"] > 100
    assert found["spool_age_seconds"] >= 0
    assert found["breaker_open{dependency=database}"] == 1
    assert scrape(full)["stored_total{where=log}"] == 1


def test_strange_paths_make_no_series(serve: Serve, settings: Settings) -> None:
    """Two hundred of them count as one, and a path's parameter is no label."""
    live = serve(settings)

    def stray() -> None:
        live.client.get(f"/{token_hex()}")
        live.client.get(f"/api/v1/conversations/{uuid4()}")
        live.client.delete(f"/docs/{token_hex()}")

    stray()
    scrape(live)  # which counts itself from now on
    before = scrape(live)
    for _ in range(199):
        stray()
    after = scrape(live)

    assert after.keys() == before.keys()
    assert after["requests_total{operation=get_conversation,status=401}"] == 200
    assert after["requests_total{operation=none,status=404}"] == 400


def test_a_preflight_is_counted(serve: Serve, settings: Settings) -> None:
    """Although it is answered outside the router."""
    live = serve(evolve(settings, cors_origins=("https://docs.example.org",)))
    asked = {"Origin": "https://docs.example.org", "Access-Control-Request-Method": "POST"}
    live.client.options("/api/v1/chat", headers=asked)

    assert scrape(live)["requests_total{operation=none,status=204}"] == 1


def test_metrics_are_text_for_everybody_by_default(live: Live) -> None:
    """With and without a trailing slash; HEAD tells the same without the body."""
    for path in ("/metrics", "/metrics/"):
        got, head = live.client.get(path), live.client.head(path)

        assert (got.status_code, head.status_code, head.content) == (200, 200, b"")
        assert got.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
        assert head.headers["content-type"] == got.headers["content-type"]
        assert got.headers["cache-control"] == "no-store"
        assert b"# TYPE footnote_requests_total counter" in got.content


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_metrics_are_only_read(live: Live, method: str) -> None:
    refused = live.client.request(method, "/metrics")

    assert (refused.status_code, refused.json()["error"]) == (405, "method_not_allowed")
    assert set(refused.headers["allow"].split(", ")) == {"GET", "HEAD"}


@pytest.mark.parametrize(
    "header",
    [None, "", "Bearer", TOKEN, f"Basic {TOKEN}", f"Bearer {TOKEN}x", "Bearer bücher"],
)
def test_with_a_token_set_metrics_are_for_who_has_it(
    serve: Serve, settings: Settings, header: str | None
) -> None:
    """Anything else is 401 and tells nothing."""
    live = serve(evolve(settings, metrics_token=TOKEN))
    headers = {} if header is None else {"Authorization": header.encode("latin-1")}
    refused = live.client.get("/metrics/", headers=headers)  # type: ignore[arg-type]  # raw bytes

    assert (refused.status_code, refused.json()["error"]) == (401, "unauthorized")
    assert refused.headers["www-authenticate"] == "Bearer"
    assert b"footnote_" not in refused.content


@pytest.mark.parametrize("token", [TOKEN, "voilà"])
def test_the_token_opens_metrics(serve: Serve, settings: Settings, token: str) -> None:
    """As RFC 6750 sends it; the scheme's case does not count."""
    live = serve(evolve(settings, metrics_token=token))
    for scheme in ("Bearer", "bearer"):
        headers = {"Authorization": f"{scheme} {token}".encode()}
        reply = live.client.get("/metrics", headers=headers)  # type: ignore[arg-type]  # raw bytes

        assert reply.status_code == 200
