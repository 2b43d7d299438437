"""What readers see when the language model misbehaves, as a table in Markdown.

    python -m bench.chaos

Starts the real service, with a private Postgres, on a book with injected instructions, and a model
that fails in each way of ``tests/model_chaos.py``; one question a row, on loopback, about a minute.
"""

import argparse
import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import asyncpg
from attrs import evolve, frozen

import migrate
from postmaster import Postmaster
from settings import ROOT, Settings
from tests.fake_model import FakeModel
from tests.live import SECRET, Live, message, running
from tests.model_chaos import QUESTION, ROWS, Row, poisoned

HEADER = (
    "the model …",
    "the reader sees",
    "last frame",
    "first words",
    "end",
    "the log",
)
COUNTED = ("weak_sentences", "uncited_sentences")
KEY = "sk-test"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--timeout", type=float, default=30.0, help="AGENT_TIMEOUT (default: 30)")
    options = parser.parse_args()
    with TemporaryDirectory() as place, Postmaster.start(Path(place) / "postgres") as server:
        asyncio.run(migrate.apply(server.dsn))
        settings = Settings(
            book=poisoned(Path(place) / "book"),
            home=Path(place),
            database_url=server.dsn,
            auth_secret=SECRET,
            rate_limits=False,
            agent_timeout=options.timeout,
            log_level="ERROR",
        )
        command = [sys.executable, "-m", "agent.ingest", str(settings.book), "--home", place]
        subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
        for line in table([asked(row, settings) for row in ROWS]):
            print(line)


@frozen
class Seen:
    """One answer as its reader and the log have it; times in seconds."""

    row: Row
    text: str
    final: dict[str, object]
    first: float
    end: float
    logged: asyncpg.Record


def asked(row: Row, settings: Settings) -> Seen:
    with FakeModel(key=KEY) as model:
        row.script(model)
        with running(evolve(settings, openai_api_key=KEY, openai_base_url=model.url)) as live:
            return read_along(row, live)


def read_along(row: Row, live: Live) -> Seen:
    text, first = "", 0.0
    final: dict[str, object] = {}
    before = len(live.sql("select from interaction_logs"))
    started = time.perf_counter()
    with live.client.stream("POST", "/api/v1/chat/stream", json=message(QUESTION)) as response:
        for line in response.iter_lines():
            if line.startswith("data: "):
                final = json.loads(line.removeprefix("data: "))
                piece = str(final["content"]) if final["status"] == "partial" else ""
                text += piece
                first = first or (time.perf_counter() - started if piece else 0.0)
    end = time.perf_counter() - started
    return Seen(row, text, final, first, end, live.logged(before + 1)[-1])


def table(seen: Sequence[Seen]) -> Iterator[str]:
    yield f"| {' | '.join(HEADER)} |"
    yield f"|{'---|' * len(HEADER)}"
    for one in seen:
        shown = " ".join(one.text.split())
        cells = (
            one.row.name,
            shown if len(shown) < 90 else f"{shown[:80]} …",
            _ending(one.final),
            f"{one.first:.2f} s",
            f"{one.end:.2f} s",
            _logged(one.logged),
        )
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _ending(final: dict[str, object]) -> str:
    if final["status"] == "error":
        return f"error `{final['error']}`: {final['content']}"
    return "success" + (", degraded: model" if final["degraded"] else "")


def _logged(row: asyncpg.Record) -> str:
    tokens = f"{row['prompt_tokens']}+{row['completion_tokens']} tokens"
    found = [row["status"], row["provider"] or "–", tokens]
    found += [f"{row[name]} {name.split('_')[0]}" for name in COUNTED if row[name]]
    return ", ".join(found)


if __name__ == "__main__":
    main()
