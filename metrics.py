"""What the service counts and measures, as Prometheus reads it. The only home of prometheus_client.

Label values come from the contract and from our code, never from a request: neither their number
nor what they say depends on readers. Knows no HTTP, and not where a number comes from.

Numbers wait in plain dictionaries: the library costs 40 ms of import, and only a scraper needs it.
All of it belongs to the event loop's thread.
"""

import asyncio
import time
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from itertools import accumulate
from typing import TYPE_CHECKING

from models import Interaction
from records import frozen

if TYPE_CHECKING:
    from prometheus_client import Metric

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
PREFIX = "footnote"

LIMITS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)  # seconds
BUCKETS = (*map(str, LIMITS), "+Inf")

Labels = tuple[str, ...]


@frozen
class Family:
    """One metric; the *usual* values of its one label begin at zero, so that a first rise shows."""

    meaning: str
    labels: Labels = ()
    usual: tuple[str, ...] = ()


COUNTS: Mapping[str, Family] = {
    "requests_total": Family(
        "Requests by operation and status; 0 is one that got no response.", ("operation", "status")
    ),
    "answers_total": Family(
        "Answers by how they ended.", ("status",), ("success", "refused", "stopped", "failed")
    ),
    "written_answers_total": Family("Whole answers by who wrote them.", ("provider",)),
    "degraded_answers_total": Family(
        "Answers that did without a part that was down or used up.", ("part",)
    ),
    "tokens_total": Family("Tokens as the models count them.", ("kind",), ("prompt", "completion")),
    "cost_dollars_total": Family("US dollars, where MODEL_PRICES knows them.", ("provider",)),
    "stored_total": Family(
        "Interactions by where they are kept.", ("where",), ("database", "spool", "log", "lost")
    ),
}
DURATIONS: Mapping[str, Family] = {
    "request_seconds": Family("Requests, to the last byte of their response.", ("operation",)),
    "answer_stage_seconds": Family(
        "From the question to the passages, the first text and the end; and what storing takes.",
        ("stage",),
        ("retrieval", "first_token", "whole", "storing"),
    ),
}
GAUGES: Mapping[str, Family] = {
    "answers_running": Family("Answers that are being written."),
    "answers_waiting": Family("Questions that wait for their turn."),
    "spool_bytes": Family("Size of what waits to go into the database."),
    "spool_age_seconds": Family("Age of the oldest of what waits to go into the database."),
    "breaker_open": Family(
        "1 while a dependency is left alone or probed, else 0.", ("dependency",)
    ),
    "database_connections": Family("Connections of the pool.", ("state",)),
}


class Durations:
    """How long many cases took."""

    def __init__(self) -> None:
        self.counts = [0] * len(BUCKETS)
        self.seconds = 0.0  # in all

    def add(self, seconds: float) -> None:
        self.counts[bisect_left(LIMITS, seconds)] += 1
        self.seconds += seconds


class Metrics:
    """The numbers of one app; several of them in a process know nothing of each other."""

    def __init__(self) -> None:
        self._counts: dict[str, dict[Labels, float]] = {
            name: {(value,): 0.0 for value in family.usual} for name, family in COUNTS.items()
        }
        self._durations: dict[str, dict[Labels, Durations]] = {
            name: {(value,): Durations() for value in family.usual}
            for name, family in DURATIONS.items()
        }
        self._gauges: dict[str, dict[Labels, Callable[[], float]]] = {}

    def request(self, operation: str, status: int, seconds: float) -> None:
        """A request has ended; *status* is 0 if it got no response."""
        self._count("requests_total", operation, str(status))
        self._measure("request_seconds", operation, seconds)

    def answered(self, interaction: Interaction) -> None:
        """An answer has ended, in whichever way."""
        self._count("answers_total", interaction.status)
        for part in set(interaction.degraded):
            self._count("degraded_answers_total", part)
        self._count("tokens_total", "prompt", amount=interaction.prompt_tokens)
        self._count("tokens_total", "completion", amount=interaction.completion_tokens)
        if provider := interaction.provider:
            self._count("written_answers_total", provider)
            if interaction.cost_usd is not None:
                self._count("cost_dollars_total", provider, amount=interaction.cost_usd)
        for stage, milliseconds in (
            ("retrieval", interaction.retrieval_ms),
            ("first_token", interaction.first_token_ms),
            ("whole", interaction.total_ms),
        ):
            if milliseconds is not None:
                self._measure("answer_stage_seconds", stage, milliseconds / 1000)

    def stored(self, where: str) -> None:
        """An interaction is kept: in the ``database``, the ``spool``, the ``log``; or ``lost``."""
        self._count("stored_total", where)

    @contextmanager
    def storing(self) -> Iterator[None]:
        """The block stores an answer."""
        began = time.perf_counter()
        try:
            yield
        finally:
            self._measure("answer_stage_seconds", "storing", time.perf_counter() - began)

    def watch(self, name: str, value: Callable[[], float], **labels: str) -> None:
        """Ask *value*, which is quick and never raises, at each scrape for a gauge of ``GAUGES``.

        A later call for the same labels replaces an earlier one.
        """
        names = GAUGES[name].labels
        if labels.keys() != set(names):
            raise TypeError(f"{name} has the labels {names}, not {tuple(labels)}")
        self._gauges.setdefault(name, {})[tuple(labels[label] for label in names)] = value

    async def text(self) -> bytes:
        """Everything in the text format of Prometheus."""
        await asyncio.to_thread(import_module, "prometheus_client")
        from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest

        registry = CollectorRegistry()
        registry.register(self)
        ProcessCollector(PREFIX, registry=registry)
        return generate_latest(registry)

    def collect(self) -> "Iterator[Metric]":
        """What a registry of prometheus_client asks of a collector."""
        yield from (self._counter(name, family) for name, family in COUNTS.items())
        yield from (self._histogram(name, family) for name, family in DURATIONS.items())
        yield from (self._gauge(name, GAUGES[name]) for name in self._gauges)

    def _count(self, name: str, *labels: str, amount: float = 1.0) -> None:
        sums = self._counts[name]
        sums[labels] = sums.get(labels, 0.0) + amount

    def _measure(self, name: str, label: str, seconds: float) -> None:
        self._durations[name].setdefault((label,), Durations()).add(seconds)

    def _counter(self, name: str, family: Family) -> "Metric":
        from prometheus_client.core import CounterMetricFamily

        counter = CounterMetricFamily(f"{PREFIX}_{name}", family.meaning, labels=family.labels)
        for labels, amount in self._counts[name].items():
            counter.add_metric(labels, amount)
        return counter

    def _histogram(self, name: str, family: Family) -> "Metric":
        from prometheus_client.core import HistogramMetricFamily

        histogram = HistogramMetricFamily(f"{PREFIX}_{name}", family.meaning, labels=family.labels)
        for labels, durations in self._durations[name].items():
            buckets = list(zip(BUCKETS, accumulate(durations.counts), strict=True))
            histogram.add_metric(labels, buckets, durations.seconds)
        return histogram

    def _gauge(self, name: str, family: Family) -> "Metric":
        from prometheus_client.core import GaugeMetricFamily

        gauge = GaugeMetricFamily(f"{PREFIX}_{name}", family.meaning, labels=family.labels)
        for labels, value in self._gauges[name].items():
            gauge.add_metric(labels, value())
        return gauge
