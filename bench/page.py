"""``bench/results.md``: the targets, then a table for each bench, made of the figures alone."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from bench.samples import SEPARATOR, Samples
from bench.targets import TARGETS

OTHERS = {"direct", "nginx", "raw ASGI", "FastAPI", "pgbench", "python"}  # no news of these
ABOUT: Mapping[str, str] = {
    "stream": "Streams of tokens; CPU is the whole process tree's. *relay* is what one more token "
    "costs while all streams are open; *whole* holds the beginning and the end of answers, too. "
    "*first token* counts from the question, with finding passages; its *way* from when the model "
    "wrote it. `direct` is the stub model with nothing between: its CPU is the stub's own.",
    "reader": "One reader, one question after another, the whole pipeline with a stub model.",
    "crowd": "Open streams of one process. Idle ones wait for their turn; relaying ones have the "
    "model's stream open and a token every two seconds.",
    "chat": "`POST /chat`, 32 at a time. The peer's embeddings and passages are a stub's answers; "
    "ours embeds with the bundled model, with the same stub's endpoint, or goes by words alone, "
    "and searches its own index.",
    "rest": "Conversations; commits do not wait for the disk.",
    "retrieval": "Answers without a model from a book of 1,000 passages, bundled embeddings.",
    "cold": "From exec to the first 200 of `/health/live`; memory four seconds later (PSS).",
    "growth": "Cost against size; the chart has sizes on logarithmic axes.",
}


def page(known: Mapping[str, Any], before: Mapping[str, Any]) -> str:
    """Markdown of what is *known*; figures in brackets are from *before*."""
    figures, earlier = _all_figures(known), _all_figures(before)
    lines = ["# What Footnote costs", "", *_introduction(), *_targets(figures, earlier)]
    for suite, measured in known.items():
        lines += ["", f"## {suite}", "", ABOUT.get(suite, ""), ""]
        lines += _circumstances(measured["measured"])
        if suite == "growth":
            lines += ["", "![Cost against size](growth.svg)"]
        lines += _tables(measured["figures"], before.get(suite, {}).get("figures", {}))
    return "\n".join([*lines, ""])


def _introduction() -> Iterator[str]:
    yield "Written by `make bench` (see [README.md](README.md)); every sample is in `results.json`."
    yield "Medians of alternated rounds. Figures in brackets are those of `before.json`, measured"
    yield "before the service was made faster. Times in milliseconds hold for the load named with"
    yield "each table: compare ratios of CPU time first, and times only from a quiet machine."


def _all_figures(known: Mapping[str, Any]) -> Samples:
    return {name: value for suite in known.values() for name, value in suite["figures"].items()}


def _targets(figures: Samples, earlier: Samples) -> Iterator[str]:
    yield from ("", "## Targets", "", "| | target | now | before | |", "|---|---|---|---|---|")
    for target in TARGETS:
        now, then = target.value(figures), target.value(earlier)
        mark = "" if now is None else "met" if target.is_met(now) else "**missed**"
        yield f"| {target.name} | {target.limit} | {_cell(now)} | {_cell(then)} | {mark} |"


def _circumstances(measured: Mapping[str, Any]) -> Iterator[str]:
    versions = ", ".join(f"{name} {version}" for name, version in measured["versions"].items())
    yield f"`{measured['command']}` at {measured['commit']}, {measured['date']}, on"
    yield f"{measured['machine']}; load {measured['load']}; {versions}."


def _tables(figures: Samples, earlier: Samples) -> Iterator[str]:
    """A table for each group of rows that are measured alike, in the order of measuring."""
    groups: defaultdict[str, dict[str, dict[str, str]]] = defaultdict(dict)
    for name, value in figures.items():
        _, *place, metric = name.split(SEPARATOR)
        row, group = place[-1], SEPARATOR.join(place[:-1])
        then = None if row in OTHERS else earlier.get(name)
        groups[group].setdefault(row, {})[metric] = _with(value, then)
    for group, rows in groups.items():
        metrics = list(dict.fromkeys(metric for row in rows.values() for metric in row))
        yield from ("", f"### {group}", "") if group else ("",)
        yield _row(["", *metrics])
        yield "|---" * (len(metrics) + 1) + "|"
        yield from (_row([name, *(row.get(m, "") for m in metrics)]) for name, row in rows.items())


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _with(value: float, then: float | None) -> str:
    return _cell(value) + ("" if then is None else f" ({_cell(then)})")


def _cell(value: float | None) -> str:
    if value is None:
        return "–"
    if value == int(value):
        return f"{int(value):,}"
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"
