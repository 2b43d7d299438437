"""Traces, where OpenTelemetry is set up: a span a request, and one for each stage of an answer.

Without the library nothing happens. Spans say what was called, how it ended and how long it took:
no question, answer, body, query or address. Knows no exporter: whoever starts the process with
OpenTelemetry chooses one.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import datetime, timedelta

from models import Interaction

try:
    from opentelemetry import trace
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
except ImportError:
    IS_INSTALLED = False
else:
    IS_INSTALLED = True
    TRACER = trace.get_tracer("footnote")  # which finds out later who records
    CALLERS = TraceContextTextMapPropagator()

End = Callable[[str, int], None]
NOTHING: AbstractContextManager[End] = nullcontext(lambda _operation, _status: None)


def request(
    method: str, headers: Mapping[str, str], request_id: str
) -> AbstractContextManager[End]:
    """The span of a request around the block, which calls the function with operation and status.

    It is a child of the span that a ``traceparent`` of *headers* names.
    https://www.w3.org/TR/trace-context/
    """
    return _span(method, headers, request_id) if _is_set_up() else NOTHING


def _is_set_up() -> bool:
    """Whether somebody records: the library alone only passes spans on to nobody."""
    if not IS_INSTALLED:
        return False
    waits = isinstance(TRACER, trace.ProxyTracer)  # for a provider of the process
    return not (waits and isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider))


@contextmanager
def _span(method: str, headers: Mapping[str, str], request_id: str) -> Iterator[End]:
    is_whole = False
    with TRACER.start_as_current_span(
        "request",
        CALLERS.extract(headers),
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
    if not _is_set_up():
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
        TRACER.start_span(name, start_time=_nanoseconds(began)).end(_nanoseconds(ended))
        began = ended


def storing() -> AbstractContextManager[object]:
    """The span of a block that stores an answer."""
    if not _is_set_up():
        return NOTHING
    return TRACER.start_as_current_span(
        "storing", record_exception=False, set_status_on_exception=False
    )


def _nanoseconds(moment: datetime) -> int:
    return round(moment.timestamp() * 1_000_000) * 1000
