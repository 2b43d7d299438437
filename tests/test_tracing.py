"""Traces of OpenTelemetry, where it is there; and a service without it."""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode
from starlette.types import Message, Receive, Scope, Send

from border import Border
from metrics import Metrics
from settings import ROOT, Settings
from tests.fake_model import FakeModel
from tests.live import Serve, message

QUESTION = "How long is one blast of the fog signal?"
STAGES = ["retrieval", "first_token", "generation", "storing"]
TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


@pytest.fixture
def exporter(monkeypatch: pytest.MonkeyPatch) -> Iterator[InMemorySpanExporter]:
    """What the service's spans are exported to, at once."""
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(trace, "get_tracer_provider", lambda: provider)
    yield exporter
    provider.shutdown()


def spans(exporter: InMemorySpanExporter, *names: str) -> list[ReadableSpan]:
    """The spans of *names*, one each, once all have ended."""
    for _ in range(100):
        found = {span.name: span for span in exporter.get_finished_spans()}
        if found.keys() >= set(names):
            break
        time.sleep(0.02)
    return [found[name] for name in names]


def test_a_question_is_a_span_with_its_stages(
    serve: Serve, settings: Settings, exporter: InMemorySpanExporter
) -> None:
    """One trace: the stages follow each other and are the request's children."""
    live = serve(settings)
    response = live.ask(QUESTION)
    request, *stages = spans(exporter, "send_chat", *STAGES)
    context = request.get_span_context()
    retrieval, first_token, generation, storing = stages

    assert request.kind == SpanKind.SERVER
    assert dict(request.attributes or {}) == {
        "http.request.method": "POST",
        "http.response.status_code": 200,
        "footnote.request_id": response.headers["x-request-id"],
    }
    assert request.status.status_code == StatusCode.UNSET
    assert context
    assert [stage.parent and stage.parent.span_id for stage in stages] == [context.span_id] * 4
    assert retrieval.end_time == first_token.start_time
    assert first_token.end_time == generation.start_time
    assert (generation.end_time or 0) <= (storing.end_time or 0)


def test_a_stream_s_stages_belong_to_it(
    serve: Serve, settings: Settings, exporter: InMemorySpanExporter
) -> None:
    """Although its answer is written in a task of its own."""
    serve(settings).stream(QUESTION)
    request, *stages = spans(exporter, "stream_chat", *STAGES)
    context = request.get_span_context()

    assert context
    assert {stage.parent and stage.parent.span_id for stage in stages} == {context.span_id}


def test_the_caller_s_trace_goes_on(
    serve: Serve, settings: Settings, exporter: InMemorySpanExporter
) -> None:
    """https://www.w3.org/TR/trace-context/"""
    headers = {"traceparent": f"00-{TRACE}-{SPAN}-01"}
    serve(settings).client.get("/health/live", headers=headers)
    (request,) = spans(exporter, "get_liveness")

    assert request.parent
    assert f"{request.parent.trace_id:032x}" == TRACE
    assert f"{request.parent.span_id:016x}" == SPAN


@pytest.mark.parametrize("wrong", ["", "00-xyz", f"00-{'0' * 32}-{SPAN}-01", "ü" * 300])
def test_a_trace_that_is_none_is_ignored(
    serve: Serve, settings: Settings, exporter: InMemorySpanExporter, wrong: str
) -> None:
    headers = {b"traceparent": wrong.encode()}
    serve(settings).client.get("/health/live", headers=headers)
    (request,) = spans(exporter, "get_liveness")

    assert request.parent is None


def test_paths_name_no_span(
    serve: Serve, settings: Settings, exporter: InMemorySpanExporter
) -> None:
    """What is not in the contract shares one name; a wrong request is no error of ours."""
    serve(settings).client.get("/some/page")
    (request,) = spans(exporter, "none")

    assert (request.attributes or {})["http.response.status_code"] == 404
    assert request.status.status_code == StatusCode.UNSET


def test_our_own_failure_is_an_error(
    serve: Serve, settings: Settings, exporter: InMemorySpanExporter
) -> None:
    """Without the exception's text, which may quote anything."""
    live = serve(settings)
    live.state["answers"].start = None  # type: ignore[assignment, method-assign]  # a bug of ours
    live.ask(QUESTION)
    (request,) = spans(exporter, "send_chat")

    assert request.status.status_code == StatusCode.ERROR
    assert (request.status.description, request.events) == (None, ())


@pytest.mark.anyio
async def test_a_response_that_breaks_off_is_an_error(exporter: InMemorySpanExporter) -> None:
    """Its status was sent before anybody knew."""

    async def breaking(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise ValueError("a reader's words")

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    async def send(_message: Message) -> None:
        return

    scope = {"type": "http", "method": "GET", "path": "/", "headers": []}
    with pytest.raises(ValueError, match="words"):
        await Border(breaking, Metrics())(scope, receive, send)
    (request,) = spans(exporter, "none")

    assert (request.attributes or {})["http.response.status_code"] == 200
    assert request.status.status_code == StatusCode.ERROR
    assert (request.status.description, request.events) == (None, ())


def test_traces_hold_nothing_that_a_reader_wrote(
    serve: Serve, with_model: Settings, model: FakeModel, exporter: InMemorySpanExporter
) -> None:
    """Neither question nor query, header or body; nor the answer."""
    secret = uuid4().hex
    model.say(f"{secret} [1].")
    live = serve(with_model)
    headers = {"X-Note": secret, "Cookie": f"note={secret}", "tracestate": f"note={secret}"}
    body = message(f"{QUESTION} {secret}", note=secret)
    live.client.post(f"/api/v1/chat?note={secret}", json=body, headers=headers)
    spans(exporter, "send_chat", *STAGES)
    live.client.get(f"/{secret}")
    told = "".join(span.to_json() for span in exporter.get_finished_spans())

    assert "send_chat" in told
    assert secret not in told
    assert "127.0.0.1" not in told


WITHOUT = """
import sys
sys.modules["opentelemetry"] = None
from pathlib import Path
import httpx2
from settings import Settings
from tests.live import BOOK, BOOK_URL, SECRET, message, running
settings = Settings(
    book=BOOK, book_url=BOOK_URL, home=Path(sys.argv[1]), auth_secret=SECRET,
    database_url="postgresql://nobody@127.0.0.1:1/nothing",
)
with running(settings) as live:
    answer = live.ask("How long is one blast of the fog signal?")
    stream = live.stream("How long is one blast of the fog signal?")
    print(answer.status_code, stream[-1]["status"], live.client.get("/metrics").status_code)
print([name for name in sys.modules if name.startswith("opentelemetry.")])
"""


def test_a_service_without_opentelemetry_answers(home: Path) -> None:
    """It is no requirement of ours."""
    ended = subprocess.run(
        [sys.executable, "-c", WITHOUT, str(home)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert ended.stdout.splitlines() == ["200 success 200", "[]"], ended.stderr


def test_opentelemetry_is_no_requirement() -> None:
    """Who wants traces installs it; nobody else pays for its import."""
    assert "opentelemetry" not in (ROOT / "requirements.txt").read_text()
