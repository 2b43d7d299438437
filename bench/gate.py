"""``make bench-gate``: has the service become dearer? Ratios of CPU time only, in under a minute.

Each ratio is of medians measured in turn in this very run, and may exceed by a quarter what the
service has reached on quiet and on busy machines: so neither of them fails it, and what makes a
token half as dear again does. What we want is in ``targets.py``, and not all of it is met.
"""

import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from attrs import frozen

from bench import cold, reader, stream
from bench.rig import rivals, service
from bench.rig.tools import BUILT, Missing, built, nginx
from bench.rig.upstream import upstream
from bench.samples import Rounds, Samples, named, progress

SLACK = 1.25
ROUNDS = 3
PACE = stream.Pace(*("50 × 50/s", 50, 130, 20_000), ramp_ms=300, ends=False, window_seconds=1.5)
OURS = "Footnote"


@frozen
class Ratio:
    """One figure over another, and at most so much."""

    name: str
    over: str
    under: str
    at_most: float

    def of(self, figures: Samples) -> float | None:
        """``None`` if one of the two was not measured."""
        if self.over not in figures or self.under not in figures:
            return None
        return figures[self.over] / max(figures[self.under], 1e-9)

    def holds(self, figures: Samples) -> bool:
        ratio = self.of(figures)
        return ratio is None or ratio <= SLACK * self.at_most


def relay(gateway: str) -> str:
    return f"stream|{PACE.name}|{gateway}|relay µs/token"


RATIOS = (
    Ratio("a relayed token, to nginx", relay(OURS), relay("nginx"), 4.6),
    Ratio("a relayed token, to raw ASGI", relay(OURS), relay("raw ASGI"), 2.4),
    Ratio("a relayed token, to FastAPI", relay(OURS), relay("FastAPI"), 0.3),
    Ratio("a cold start, to FastAPI", "cold|serverless|CPU ms", "cold|FastAPI|CPU ms", 0.18),
    Ratio("a cold start, to python", "cold|serverless|CPU ms", "cold|python|CPU ms", 32.0),
)
GONE_MS = 100.0


def main() -> int:
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # no server outlives the gate
    try:
        built("stub"), built("load"), nginx()
    except Missing as missing:
        print(f"Skipped: {missing}")
        return 0
    with TemporaryDirectory(prefix="footnote-bench-") as scratch:
        figures = measured(Path(scratch)).figures
    broken = list(verdicts(figures))
    return 1 if broken else 0


def measured(scratch: Path) -> Rounds:
    found = Rounds()
    with (
        service.site(scratch, BUILT / "home-words", embedding="none") as site,
        upstream(scratch) as model,
        rivals.gateways(site, model, scratch, {"EMBEDDING_MODEL": "none"}) as all_gateways,
    ):
        gateways = [gateway for gateway in all_gateways if gateway.name != "direct"]
        stream.warm(gateways, model)
        for number in range(1, ROUNDS + 1):
            progress(f"gate, round {number} of {ROUNDS}")
            found.extend(stream.measure(gateways, model, (PACE,)))
            found.add(named("cold", "python", samples={"CPU ms": cold.interpreter()}))
            found.extend(cold.started(kind, 0.0) for kind in cold.extremes(site, model, scratch))
        found.add(reader.gone(gateways[-1:], model))
    return found


def verdicts(figures: Samples) -> Iterator[str]:
    """Print a line for each ratio; yields the names of those that do not hold."""
    for ratio in RATIOS:
        value = ratio.of(figures)
        if value is None:
            print(f"      {ratio.name}: not measured")
            continue
        mark = "ok  " if ratio.holds(figures) else "FAIL"
        print(f"{mark}  {ratio.name}: {value:.2f} (at most {ratio.at_most:.2f}, and a quarter)")
        if not ratio.holds(figures):
            yield ratio.name
    gone = figures[f"reader|{OURS}|gone p50 ms"]
    is_prompt = gone <= SLACK * GONE_MS
    print(f"{'ok  ' if is_prompt else 'FAIL'}  the model is left {gone:.0f} ms after its reader is")
    if not is_prompt:
        yield "left"


if __name__ == "__main__":
    sys.exit(main())
