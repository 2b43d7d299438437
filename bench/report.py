"""What was measured, kept: every sample as JSON, for programs, and the figures as a page."""

import json
import os
import platform
import subprocess
import sys
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from bench import chart
from bench.page import page
from bench.samples import Rounds
from settings import ROOT

PLACE = Path(__file__).parent
BEFORE = "before"  # the service was made faster
PACKAGES = ("starlette", "uvicorn", "uvloop", "httptools", "asyncpg", "openai", "orjson")


def write(out: str, suite: str, rounds: Rounds) -> None:
    """Put the figures of *suite* into ``bench/<out>.json``, in the place of its last run's."""
    known = read(out)
    known[suite] = {
        "measured": circumstances(),
        "figures": {name: _rounded(value) for name, value in rounds.figures.items()},
        "samples": {name: [_rounded(v) for v in values] for name, values in rounds.all.items()},
    }
    (PLACE / f"{out}.json").write_text(json.dumps(known, indent=1, ensure_ascii=False) + "\n")
    for name, value in rounds.figures.items():
        print(f"{name:70} {value:12.2f}")
    show(out)


def show(out: str) -> None:
    """Write ``bench/<out>.md`` anew from what is kept, and the chart if there is one to draw."""
    known = read(out)
    if "growth" in known:
        (PLACE / "growth.svg").write_text(chart.drawn(known["growth"]["figures"]))
    (PLACE / f"{out}.md").write_text(page(known, read(BEFORE)))


def read(out: str) -> dict[str, Any]:
    file = PLACE / f"{out}.json"
    known: dict[str, Any] = json.loads(file.read_text()) if file.exists() else {}
    return known


def circumstances() -> dict[str, Any]:
    """Where, when and how: a figure without them says nothing."""
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "command": " ".join(["python -m bench", *sys.argv[1:]]),
        "commit": _said("git", "rev-parse", "--short", "HEAD"),
        "machine": f"{os.cpu_count()} cores, {_cpu_model()}, {_memory()} GiB, {platform.system()}",
        "load": round(os.getloadavg()[1], 1),
        "versions": {"python": platform.python_version()} | {p: version(p) for p in PACKAGES},
    }


def _said(*command: str) -> str:
    return subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.strip()


def _cpu_model() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return next((line.partition(": ")[2] for line in lines if line.startswith("model name")), "?")


def _memory() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") >> 30


def _rounded(value: float) -> float:
    return float(f"{value:.5g}")
