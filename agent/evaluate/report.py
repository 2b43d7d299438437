"""Measures as a table beside a baseline, as a chart, and as a verdict. Pure.

A report is set → mode → measure → value.
"""

from collections.abc import Iterator, Mapping
from html import escape

from agent.evaluate.measure import QUESTIONS, Measures
from records import frozen

Report = Mapping[str, Mapping[str, Measures]]

TOLERANCE = 0.005  # of a share; of a small set, one question
# What is reported and not judged: fewer or more of them are neither better nor worse.
UNJUDGED = ("adversarial refused", QUESTIONS, "quotes (number)", "words (number)")


@frozen(kw_only=True)
class Line:
    """One measure of one set."""

    set: str
    mode: str
    measure: str
    value: float
    before: float | None
    questions: float | None = None  # that it rests on, if that is known

    @property
    def is_share(self) -> bool:
        return not self.measure.endswith("(number)")

    @property
    def change(self) -> str:
        """``worse`` or ``better``, by more than one question; empty where neither can be said."""
        if self.before is None or self.measure in UNJUDGED:
            return ""
        allowed = max(TOLERANCE, 1.01 / self.questions if self.questions else 0.0)
        if self.value < self.before - allowed:
            return "worse"
        return "better" if self.value > self.before + allowed else ""


def lines(report: Report, baseline: Report) -> Iterator[Line]:
    for name, modes in report.items():
        for mode, values in modes.items():
            known = baseline.get(name, {}).get(mode, {})
            for measure, value in values.items():
                yield Line(
                    set=name,
                    mode=mode,
                    measure=measure,
                    value=value,
                    before=known.get(measure),
                    questions=values.get(QUESTIONS),
                )


def regressions(report: Report, baseline: Report) -> list[Line]:
    """The measures that are worse than the baseline, by more than one question."""
    return [line for line in lines(report, baseline) if line.change == "worse"]


def table(report: Report, baseline: Report) -> str:
    """For a terminal; a dash where the baseline has nothing."""
    rows = [("set", "mode", "measure", "baseline", "now", "")]
    for line in lines(report, baseline):
        before = "–" if line.before is None else _number(line, line.before)
        rows.append(
            (line.set, line.mode, line.measure, before, _number(line, line.value), line.change)
        )
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )


def chart(report: Report, baseline: Report) -> str:
    """One HTML page that loads nothing: a bar a share, with a mark where the baseline is."""
    body = "\n".join(
        f"<h2>{escape(name)}</h2>\n{_bars([ln for ln in drawn if ln.set == name])}"
        for drawn in [[line for line in lines(report, baseline) if line.is_share]]
        for name in report
    )
    return (
        '<!doctype html>\n<html lang="en"><meta charset="utf-8"><title>Evaluation</title>\n'
        "<style>body{font:15px system-ui;max-width:48rem;margin:2rem auto;padding:0 1rem}"
        "svg{width:100%;height:auto}text{font-size:13px}</style>\n"
        "<h1>Evaluation</h1>\n<p>Bars: now. Marks: the baseline.</p>\n"
        f"{body}\n</html>\n"
    )


def _bars(drawn: list[Line]) -> str:
    rows = []
    for at, line in enumerate(drawn):
        y, width = at * 24, round(400 * line.value)
        rows.append(f'<text x="0" y="{y + 16}">{escape(f"{line.mode}: {line.measure}")}</text>')
        rows.append(f'<rect x="230" y="{y + 4}" width="{width}" height="14" fill="#4667a9"/>')
        rows.append(f'<text x="640" y="{y + 16}">{_number(line, line.value)}</text>')
        if line.before is not None:
            mark = 230 + round(400 * line.before)
            rows.append(f'<rect x="{mark}" y="{y + 1}" width="2" height="20" fill="#c2410c"/>')
    return f'<svg viewBox="0 0 700 {24 * len(drawn)}" role="img">{"".join(rows)}</svg>'


def _number(line: Line, value: float) -> str:
    return f"{100 * value:.1f} %" if line.is_share else f"{value:.1f}"
