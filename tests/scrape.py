"""What a Prometheus would read at /metrics."""

import time

from prometheus_client.parser import text_string_to_metric_families

from tests.live import Live


def samples(text: str) -> dict[str, float]:
    """Each series, ``name{label=value}`` without our prefix, with its value."""
    return {
        _series(sample.name, sample.labels): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def scrape(live: Live, **headers: str) -> dict[str, float]:
    return samples(live.client.get("/metrics", headers=headers).raise_for_status().text)


def scrape_until(live: Live, series: str, value: float) -> dict[str, float]:
    """A scrape in which *series* has *value*: answers are stored behind a reader's back."""
    for _ in range(100):
        found = scrape(live)
        if found.get(series) == value:
            break
        time.sleep(0.02)
    assert found.get(series) == value, found
    return found


def totals(found: dict[str, float], *names: str) -> dict[str, float]:
    """The series of *names*."""
    return {series: value for series, value in found.items() if series.split("{")[0] in names}


def _series(name: str, labels: dict[str, str]) -> str:
    told = ",".join(f"{label}={value}" for label, value in sorted(labels.items()))
    return name.removeprefix("footnote_") + (f"{{{told}}}" if told else "")
