"""What the bench needs beside Python: its two C programs, compiled here, and nginx."""

import shutil
import subprocess
from pathlib import Path

from settings import ROOT

SOURCES = Path(__file__).parent
BUILT = ROOT / "build" / "bench"
COMPILER = ("gcc", "-O2", "-Wall", "-Wextra", "-Werror")


class Missing(Exception):
    """The machine lacks a tool; the message is a sentence that says which, and for what."""


def built(name: str) -> Path:
    """The program that ``name.c`` makes, newer than its source. Raises ``Missing``."""
    source, program = SOURCES / f"{name}.c", BUILT / name
    if not program.exists() or program.stat().st_mtime < source.stat().st_mtime:
        if shutil.which(COMPILER[0]) is None:
            raise Missing("The bench's model and readers are C programs: install gcc.")
        BUILT.mkdir(parents=True, exist_ok=True)
        subprocess.run([*COMPILER, "-o", str(program), str(source)], check=True)
    return program


def nginx() -> str:
    """The path of nginx. Raises ``Missing``."""
    found = shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/usr/local/bin:/usr/bin")
    if found is None:
        raise Missing("The bench compares with nginx: apt-get install nginx-light.")
    return found
