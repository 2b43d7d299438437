"""Traces, where OpenTelemetry is set up: a span a request, and one for each stage of an answer.

Where nobody records nothing happens, and the library is not even loaded. Spans say what was called,
how it ended and how long it took: no question, answer, body, query or address. Knows no exporter:
whoever starts the process with OpenTelemetry chooses one.
"""

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from models import Interaction

if TYPE_CHECKING:
    from opentelemetry.trace import Tracer

End = Callable[[str, int], None]
NOTHING: AbstractContextManager[End] = nullcontext(lambda _operation, _status: None)


def request(
    method: str, headers: Mapping[str, str], request_id: str
) -> AbstractContextManager[End]:
    """The span of a request around the block, which calls the function with operation and status.

    It is a child of the span that a ``traceparent`` of *headers* names.
    https://www.w3.org/TR/trace-context/
    """
    tracer = _tracer()
    return _span(tracer, method, headers, request_id) if tracer else NOTHING


def _tracer() -> "Tracer | None":
    """Of whoever records, and has loaded the library to say so: alone it passes on to nobody."""
    if "opentelemetry.trace" not in sys.modules:
        return None
    from opentelemetry import trace

    is_waiting = isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider)
    return None if is_waiting else trace.get_tracer("footnote")


@contextmanager
def _span(
    tracer: "Tracer", method: str, headers: Mapping[str, str], request_id: str
) -> Iterator[End]:
    from opentelemetry import trace
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    is_whole = False
    with tracer.start_as_current_span(
        "request",
        TraceContextTextMapPropagator().extract(headers),
        kind=trace.SpanKind.SERVER,
        attributes={"http.request.method": method, "footnote.request_id": request_id},
        record_exception=False,  # its text may quote anything
        set_status_on_exception=False,
    ) as span:

        def end(operation: str, status: int) -> None:
            span.update_name(operation)
            span.set_attribute("http.response.status_code", status)
            if not 0 < status < 500:
                span.set_status(trace.StatusCode.ERROR)

        try:
            yield end
            is_whole = True
        finally:
            if not is_whole:
                span.set_status(trace.StatusCode.ERROR)


def answered(interaction: Interaction) -> None:
    """The stages of an answer that has ended, as spans of what is current."""
    if not (tracer := _tracer()):
        return
    stages = {
        "retrieval": interaction.retrieval_ms,
        "first_token": interaction.first_token_ms,
        "generation": interaction.total_ms,
    }
    began = interaction.asked_at
    for name, milliseconds in stages.items():
        if milliseconds is None:
            continue
        ended = interaction.asked_at + timedelta(milliseconds=milliseconds)
        tracer.start_span(name, start_time=_nanoseconds(began)).end(_nanoseconds(ended))
        began = ended


def storing() -> AbstractContextManager[object]:
    """The span of a block that stores an answer."""
    if not (tracer := _tracer()):
        return NOTHING
    return tracer.start_as_current_span(
        "storing", record_exception=False, set_status_on_exception=False
    )


def _nanoseconds(moment: datetime) -> int:
    return round(moment.timestamp() * 1_000_000) * 1000
