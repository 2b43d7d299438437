"""Figures by name, and what many rounds of them come to."""

import statistics
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping

Samples = dict[str, float]

SEPARATOR = "|"  # suite|…|what is measured


def named(*parts: str | int, samples: Mapping[str, float]) -> Samples:
    """*samples*, each below the names of what it is about."""
    prefix = SEPARATOR.join(map(str, parts))
    return {f"{prefix}{SEPARATOR}{name}": float(value) for name, value in samples.items()}


def progress(what: str) -> None:
    print(f"… {what}", file=sys.stderr, flush=True)


class Rounds:
    """Every sample of every round; the median of each is its figure."""

    def __init__(self) -> None:
        self.all: defaultdict[str, list[float]] = defaultdict(list)

    def add(self, samples: Mapping[str, float]) -> None:
        for name, value in samples.items():
            self.all[name].append(value)

    def extend(self, many: Iterable[Mapping[str, float]]) -> None:
        for samples in many:
            self.add(samples)

    @property
    def figures(self) -> Samples:
        return {name: statistics.median(values) for name, values in self.all.items()}
