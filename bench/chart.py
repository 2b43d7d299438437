"""The chart of growth: for each kind a small plot of cost against size, as one SVG by hand."""

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from bench.samples import SEPARATOR, Samples

WIDTH, HEIGHT, COLUMNS = 300, 190, 3
LEFT, RIGHT, TOP, BOTTOM = 46, 14, 34, 30
STYLE = (
    "text{font:11px system-ui,sans-serif;fill:#555}.title{font-weight:600;fill:#111}"
    "polyline{fill:none;stroke:#2457d6;stroke-width:2}circle{fill:#2457d6}line{stroke:#ccc}"
)
Points = Sequence[tuple[float, float]]


def drawn(figures: Samples) -> str:
    plots = plots_of(figures)
    rows = math.ceil(len(plots) / COLUMNS)
    size = f'viewBox="0 0 {COLUMNS * WIDTH} {rows * HEIGHT}" width="{COLUMNS * WIDTH}"'
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img">']
    parts += ["<title>Cost against size</title>", f"<style>{STYLE}</style>"]
    parts.append('<rect width="100%" height="100%" fill="#fff"/>')
    for number, (title, points) in enumerate(plots.items()):
        x, y = number % COLUMNS * WIDTH, number // COLUMNS * HEIGHT
        parts.append(f'<g transform="translate({x} {y})">')
        parts += [*_plot(title, points), "</g>"]
    return "\n".join([*parts, "</svg>", ""])


def plots_of(figures: Samples) -> Mapping[str, Points]:
    """``growth|streams|1000|µs/token`` is a point of the plot of ``streams: µs/token``."""
    found: defaultdict[str, list[tuple[float, float]]] = defaultdict(list)
    for name, value in figures.items():
        _, kind, size, metric = name.split(SEPARATOR)
        found[f"{kind}: {metric}"].append((float(size), value))
    return {title: sorted(points) for title, points in found.items()}


def _plot(title: str, points: Points) -> Iterator[str]:
    """Sizes on a logarithmic axis, costs from zero."""
    most = max(value for _, value in points) or 1.0
    at = [(_across(size, points), _down(value, most)) for size, value in points]
    yield f'<text class="title" x="{LEFT}" y="20">{title}</text>'
    for value in (0.0, most / 2, most):
        y = _down(value, most)
        yield f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
        yield f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{_short(value)}</text>'
    yield f'<polyline points="{" ".join(f"{x:.1f},{y:.1f}" for x, y in at)}"/>'
    for (x, y), (size, _) in zip(at, points, strict=True):
        yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3"/>'
        yield f'<text x="{x:.1f}" y="{HEIGHT - 10}" text-anchor="middle">{_short(size)}</text>'


def _across(size: float, points: Points) -> float:
    low, high = math.log(points[0][0]), math.log(points[-1][0])
    share = (math.log(size) - low) / (high - low) if high > low else 0.5
    return LEFT + 14 + share * (WIDTH - LEFT - RIGHT - 34)


def _down(value: float, most: float) -> float:
    return HEIGHT - BOTTOM - value / most * (HEIGHT - TOP - BOTTOM)


def _short(value: float) -> str:
    for size, unit in ((1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:.3g}{unit}"
    return f"{value:.3g}"
