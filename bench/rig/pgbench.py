"""Our own statements under pgbench: what Postgres does without a service in front of it."""

import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from bench.rig.tools import Missing
from database.statements import TOKEN, read_statements
from settings import ROOT

FILES = ROOT / "queries"
DRAWN = r"""
\set reader random(1, {readers})
\set id random(1, 9000000000000000000)
"""
READER = "('00000000-0000-4000-8000-' || lpad(:reader::text, 12, '0'))::uuid"
NEW_ID = "lpad(to_hex(:id::bigint), 32, '0')::uuid"
SAVED: Mapping[str, str] = {
    "user_id": READER,
    "conversation_id": NEW_ID,
    "exchange_id": NEW_ID,
    "is_new": "true",
    "title": "'How do I keep conversations?'",
    "asked_at": "now()",
    "query": "'How do I keep conversations?'",
    "selected_text": "null::text",
    "response": "repeat('In a table of its own. ', 65)",
    "status": "'success'",
    "citations": "'[]'",
    "model": "null::text",
    "question_id": "null::uuid",
    "replaces": "null::uuid",
    "exchanges": "200",
    "conversations": "50",
}


def save(readers: int) -> str:
    """What ``History.keep`` sends: one statement."""
    return DRAWN.format(readers=readers) + literal("exchanges", "keep", SAVED)


def literal(file: str, name: str, values: Mapping[str, str]) -> str:
    """A statement of ours with expressions for its parameters; a missing one is a ``KeyError``."""
    sql = read_statements(FILES / f"{file}.sql")[name]

    def replace(token: re.Match[str]) -> str:
        if token[0].startswith("--"):
            return ""
        return values[token[2]] if token[2] else token[0]

    return TOKEN.sub(replace, sql)


def rate(dsn: str, script: str, place: Path, *, clients: int = 8, seconds: int = 4) -> float:
    """Transactions a second. Raises ``Missing``."""
    program = shutil.which("pgbench") or next(_of_debian(), None)
    if program is None:
        raise Missing("The bench compares saving with pgbench: apt-get install postgresql-contrib.")
    file = place / "save.pgbench"
    file.write_text(script)
    parts = urlsplit(dsn)
    command = [program, "-n", "-M", "prepared", "-c", str(clients), "-j", "2", "-T", str(seconds)]
    command += ["-f", str(file), "-h", parse_qs(parts.query)["host"][0], "-p", "5432"]
    command += ["-U", parts.username or "", parts.path[1:]]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    found = re.search(r"tps = ([\d.]+)", done.stdout)
    if done.returncode or not found:
        raise RuntimeError(f"pgbench: {done.stderr[-1000:]}")
    return float(found[1])


def _of_debian() -> Iterator[str]:
    yield from map(str, sorted(Path("/usr/lib/postgresql").glob("*/bin/pgbench"), reverse=True))
